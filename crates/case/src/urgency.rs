//! How pressing a case is: the order of the queue.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
