//! Bytes by the minute.

use flow::Millis;

/// Minutes kept: a little more than the longest active timeout in common use, half an hour.
const KEPT: usize = 34;
const MINUTE: i64 = 60_000;

/// One minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Minute {
    /// Bytes that the line sent, and that it got.
    pub(crate) sent: u64,
    pub(crate) received: u64,
    /// Marks of those it called, as bits.
    pub(crate) called: u64,
}

/// The last half hour, minute by minute. What lies further back is forgotten as time goes on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Minutes {
    /// The minute at the end of the list.
    newest: i64,
    minutes: std::collections::VecDeque<Minute>,
}

impl Minutes {
    /// Spreads bytes evenly over a stretch of time.
    pub(crate) fn add(&mut self, from: Millis, to: Millis, sent: u64, received: u64, called: u64) {
        let (first, last) = (from.0.div_euclid(MINUTE), to.0.div_euclid(MINUTE));
        self.reach(last);
        let kept = i64::try_from(KEPT).unwrap_or(0);
        let first = first.max(last - kept + 1);
        self.reach(first);
        let count = u64::try_from(last - first + 1).unwrap_or(1).max(1);
        for minute in first..=last {
            if let Some(slot) = self.slot(minute) {
                slot.sent = slot.sent.saturating_add(sent / count);
                slot.received = slot.received.saturating_add(received / count);
                slot.called |= called;
            }
        }
    }

    /// The minutes from one moment to another, oldest first, as far as they are kept.
    pub(crate) fn between(&self, from: Millis, to: Millis) -> impl Iterator<Item = (i64, Minute)> {
        let (first, last) = (from.0.div_euclid(MINUTE), to.0.div_euclid(MINUTE));
        let oldest = self.newest - i64::try_from(self.minutes.len()).unwrap_or(0) + 1;
        let numbered = (oldest..).zip(self.minutes.iter().copied());
        numbered.filter(move |(minute, _)| (first..=last).contains(minute))
    }

    fn reach(&mut self, minute: i64) {
        if self.minutes.is_empty() {
            self.minutes.push_back(Minute::default());
            self.newest = minute;
        }
        let ahead = usize::try_from(minute - self.newest).unwrap_or(0).min(KEPT);
        for _ in 0..ahead {
            self.minutes.push_back(Minute::default());
        }
        self.newest = self.newest.max(minute);
        // A minute that comes late makes room for itself at the old end.
        let behind = usize::try_from(self.newest - minute + 1).unwrap_or(0).min(KEPT);
        while self.minutes.len() < behind {
            self.minutes.push_front(Minute::default());
        }
        while self.minutes.len() > KEPT {
            self.minutes.pop_front();
        }
    }

    fn slot(&mut self, minute: i64) -> Option<&mut Minute> {
        let back = usize::try_from(self.newest - minute).ok()?;
        let at = self.minutes.len().checked_sub(back + 1)?;
        self.minutes.get_mut(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_spread_over_their_minutes_and_late_ones_find_theirs() {
        let mut minutes = Minutes::default();
        minutes.add(Millis(600_000), Millis(779_000), 300, 30, 1);
        minutes.add(Millis(540_000), Millis(540_001), 7, 0, 2);
        let all: Vec<(i64, Minute)> = minutes.between(Millis(0), Millis(900_000)).collect();
        assert_eq!(
            all.iter().map(|(minute, one)| (*minute, one.sent)).collect::<Vec<_>>(),
            [(9, 7), (10, 100), (11, 100), (12, 100)]
        );
    }

    #[test]
    fn half_an_hour_is_kept() {
        let mut minutes = Minutes::default();
        minutes.add(Millis(0), Millis(100 * 60_000), 1_000_000, 0, 0);
        minutes.add(Millis(i64::MAX), Millis(i64::MAX), 1, 0, 0);
        minutes.add(Millis(i64::MIN), Millis(i64::MIN), 1, 0, 0);
        assert!(minutes.between(Millis(i64::MIN), Millis(i64::MAX)).count() <= KEPT);
    }
}
