//! How rare a peer is among our own lines.
//!
//! Whom half of our subscribers call is a shop, a clock or a maker's update; whom one alone calls all day is worth a question.
//! Two generations of a day each: pairs of line and peer seen (a Bloom filter), and how many pairs each peer has (a
//! count-min sketch, Cormode and Muthukrishnan 2005). Fixed size, whatever comes.

use flow::Millis;

use crate::sketch::{Distinct, mark};

/// Bits of the filter of pairs, and counters of each of the two rows: 2 MB and 0.5 MB a generation.
const BITS: u64 = 1 << 24;
const COUNTERS: u64 = 1 << 18;
/// A generation.
const DAY: i64 = 86_400_000;
/// With fewer lines than this heard of, nobody can say what is rare.
const FEW: u32 = 12;

#[derive(Debug, Clone)]
struct Generation {
    pairs: Vec<u64>,
    counts: Vec<u8>,
    lines: Distinct,
}

impl Generation {
    fn new() -> Generation {
        let size = |n: u64| usize::try_from(n).unwrap_or(0);
        Generation {
            pairs: vec![0; size(BITS / 64)],
            counts: vec![0; size(2 * COUNTERS)],
            lines: Distinct::default(),
        }
    }

    /// Sets a bit; whether it was clear.
    fn set(&mut self, bit: u64) -> bool {
        let Some(word) = usize::try_from(bit / 64).ok().and_then(|at| self.pairs.get_mut(at)) else {
            return false;
        };
        let mask = 1 << (bit % 64);
        let clear = *word & mask == 0;
        *word |= mask;
        clear
    }

    fn cells(peer: u64) -> [Option<usize>; 2] {
        [usize::try_from(peer % COUNTERS).ok(), usize::try_from(COUNTERS + (peer >> 32) % COUNTERS).ok()]
    }

    fn note(&mut self, line: u64, peer: u64) {
        self.lines.add(line);
        let pair = mark((line, peer));
        let (first, second) = (self.set(pair % BITS), self.set((pair >> 32) % BITS));
        if first || second {
            for cell in Generation::cells(peer).into_iter().flatten() {
                if let Some(count) = self.counts.get_mut(cell) {
                    *count = count.saturating_add(1);
                }
            }
        }
    }

    fn callers(&self, peer: u64) -> u8 {
        let cells = Generation::cells(peer).into_iter().flatten();
        cells.filter_map(|cell| self.counts.get(cell)).copied().min().unwrap_or(0)
    }
}

/// Which peers are called by how many of our lines, in the last day or two.
#[derive(Debug, Clone)]
pub(crate) struct Rarity {
    now: Generation,
    before: Option<Generation>,
    since: Option<Millis>,
}

impl Default for Rarity {
    fn default() -> Rarity {
        Rarity { now: Generation::new(), before: None, since: None }
    }
}

impl Rarity {
    /// A line of ours called a peer, both by their marks.
    pub(crate) fn note(&mut self, line: u64, peer: u64, at: Millis) {
        let since = *self.since.get_or_insert(at);
        if at.since(since) > DAY {
            self.before = Some(std::mem::replace(&mut self.now, Generation::new()));
            self.since = Some(at);
        }
        self.now.note(line, peer);
    }

    /// Whether no more than three of our lines call it.
    pub(crate) fn is_rare(&self, peer: u64) -> bool {
        self.callers(peer) <= 3
    }

    /// About how many of our lines call this peer; up to 255.
    pub(crate) fn callers(&self, peer: u64) -> u8 {
        let before = self.before.as_ref().map_or(0, |before| before.callers(peer));
        self.now.callers(peer).max(before)
    }

    /// What a contact with this peer weighs: 1 for one that few call, .25 for one that many do. With a handful of lines a
    /// peer that a second line calls too is no longer called rare; with one line, all is unknown and weighs 1.
    pub(crate) fn weight(&self, peer: u64) -> f64 {
        let callers = f64::from(self.callers(peer).max(1));
        let lines = self.now.lines.count().max(self.before.as_ref().map_or(0, |before| before.lines.count()));
        if lines < FEW {
            return if callers > 1.0 { 0.5 } else { 1.0 };
        }
        let share = callers / f64::from(lines);
        // Two or three infected lines may share a controller; one in twenty is a service.
        match callers {
            few if few <= 3.0 => 1.0,
            _ if share >= 0.05 => 0.25,
            _ => 0.6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_many_lines_call_weighs_little_and_whom_one_calls_all() {
        let mut rarity = Rarity::default();
        let line = |n: u8| mark(n);
        let (clock, odd) = (mark(1_000), mark(2_000));
        for n in 0..100 {
            rarity.note(line(n), clock, Millis(n.into()));
            rarity.note(line(7), odd, Millis(n.into()));
        }
        assert!(rarity.weight(clock) < 0.3);
        assert!((rarity.weight(odd) - 1.0).abs() < f64::EPSILON);
        assert_eq!(rarity.callers(odd), 1, "one line counts once however often it calls");
    }
}
