//! What follows when a firewall is not in force: a letter, a place on the call list, the walled garden.

use std::sync::Arc;
use std::time::Duration;

use case::CaseId;
use firewall::{Dialect, Record, State, Step};
use jiff::SignedDuration;
use lettre::Address;
use store::FirewallRow;

use super::Firewalls;
use super::lines::link;
use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::night::{chain, from_template};
use crate::notify::{Letter, Mailer, Sent, posting};
use crate::wording;

/// How often it is looked what is due, and how lines stand today.
const LOOK: Duration = Duration::from_secs(60);
/// How many lines out of force are looked at in one round, those longest so first.
const AT_ONCE: u32 = 10_000;
/// A day.
const DAY: i64 = 86_400;

impl Desk {
    /// Looks every minute what is due on lines whose firewall is not in force.
    pub(crate) async fn insist_on_firewalls(self, mailer: Option<Arc<Mailer>>) {
        loop {
            if let Some(firewalls) = self.firewalls().filter(|firewalls| firewalls.settings.insist)
                && let Err(error) = self.take_due_steps(firewalls, mailer.as_deref()).await
            {
                tracing::error!(error = %chain(&error), "firewalls could not be insisted on; it is tried again");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn take_due_steps(&self, firewalls: &Firewalls, mailer: Option<&Mailer>) -> Result<(), DeskError> {
        let rows = self.store().firewall_lines(Some(State::NotInForce.name()), AT_ONCE).await;
        for row in rows.doing("list firewalls")? {
            self.take_due_step(firewalls, &row, mailer).await?;
        }
        let states = self.store().firewall_states().await.doing("count firewalls")?;
        let day = self.now().as_second().div_euclid(DAY);
        self.store().put_firewall_day(day, &states).await.doing("count firewalls")
    }

    async fn take_due_step(
        &self,
        firewalls: &Firewalls,
        known: &FirewallRow,
        mailer: Option<&Mailer>,
    ) -> Result<(), DeskError> {
        let _writing = firewalls.write().await;
        let row = self.known_firewall(firewalls, &known.subscriber).await?;
        let mut record: Record = serde_json::from_str(&row.record).unwrap_or_default();
        let (profile, now) = (firewalls.profile(&row.profile), self.now());
        let Some(step) = record.due(profile, &firewalls.settings.insistence, now) else {
            // What was seen long ago says nothing of today: the row follows.
            let state = record.judge(profile, now).state;
            return if state.name() == row.state {
                Ok(())
            } else {
                self.put_record(firewalls, row, &record).await
            };
        };
        if step == Step::Reminder && !self.remind(firewalls, &row, &record, mailer).await? {
            return Ok(());
        }
        record.took(step, now);
        self.put_record(firewalls, row, &record).await
    }

    /// Writes the letter. `false`: it could not go out now. Where there is nobody to write to, the step is taken all the
    /// same: the next is a call.
    async fn remind(
        &self,
        firewalls: &Firewalls,
        row: &FirewallRow,
        record: &Record,
        mailer: Option<&Mailer>,
    ) -> Result<bool, DeskError> {
        let subscriber = &row.subscriber;
        let known = self.store().contact(subscriber).await.doing("look up a subscriber's mail address")?;
        let template = self.settings().subscriber_mail.as_deref();
        let contact = known.or_else(|| template.and_then(|template| from_template(template, subscriber)));
        let to = contact.as_deref().and_then(|text| text.parse::<Address>().ok());
        let (Some(to), Some(mailer)) = (to, mailer) else {
            tracing::warn!(%subscriber, "nobody could be reminded of the firewall: no mail address, or no relay");
            return Ok(true);
        };
        let verdict = record.judge(firewalls.profile(&row.profile), self.now());
        let since = verdict.since.unwrap_or(row.updated);
        let link = firewalls.settings.link.as_ref().map(|_| link(firewalls, row, Dialect::Openwrt));
        let words = wording::firewall_reminder(&verdict, link.as_deref());
        let key = format!("firewall/{subscriber}/{}", since.as_second());
        let letter = Letter::new(to, key, words);
        let posting = store::Posting {
            purpose: "firewall".to_owned(),
            ..posting(CaseId::NONE, &letter, mailer, self.now())
        };
        if let Some(why) = self.post(&posting, &[]).await? {
            tracing::info!(%subscriber, why, "the reminder of the firewall");
        }
        Ok(match mailer.send(&letter).await {
            Sent::To(_) => true,
            Sent::Not { why, .. } => {
                tracing::warn!(%subscriber, why, "the reminder of the firewall was not taken; the next step is a call");
                true
            }
            Sent::Later { why, .. } => {
                tracing::warn!(%subscriber, why, "the reminder of the firewall waits");
                false
            }
        })
    }
}

/// How many days of the trend are shown.
pub(super) const TREND: SignedDuration = SignedDuration::from_hours(60 * 24);
