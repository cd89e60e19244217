//! What the world is told of us: the mail exchangers of our domains in DNS, and our abuse contact at the registry.
//!
//! Looked at once a day. A first failure is looked at again before anybody hears of it: a name server or a mail server
//! may just be restarting.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use lookup::RdapError;
use store::Standing;

use super::SelfCheck;
use super::checked::Checked;
use super::standing::{Seen, next};
use crate::desk::Desk;
use crate::error::{DeskError, Doing};

/// How often what works is looked at.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// How often what does not, so that its end is noticed.
const DURING: SignedDuration = SignedDuration::from_hours(1);
/// How long after a first failure, or a question without an answer, it is looked at again.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// What one look showed, in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Works(String),
    Fails(String),
    /// Nothing: the one who was asked is not us.
    Unasked(String),
}

/// The last looks of this life; what they led to are rows.
#[derive(Debug, Default)]
pub(super) struct Looks(HashMap<String, Look>);

#[derive(Debug, Clone, Copy)]
struct Look {
    at: Timestamp,
    /// Whether it failed.
    failed: bool,
    /// Whether it is to be made again soon.
    again: bool,
}

impl Looks {
    /// Whether it is time to look at what stands so.
    fn is_due(&self, subject: &str, standing: Option<&Standing>, now: Timestamp) -> bool {
        let look = self.0.get(subject);
        let last = look.map(|look| look.at).max(standing.map(|standing| standing.checked));
        let pause = match (look, standing) {
            (Some(Look { again: true, .. }), _) => AGAIN,
            (_, Some(standing)) if !standing.works => DURING,
            _ => EVERY,
        };
        last.is_none_or(|last| now.duration_since(last) >= pause)
    }

    /// What is to be believed after `found`: a failure only when it is the second in a row, or of what already failed.
    fn take(
        &mut self,
        subject: &str,
        found: Found,
        standing: Option<&Standing>,
        now: Timestamp,
    ) -> Option<Seen> {
        let failed_before = self.0.get(subject).is_some_and(|look| look.failed);
        let down = standing.is_some_and(|standing| !standing.works);
        let (failed, seen) = match found {
            Found::Works(note) => (false, Some(Seen { works: true, at: now, note })),
            Found::Fails(note) if failed_before || down => (true, Some(Seen { works: false, at: now, note })),
            Found::Fails(note) => {
                tracing::warn!(subject, note, "this may not work; looking again in a while");
                (true, None)
            }
            Found::Unasked(note) => {
                tracing::warn!(subject, note, "this could not be looked at; trying again");
                (failed_before, None)
            }
        };
        self.0.insert(subject.to_owned(), Look { at: now, failed, again: seen.is_none() });
        seen
    }
}

impl SelfCheck {
    /// Looks at whatever is due of what the world is told of us.
    pub(super) async fn look_outside(&self, desk: &Desk, looks: &mut Looks) -> Result<(), DeskError> {
        let known = desk.store().standings().await.doing("read how self-checks stand")?;
        for checked in &self.checked {
            let subject = checked.to_string();
            let before = known.iter().find(|one| one.subject == subject);
            if matches!(checked, Checked::Mail(_)) || !looks.is_due(&subject, before, desk.now()) {
                continue;
            }
            let found = self.ask(checked).await;
            if let Some(seen) = looks.take(&subject, found, before, desk.now()) {
                // People may have been told while the answer was waited for.
                let known = desk.store().standings().await.doing("read how self-checks stand")?;
                let before = known.iter().find(|one| one.subject == subject);
                let after = next(before, &subject, seen);
                desk.store().set_standing(&after).await.doing("record how a self-check stands")?;
            }
        }
        Ok(())
    }

    async fn ask(&self, checked: &Checked) -> Found {
        let unasked = |what: &str| Found::Unasked(format!("nobody can be asked for {what}"));
        match (checked, &self.exchangers, &self.rdap) {
            (Checked::Mx(domain), Some(exchangers), _) => match exchangers.greeting(domain).await {
                Ok(greeted) => Found::Works(format!("{} greets at {}", greeted.host, greeted.address)),
                Err(error) => Found::Fails(error.to_string()),
            },
            (Checked::Rdap(net), _, Some(rdap)) => self.judge(rdap.abuse_mailboxes_anew(*net).await),
            (Checked::Mail(_) | Checked::Mx(_) | Checked::Rdap(_), ..) => unasked(&checked.to_string()),
        }
    }

    /// One contact that is ours is enough; the others may be those of whoever we are a customer of.
    fn judge(&self, named: Result<Vec<String>, RdapError>) -> Found {
        match named {
            // A registry that does not answer says nothing of the contact it has.
            Err(error) => Found::Unasked(error.to_string()),
            Ok(named) if named.is_empty() => Found::Fails("the registry names no abuse contact".to_owned()),
            Ok(named) => match named.iter().find(|mailbox| self.is_intake(mailbox)) {
                Some(ours) => Found::Works(format!("the registry names {ours}")),
                None => Found::Fails(format!("the registry names {}, which is not ours", named.join(", "))),
            },
        }
    }

    fn is_intake(&self, mailbox: &str) -> bool {
        let domain = mailbox.rsplit_once('@').map_or("", |(_, domain)| domain);
        self.intake.iter().any(|own| own.eq_ignore_ascii_case(mailbox) || own.eq_ignore_ascii_case(domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_050_000_000 + second).expect("a time")
    }

    fn fails() -> Found {
        Found::Fails("no".to_owned())
    }

    fn standing(works: bool) -> Standing {
        let (since, checked) = (at(0), at(0));
        Standing {
            subject: "mx example.net".to_owned(),
            works,
            since,
            checked,
            note: String::new(),
            told: true,
        }
    }

    #[test]
    fn one_failure_is_looked_at_again_before_it_is_believed() {
        let mut looks = Looks::default();
        let works = standing(true);
        let mut take = |found, second| looks.take("mx example.net", found, Some(&works), at(second));
        assert_eq!(take(fails(), 0), None);
        assert!(take(Found::Works("yes".to_owned()), 600).is_some_and(|seen| seen.works));
        assert_eq!(take(fails(), 1200), None, "the first one again");
        assert_eq!(take(Found::Unasked("busy".to_owned()), 1800), None);
        assert!(take(fails(), 2400).is_some_and(|seen| !seen.works));
        let mut fresh = Looks::default();
        let still = fresh.take("mx example.net", fails(), Some(&standing(false)), at(0));
        assert!(still.is_some_and(|seen| !seen.works), "after a restart an outage goes on");
    }

    #[test]
    fn what_works_is_looked_at_once_a_day_also_over_a_restart_and_an_outage_each_hour() {
        let mut looks = Looks::default();
        let due =
            |looks: &Looks, works, second| looks.is_due("mx example.net", Some(&standing(works)), at(second));
        assert!(looks.is_due("mx example.net", None, at(0)));
        assert!(!due(&looks, true, 86_399) && due(&looks, true, 86_400));
        assert!(!due(&looks, false, 3599) && due(&looks, false, 3600));
        assert_eq!(looks.take("mx example.net", fails(), None, at(0)), None);
        assert!(!due(&looks, true, 599) && due(&looks, true, 600));
    }
}
