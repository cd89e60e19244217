//! Which ends of connections are shared by many.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use super::{End, Key};

/// Counters, a byte each; two ends that fall on one counter may be mistaken for each other, in a guess that is one anyway.
const CELLS: u64 = 1 << 17;
/// After so many connections all counts are halved, so that an end nobody calls any more is forgotten.
const ROUND: u32 = 1 << 18;

/// About how many connections each end, address and port, has lately had.
#[derive(Debug)]
pub(super) struct Ends {
    counts: Vec<u8>,
    hasher: RandomState,
    noted: u32,
}

impl Default for Ends {
    fn default() -> Ends {
        Ends {
            counts: vec![0; usize::try_from(CELLS).unwrap_or(0)],
            hasher: RandomState::default(),
            noted: 0,
        }
    }
}

impl Ends {
    /// A connection between two ends begins.
    pub(super) fn note(&mut self, key: &Key) {
        self.noted += 1;
        if self.noted >= ROUND {
            self.noted = 0;
            self.counts.iter_mut().for_each(|count| *count /= 2);
        }
        for end in [key.low, key.high] {
            if let Some(count) = self.cell(end).and_then(|cell| self.counts.get_mut(cell)) {
                *count = count.saturating_add(1);
            }
        }
    }

    /// Whether the low end is the one that many call (true) or the high end is (false), where one clearly is: a port that a
    /// program listens on is shared by its callers, and a caller takes a new one for each call.
    pub(super) fn low_is_called(&self, key: &Key) -> Option<bool> {
        let count = |end| self.cell(end).and_then(|cell| self.counts.get(cell)).copied().unwrap_or(0);
        let (low, high) = (u16::from(count(key.low)), u16::from(count(key.high)));
        if low > high * 2 {
            Some(true)
        } else if high > low * 2 {
            Some(false)
        } else {
            None
        }
    }

    fn cell(&self, end: End) -> Option<usize> {
        usize::try_from(self.hasher.hash_one(end) % CELLS).ok()
    }
}
