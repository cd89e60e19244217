//! What follows when a firewall is not in force: nothing at first, then a reminder, a call, the walled garden.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Profile, Record, State};

/// Two observations that agree must be so far apart before anything follows: one may be somebody else's lease, an hour's
/// experiment, or a measurement gone wrong.
const APART: SignedDuration = SignedDuration::from_hours(24);
/// What was not seen again for so long is begun anew.
const STALE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// So often a customer is let out of the garden for saying that it is on again.
const PROMISES: u32 = 2;

/// A step towards a firewall that is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// A letter to the customer, with the configuration's link.
    Reminder,
    /// A place on the list of those a person calls.
    Call,
    /// The walled garden, where the playbook says so.
    Garden,
}

impl Step {
    /// In words, as on pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Step::Reminder => "reminder",
            Step::Call => "call",
            Step::Garden => "walled garden",
        }
    }
}

/// How far it is insisted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Insistence {
    /// How long after the reminder a line comes on the call list.
    pub call_after: SignedDuration,
    /// How long after that it goes into the walled garden; `None`: never by itself.
    pub garden_after: Option<SignedDuration>,
}

impl Default for Insistence {
    fn default() -> Self {
        Insistence { call_after: SignedDuration::from_hours(7 * 24), garden_after: None }
    }
}

/// What was observed and done of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Ladder {
    /// The first and the last time it was seen not to be in force, with nothing that says otherwise between.
    against: Option<(Timestamp, Timestamp)>,
    /// The last step taken, and when.
    taken: Option<(Step, Timestamp)>,
    /// How often the customer has said in the garden that it is on again.
    promised: u32,
}

impl Ladder {
    pub(crate) fn note(&mut self, state: State, at: Timestamp) {
        match state {
            State::NotInForce => {
                let fresh = self.against.filter(|(_, last)| at.duration_since(*last) <= STALE);
                let (first, last) = fresh.unwrap_or((at, at));
                self.against = Some((first, last.max(at)));
            }
            // What is in force again, or was opened on purpose, is forgiven.
            State::InForce | State::Hole | State::NotApplicable => *self = Ladder::default(),
            State::Unknown => {}
        }
    }
}

impl Record {
    /// The step to take now, if any.
    #[must_use]
    pub fn due(&self, profile: &Profile, insistence: &Insistence, now: Timestamp) -> Option<Step> {
        if self.judge(profile, now).state != State::NotInForce || !self.agrees() {
            return None;
        }
        let waited = |since: Timestamp, long: SignedDuration| now.duration_since(since) >= long;
        match self.ladder.taken {
            None => Some(Step::Reminder),
            Some((Step::Reminder, at)) if waited(at, insistence.call_after) => Some(Step::Call),
            Some((Step::Call, at)) => {
                insistence.garden_after.filter(|long| waited(at, *long)).map(|_| Step::Garden)
            }
            Some(_) => None,
        }
    }

    /// Whether two observations a day apart agree that it is not in force.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.ladder.against.is_some_and(|(first, last)| last.duration_since(first) >= APART)
    }

    /// Notes that a step was taken.
    pub fn took(&mut self, step: Step, now: Timestamp) {
        self.ladder.taken = Some((step, now));
    }

    /// The customer says in the garden that the firewall is on again, and is let out: back to the step before, whose time
    /// begins anew. Twice; after that only what the network shows counts, or a person. Whether they are let out.
    pub fn promised(&mut self, now: Timestamp) -> bool {
        let is_in = matches!(self.ladder.taken, Some((Step::Garden, _)));
        if !is_in || self.ladder.promised >= PROMISES {
            return false;
        }
        self.ladder.promised = self.ladder.promised.saturating_add(1);
        self.ladder.taken = Some((Step::Call, now));
        true
    }

    /// How many more times a customer's word lets them out.
    #[must_use]
    pub fn promises_left(&self) -> u32 {
        PROMISES.saturating_sub(self.ladder.promised)
    }

    /// The last step taken since the firewall was last in force.
    #[must_use]
    pub fn taken(&self) -> Option<(Step, Timestamp)> {
        self.ladder.taken
    }
}
