//! What the listener heard, and what it did not take.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Refused;

/// Counts of one listener.
#[derive(Debug, Default)]
pub struct Heard {
    answered: AtomicU64,
    strangers: AtomicU64,
    forged: AtomicU64,
    malformed: AtomicU64,
    unanswered: AtomicU64,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Requests that are on disk and were answered, repeated ones each time.
    pub answered: u64,
    /// Datagrams of nobody who may send.
    pub strangers: u64,
    /// Requests whose authenticator does not fit the secret.
    pub forged: u64,
    /// Datagrams that are no request of a kind that is taken.
    pub malformed: u64,
    /// Requests that could not be put on disk; their clients ask again.
    pub unanswered: u64,
}

impl Heard {
    /// The counts now.
    #[must_use]
    pub fn read(&self) -> Counts {
        Counts {
            answered: self.answered.load(Relaxed),
            strangers: self.strangers.load(Relaxed),
            forged: self.forged.load(Relaxed),
            malformed: self.malformed.load(Relaxed),
            unanswered: self.unanswered.load(Relaxed),
        }
    }

    pub(super) fn stranger(&self) {
        self.strangers.fetch_add(1, Relaxed);
    }

    pub(super) fn refused(&self, why: Refused) {
        let count = match why {
            Refused::Malformed => &self.malformed,
            Refused::Forged => &self.forged,
        };
        count.fetch_add(1, Relaxed);
    }

    pub(super) fn batch(&self, requests: usize, on_disk: bool) {
        let count = if on_disk { &self.answered } else { &self.unanswered };
        count.fetch_add(u64::try_from(requests).unwrap_or(u64::MAX), Relaxed);
    }
}
