//! Who is rung, and whom next when nobody answers.

use jiff::SignedDuration;
use serde::Serialize;

use crate::Name;

/// How long an unanswered page waits before it rings again once all its repeats are used up: it is never given up.
const AFTER_ALL: SignedDuration = SignedDuration::from_hours(1);

/// Who is rung, step by step, until somebody acknowledges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: Name,
    /// The steps in their order; at least one.
    pub steps: Vec<Step>,
    /// How often it begins again after its last step; from then on once an hour.
    pub repeat: u32,
    /// How long after the last step it begins again.
    pub repeat_after: SignedDuration,
    /// How long after it was acknowledged a page comes back when nothing has happened since.
    pub comes_back: SignedDuration,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// How long after the step before; of the first, after the page was opened.
    pub after: SignedDuration,
    /// Whom it rings.
    pub ring: Vec<Target>,
}

/// Whom a step rings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "target", content = "name", rename_all = "kebab-case")]
pub enum Target {
    /// Whoever is on duty then.
    Schedule(Name),
    /// This person, on duty or not.
    Person(Name),
    /// Everybody.
    Everybody,
}

impl Policy {
    /// The step of that number, counted on over all repeats.
    pub(crate) fn step(&self, number: u32) -> Option<&Step> {
        self.steps.get(self.place(number))
    }

    fn place(&self, number: u32) -> usize {
        usize::try_from(number).unwrap_or(0) % self.steps.len().max(1)
    }

    /// Whether a step is the first of a repeat.
    pub(crate) fn begins_again(&self, number: u32) -> bool {
        number > 0 && self.place(number) == 0
    }

    /// How long a step waits after the one before.
    pub(crate) fn wait(&self, number: u32) -> SignedDuration {
        if !self.begins_again(number) {
            return self.step(number).map_or(SignedDuration::ZERO, |step| step.after);
        }
        let length = u32::try_from(self.steps.len()).unwrap_or(u32::MAX).max(1);
        if number / length > self.repeat { self.repeat_after.max(AFTER_ALL) } else { self.repeat_after }
    }
}
