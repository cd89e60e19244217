//! Bytes of a line over time, in short slots, only those in which something went on.

use std::collections::VecDeque;

use flow::Millis;

/// How long a slot is, in milliseconds: longer than a request takes from one end of a relay to the other, and than the second
/// by which NetFlow v9 is wrong (RFC 3954, section 5.1).
pub(crate) const SLOT: i64 = 4_000;

/// What went on in one slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Slot {
    /// The slot's number since the epoch.
    at: i64,
    sent: u32,
    received: u32,
}

/// Payload bytes each way: sent by the line, and received.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Bytes {
    pub(crate) sent: f64,
    pub(crate) received: f64,
}

/// The busy slots of the last while, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slots(VecDeque<Slot>);

impl Slots {
    /// Spreads bytes evenly over a stretch of time. No more than `most` slots are kept, the oldest go first; a stretch of
    /// more is taken for its last part.
    pub(crate) fn add(&mut self, from: Millis, to: Millis, (sent, received): (u64, u64), most: usize) {
        if sent == 0 && received == 0 {
            return;
        }
        let last = to.0.div_euclid(SLOT);
        let kept = i64::try_from(most).unwrap_or(1).max(1);
        let first = from.0.div_euclid(SLOT).clamp(last.saturating_sub(kept - 1), last);
        let count = u64::try_from(last - first + 1).unwrap_or(1).max(1);
        let part = |bytes: u64| u32::try_from(bytes / count).unwrap_or(u32::MAX);
        for at in first..=last {
            if let Some(slot) = self.slot(at, most) {
                slot.sent = slot.sent.saturating_add(part(sent));
                slot.received = slot.received.saturating_add(part(received));
            }
        }
        while self.0.len() > most {
            self.0.pop_front();
        }
    }

    fn slot(&mut self, at: i64, most: usize) -> Option<&mut Slot> {
        // Nearly always it is one of the last few.
        let behind = self.0.iter().rev().take_while(|slot| slot.at > at).count();
        let place = self.0.len() - behind;
        let there = place.checked_sub(1).filter(|place| self.0.get(*place).is_some_and(|slot| slot.at == at));
        if there.is_some() {
            return there.and_then(|place| self.0.get_mut(place));
        }
        // The oldest would go as soon as this one is there; a hundred thousand lines have no room for one more each.
        let mut place = place;
        if behind == 0 && self.0.len() == most && self.0.pop_front().is_some() {
            place -= 1;
        }
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact((self.0.len() / 2).max(4));
        }
        self.0.insert(place, Slot { at, ..Slot::default() });
        self.0.get_mut(place)
    }

    /// When the oldest slot begins.
    pub(crate) fn since(&self) -> Option<Millis> {
        self.0.front().map(|slot| Millis(slot.at.saturating_mul(SLOT)))
    }

    /// The bytes between two moments; of a slot that lies across one of them, its share.
    pub(crate) fn between(&self, from: Millis, to: Millis) -> Bytes {
        let begin = self.0.partition_point(|slot| slot.at < from.0.div_euclid(SLOT));
        let mut bytes = Bytes::default();
        for slot in self.0.range(begin..).take_while(|slot| slot.at <= to.0.div_euclid(SLOT)) {
            let starts = Millis(slot.at.saturating_mul(SLOT));
            let share = share(starts, starts.plus(SLOT), from, to);
            bytes.sent += f64::from(slot.sent) * share;
            bytes.received += f64::from(slot.received) * share;
        }
        bytes
    }
}

/// How much of `from..to` lies within `begin..end`, 0 to 1; a moment lies within or not.
pub(crate) fn share(from: Millis, to: Millis, begin: Millis, end: Millis) -> f64 {
    let length = to.since(from);
    if length <= 0 {
        return f64::from(u8::from(begin <= from && from <= end));
    }
    let within = to.min(end).since(from.max(begin)).max(0);
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of hours")]
    let share = within as f64 / length as f64;
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 8;

    #[test]
    fn bytes_are_spread_over_their_slots_and_late_ones_find_theirs() {
        let mut slots = Slots::default();
        slots.add(Millis(40_000), Millis(51_900), (300, 30), MOST);
        slots.add(Millis(20_000), Millis(20_001), (7, 0), MOST);
        assert_eq!(slots.since(), Some(Millis(20_000)));
        assert_eq!(slots.between(Millis(0), Millis(40_000)), Bytes { sent: 7.0, received: 0.0 });
        assert_eq!(slots.between(Millis(40_000), Millis(44_000)), Bytes { sent: 100.0, received: 10.0 });
        assert_eq!(slots.between(Millis(42_000), Millis(46_000)), Bytes { sent: 100.0, received: 10.0 });
    }

    #[test]
    fn no_more_than_so_many_are_kept_whatever_comes() {
        let mut slots = Slots::default();
        slots.add(Millis(0), Millis(i64::MAX), (u64::MAX, u64::MAX), MOST);
        slots.add(Millis(i64::MIN), Millis(i64::MAX), (1, 1), MOST);
        slots.add(Millis(i64::MIN), Millis(i64::MIN), (1, 1), MOST);
        for n in 0..100 {
            slots.add(Millis(n * 9_000), Millis(n * 9_000), (1, 1), MOST);
        }
        assert!(slots.0.len() <= MOST);
        assert!(slots.0.iter().is_sorted_by_key(|slot| slot.at));
    }
}
