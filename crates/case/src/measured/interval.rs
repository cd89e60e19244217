//! The lengths of time a desk is measured by.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Milestones;

/// The upper ends of the bars of a histogram, in seconds: from a minute to a month, each about three times the one before.
pub const BOUNDS: [i64; 11] =
    [60, 300, 900, 3600, 14_400, 43_200, 86_400, 259_200, 604_800, 1_209_600, 2_592_000];

/// One of the lengths of time a desk is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interval {
    /// From when it happened, where what opened the case says so, until the case was open.
    Notice,
    /// From the page until a person first did something about the case.
    Acknowledge,
    /// From open until proved.
    Confirm,
    /// From proved until a letter to the subscriber went out.
    Tell,
    /// From proved until what the playbook lists was in force at the edge.
    Contain,
    /// From proved until found clean for good.
    Clean,
}

impl Interval {
    /// All of them, in the order of a bad night.
    pub const ALL: [Interval; 6] = [
        Interval::Notice,
        Interval::Acknowledge,
        Interval::Confirm,
        Interval::Tell,
        Interval::Contain,
        Interval::Clean,
    ];

    /// The word in JSON, CSV and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Interval::Notice => "notice",
            Interval::Acknowledge => "acknowledge",
            Interval::Confirm => "confirm",
            Interval::Tell => "tell",
            Interval::Contain => "contain",
            Interval::Clean => "clean",
        }
    }

    /// What it measures.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Interval::Notice => "from when it happened until a case was open",
            Interval::Acknowledge => "from the page until a person acted",
            Interval::Confirm => "from open until proved",
            Interval::Tell => "from proved until the subscriber was written to",
            Interval::Contain => "from proved until in force at the edge",
            Interval::Clean => "from proved until found clean",
        }
    }
}

impl Milestones {
    /// Where an interval begins and ends in this case.
    fn ends(&self, interval: Interval) -> (Option<Timestamp>, Option<Timestamp>) {
        match interval {
            Interval::Notice => (self.began, Some(self.noticed)),
            Interval::Acknowledge => (self.paged, self.acknowledged),
            Interval::Confirm => (Some(self.noticed), self.confirmed),
            Interval::Tell => (self.confirmed, self.told),
            Interval::Contain => (self.confirmed, self.contained),
            Interval::Clean => (self.confirmed, self.cleaned),
        }
    }

    /// How long it took; `None` when it has not begun or not ended. What ended before it began (a person acted before the
    /// page went out, a clock was set back) took no time.
    #[must_use]
    pub fn took(&self, interval: Interval) -> Option<SignedDuration> {
        let (from, to) = self.ends(interval);
        Some(to?.duration_since(from?).max(SignedDuration::ZERO))
    }

    /// How much of [`Milestones::took`] was spent waiting for somebody else.
    #[must_use]
    pub fn paused(&self, interval: Interval) -> SignedDuration {
        let (Some(from), Some(to)) = self.ends(interval) else { return SignedDuration::ZERO };
        let within = |pause: &super::Pause| {
            let until = pause.until.unwrap_or(to).min(to);
            until.duration_since(pause.since.max(from)).max(SignedDuration::ZERO)
        };
        self.pauses.iter().map(within).fold(SignedDuration::ZERO, SignedDuration::saturating_add)
    }

    /// How long it has gone on without ending, at `now` or when the case ended; `None` when it has not begun, or ended.
    #[must_use]
    pub fn waits(&self, interval: Interval, now: Timestamp) -> Option<SignedDuration> {
        let (from, to) = self.ends(interval);
        let (from, None) = (from?, to) else { return None };
        // A case that was opened and came to nothing does not wait to be proved.
        if interval == Interval::Confirm && self.ended.is_some() {
            return None;
        }
        Some(self.ended.unwrap_or(now).duration_since(from).max(SignedDuration::ZERO))
    }
}
