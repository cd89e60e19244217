//! How pressing a case is: the order of the queue.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::facts::Facts;
use crate::moment::after;
use crate::observed::Seen;
use crate::proof::Proof;
use crate::{Kind, Playbook, Stage, Voice};

/// Where a case stands in the queue. Sorts ascending: the first is to be looked at first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Urgency {
    /// Whether it alleges or proves a proxy or relay that is not contained yet: above all else (P12).
    pub proxy: bool,
    /// Harm by kind and stage, 1 (little) to 10.
    pub harm: u8,
    /// When the stage's clock runs out; `None` when nothing is due.
    pub due: Option<Timestamp>,
}

impl Urgency {
    /// The sort key at `now`: proxies first, then by seconds left on the clock divided by harm (overdue: times harm).
    #[must_use]
    pub fn key(&self, now: Timestamp) -> (bool, i64) {
        let harm = i64::from(self.harm.max(1));
        let pressing = match self.due {
            None => i64::MAX,
            Some(due) => match due.duration_since(now).as_secs() {
                left if left > 0 => left / harm,
                left => left.saturating_mul(harm),
            },
        };
        (!self.proxy, pressing)
    }
}

/// How pressing a case with these facts is.
pub(crate) fn of(facts: &Facts, playbook: &Playbook) -> Urgency {
    let proof = Proof::of(facts, playbook);
    let alleged = facts.hearsay.speaks_of_proxy(|address, at| proof.answered(address, at));
    let dealt_with = |seen: &Seen| proof.has_dealt_with(seen.address, seen.at, seen.sign.is_of_our_port());
    let relays = facts.observed.shows_relaying(dealt_with).then_some(Voice::Own);
    let alleged = alleged.max(relays);
    let clocks = &playbook.clocks;
    let (proxy, harm, clock) = match facts.stage {
        Stage::Confirmed => (true, 10, Some(clocks.confirmed)),
        Stage::Suspected if alleged.is_some() => (true, 8, Some(clocks.suspected)),
        Stage::Suspected => (false, 6, Some(clocks.suspected)),
        Stage::Watching if alleged.is_some() => (true, by_trust(alleged), Some(clocks.watching)),
        Stage::HeadsUp if alleged.is_some() => (true, by_trust(alleged), Some(clocks.heads_up)),
        Stage::Watching => (false, 4, Some(clocks.watching)),
        Stage::Contained => (false, 3, Some(clocks.contained)),
        Stage::HeadsUp => (false, heads_up_harm(facts), Some(clocks.heads_up)),
        Stage::Cleaned | Stage::Closed | Stage::Dismissed => (false, 1, None),
    };
    Urgency { proxy, harm, due: clock.map(|clock| after(facts.stage_since, clock)) }
}

/// How harmful an allegation of a proxy or relay is taken to be before anything is proved or suspected.
fn by_trust(alleged: Option<Voice>) -> u8 {
    match alleged {
        Some(Voice::Own | Voice::Established) => 7,
        Some(Voice::Newcomer) => 5,
        Some(Voice::Unauthenticated) | None => 3,
    }
}

/// The worst that is said of a line of which little is known.
fn heads_up_harm(facts: &Facts) -> u8 {
    let harm = |kind: &Kind| match kind {
        Kind::OpenProxy | Kind::OpenRelay => 5,
        Kind::PhoneHome | Kind::Malware | Kind::TrojanScan => 4,
        Kind::SpamSource | Kind::Scan | Kind::Listener => 2,
        Kind::Other => 1,
    };
    facts.kinds.iter().map(harm).max().unwrap_or(1)
}
