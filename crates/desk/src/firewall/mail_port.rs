//! Who may send mail directly: asked by customers, decided by people, with an end.

use std::net::IpAddr;

use case::SubscriberId;
use firewall::{Exemption, ExemptionState, MailPort, mail_port_rules};
use jiff::{SignedDuration, Timestamp};
use store::ExemptionRow;

use super::FirewallError;
use super::view::{MailPortView, MailWish};
use crate::desk::Desk;
use crate::error::{DeskError, Doing};

/// How much of a customer's words is kept.
const WORDS: usize = 1000;
/// How many wishes are looked through.
const LISTED: u32 = 10_000;

impl Desk {
    /// A customer asks to send mail directly. Asking again while it is granted changes nothing.
    ///
    /// # Errors
    /// [`FirewallError`]: no words, or the store failed.
    pub async fn ask_for_mail(&self, subscriber: &SubscriberId, reason: &str) -> Result<(), FirewallError> {
        let plain = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
        let reason: String = reason.trim().chars().map(plain).take(WORDS).collect();
        if reason.is_empty() {
            return Err(FirewallError::NoReason);
        }
        let known = self.exemption(subscriber).await?;
        let stands = known.is_some_and(|one| {
            one.state == ExemptionState::Granted && one.until.is_some_and(|until| until > self.now())
        });
        if stands {
            return Ok(());
        }
        let row = ExemptionRow {
            subscriber: subscriber.clone(),
            asked: self.now(),
            reason,
            state: name(ExemptionState::Asked).to_owned(),
            decided_by: None,
            until: None,
        };
        Ok(self.store().put_mail_exemption(&row).await.doing("record a wish to send mail")?)
    }

    /// Grants it for so long, or refuses it (`None`). Nobody need have asked for it to be granted.
    ///
    /// # Errors
    /// [`FirewallError`]: nobody asked, or the store failed.
    pub async fn decide_mail(
        &self,
        subscriber: &SubscriberId,
        granted_for: Option<SignedDuration>,
        by: &str,
    ) -> Result<(), FirewallError> {
        let known = self.store().mail_exemption(subscriber).await.doing("read a wish to send mail")?;
        let now = self.now();
        let unasked = || ExemptionRow {
            subscriber: subscriber.clone(),
            asked: now,
            reason: "given unasked".to_owned(),
            state: String::new(),
            decided_by: None,
            until: None,
        };
        let known = match (known, granted_for) {
            (Some(known), _) => known,
            (None, Some(_)) => unasked(),
            (None, None) => return Err(FirewallError::NotAsked(subscriber.clone())),
        };
        let state = if granted_for.is_some() { ExemptionState::Granted } else { ExemptionState::Refused };
        let row = ExemptionRow {
            state: name(state).to_owned(),
            decided_by: Some(by.to_owned()),
            until: granted_for.map(|long| now.saturating_add(long).unwrap_or(now)),
            ..known
        };
        Ok(self.store().put_mail_exemption(&row).await.doing("record who may send mail")?)
    }

    /// How tcp/25 out stands, and who asked.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn mail_port(&self) -> Result<MailPortView, DeskError> {
        let settings = &self.provided().settings;
        let rows = self.store().mail_exemptions(LISTED).await.doing("list who asked to send mail")?;
        let wishes = rows.into_iter().map(|row| self.wish(row)).collect();
        Ok(MailPortView { dynamic: settings.dynamic.clone(), relays: settings.relays.clone(), wishes })
    }

    /// The rule for the edge, for `nft -f`, with the addresses that exempt lines hold at this moment.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn mail_port_rules(&self) -> Result<String, DeskError> {
        let settings = &self.provided().settings;
        let mut exempt: Vec<IpAddr> = Vec::new();
        for wish in self.mail_port().await?.wishes.into_iter().filter(|wish| wish.is_open) {
            let held = self.store().held_now(&wish.subscriber, self.now()).await;
            let whole = held.doing("find where a subscriber is now")?.into_iter();
            exempt.extend(
                whole
                    .filter(|lease| {
                        lease.ports.is_none() && lease.net.prefix_len() == lease.net.max_prefix_len()
                    })
                    .map(|lease| lease.net.addr()),
            );
        }
        Ok(mail_port_rules(&settings.dynamic, &settings.relays, &exempt))
    }

    /// How tcp/25 out stands on one line.
    pub(crate) async fn mail_port_of(&self, subscriber: &SubscriberId) -> Result<MailPort, DeskError> {
        let row = self.store().firewall_line(subscriber).await.doing("read a line's firewall")?;
        let firewalls = self.provided();
        let profile = row.map_or(&firewalls.settings.usual, |row| firewalls.profile(&row.profile));
        Ok(MailPort::of(profile, self.exemption(subscriber).await?.as_ref(), self.now()))
    }

    pub(super) async fn exemption(&self, subscriber: &SubscriberId) -> Result<Option<Exemption>, DeskError> {
        let row = self.store().mail_exemption(subscriber).await.doing("read a wish to send mail")?;
        Ok(row.map(|row| exemption(&row)))
    }

    fn wish(&self, row: ExemptionRow) -> MailWish {
        let known = exemption(&row);
        let is_open =
            known.state == ExemptionState::Granted && known.until.is_some_and(|until| until > self.now());
        MailWish {
            subscriber: row.subscriber,
            asked: row.asked,
            reason: row.reason,
            state: known.state,
            is_open,
            decided_by: row.decided_by,
            until: row.until,
        }
    }
}

fn exemption(row: &ExemptionRow) -> Exemption {
    let all = [ExemptionState::Granted, ExemptionState::Refused];
    let state = all.into_iter().find(|state| name(*state) == row.state).unwrap_or(ExemptionState::Asked);
    let until: Option<Timestamp> = row.until;
    Exemption { asked: row.asked, reason: row.reason.clone(), state, by: row.decided_by.clone(), until }
}

fn name(state: ExemptionState) -> &'static str {
    match state {
        ExemptionState::Asked => "asked",
        ExemptionState::Granted => "granted",
        ExemptionState::Refused => "refused",
    }
}
