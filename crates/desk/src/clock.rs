//! The one clock. Everything that judges is given the time; only the desk asks for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Where the desk takes the time from.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Microseconds since the epoch where the time is set by hand, for nights that are replayed.
    set: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Clock::default()
    }

    /// A clock that stands still until it is moved.
    #[must_use]
    pub fn standing_at(at: Timestamp) -> Self {
        Clock { set: Some(Arc::new(AtomicI64::new(at.as_microsecond()))) }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.set {
            None => Timestamp::now(),
            Some(set) => {
                Timestamp::from_microsecond(set.load(Ordering::Acquire)).unwrap_or(Timestamp::UNIX_EPOCH)
            }
        }
    }

    /// Whether it is moved by hand.
    #[must_use]
    pub(crate) fn is_set(&self) -> bool {
        self.set.is_some()
    }

    /// Moves a standing clock forward; the machine's clock is left alone.
    pub fn advance(&self, by: SignedDuration) {
        if let Some(set) = &self.set {
            let micros = i64::try_from(by.as_micros()).unwrap_or(0);
            set.fetch_add(micros, Ordering::AcqRel);
        }
    }
}
