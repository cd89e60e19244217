//! In which order cases are listed.

use jiff::Timestamp;

use crate::{Listed, Urgency};

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Order {
    /// What.
    pub(super) by: By,
    /// Whether the last comes first.
    pub(super) reverse: bool,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum By {
    /// Nothing was said: by the clock, and where ended cases are in it, the newest first.
    #[default]
    Unsaid,
    /// By time left and harm, as [`Urgency::key`] has it.
    Clock,
    Opened,
    Updated,
    /// The most harmful first.
    Harm,
    /// The most first.
    Sightings,
}

impl Order {
    /// The sort key of a line at `now`: the least comes first; lines of one key stand by their number.
    #[must_use]
    pub fn key(self, listed: &Listed, now: Timestamp) -> (bool, i64) {
        let number = i64::try_from(listed.case.0).unwrap_or(i64::MAX);
        let key = match self.by {
            By::Unsaid | By::Clock => {
                Urgency { proxy: listed.proxy, harm: listed.harm, due: listed.due }.key(now)
            }
            // Numbers are given in the order cases are opened.
            By::Opened => (false, number),
            By::Updated => (false, listed.updated.as_microsecond()),
            By::Harm => (false, -i64::from(listed.harm)),
            By::Sightings => (false, i64::try_from(listed.more.sightings).map_or(i64::MIN, |count| -count)),
        };
        if self.reverse {
            return (!key.0, key.1.saturating_neg());
        }
        key
    }

    /// Whether it is the newest case first, as a table can give them page by page.
    #[must_use]
    pub fn is_newest_first(self) -> bool {
        self == Order { by: By::Opened, reverse: true }
    }

    /// The same, where ended cases are in the list too.
    #[must_use]
    pub fn with_ended(self) -> Order {
        match self.by {
            By::Unsaid => Order { by: By::Opened, reverse: true },
            _ => self,
        }
    }
}
