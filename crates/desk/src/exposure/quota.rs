//! How many questions of exposure are taken an hour: what is free to say must not cost us much.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::exposure::ScannerTaken;

/// Who tells of scanners, each with so many questions an hour of its own: none can take the place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    /// One of our own lines, by where its mail came from, or a reporter with a record.
    Known,
    /// Anybody else who reports.
    Stranger,
    /// A trap.
    Trap,
    /// Our own flows.
    Flows,
}

impl Lane {
    /// How many questions an hour. One takes a second or so of a core over weeks of flows; all together are at most a
    /// tenth of what two cores can do.
    fn at_most(self) -> usize {
        match self {
            Lane::Known | Lane::Trap | Lane::Flows => 120,
            Lane::Stranger => 40,
        }
    }
}

/// What was asked in this hour. It is of this start alone: the keys of the outbox know what was asked before.
#[derive(Debug, Default)]
pub(crate) struct Quota(Mutex<Hour>);

#[derive(Debug, Default)]
struct Hour {
    number: i64,
    known: HashSet<String>,
    taken: [usize; 4],
}

impl Quota {
    /// Whether a question with this key is to be asked now.
    pub(super) fn take(&self, key: &str, lane: Lane, now: Timestamp) -> ScannerTaken {
        let mut hour = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.as_second().div_euclid(3600);
        if hour.number != number {
            *hour = Hour { number, ..Hour::default() };
        }
        if hour.known.contains(key) {
            return ScannerTaken::Known;
        }
        let slot = match lane {
            Lane::Known => 0,
            Lane::Stranger => 1,
            Lane::Trap => 2,
            Lane::Flows => 3,
        };
        let Some(taken) = hour.taken.get_mut(slot).filter(|taken| **taken < lane.at_most()) else {
            return ScannerTaken::Enough;
        };
        *taken += 1;
        hour.known.insert(key.to_owned());
        ScannerTaken::Asked
    }

    /// It was not asked after all.
    pub(super) fn forget(&self, key: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).known.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_takes_its_own_share_of_an_hour_and_nobody_elses() {
        let quota = Quota::default();
        let at = |minutes: i64| Timestamp::from_second(1_700_000_000 + 60 * minutes).expect("a time");
        let flood = |minutes| {
            let one = |n: u32| quota.take(&format!("exposure/{n}"), Lane::Stranger, at(minutes));
            (0..50_000).map(one).filter(|taken| *taken == ScannerTaken::Asked).count()
        };
        assert_eq!(flood(0), 40);
        assert_eq!(flood(1), 0);
        assert_eq!(quota.take("exposure/mine", Lane::Known, at(1)), ScannerTaken::Asked);
        assert_eq!(quota.take("exposure/mine", Lane::Trap, at(1)), ScannerTaken::Known);
        assert_eq!(flood(60), 40, "the next hour has its own");
    }
}
