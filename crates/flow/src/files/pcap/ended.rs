//! Connections that are over, held back until none that ended earlier can still come.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::Flow;

/// So many are held; then the earliest goes, whatever may come.
const MOST: usize = 1 << 18;

/// A flow, in the order of its end, then of its beginning in the capture.
#[derive(Debug)]
struct Ended {
    last: i64,
    number: u64,
    flow: Flow,
}

impl Ord for Ended {
    fn cmp(&self, other: &Ended) -> Ordering {
        (self.last, self.number).cmp(&(other.last, other.number))
    }
}

impl PartialOrd for Ended {
    fn partial_cmp(&self, other: &Ended) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ended {
    fn eq(&self, other: &Ended) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ended {}

/// Flows that wait for their turn: they are given in the order of their ends, as a router would tell of them.
#[derive(Debug, Default)]
pub(super) struct Waiting(BinaryHeap<Reverse<Ended>>);

impl Waiting {
    /// A flow whose last packet, the time in microseconds, is past; the `number`th packet was its first.
    pub(super) fn put(&mut self, flow: Flow, last: i64, number: u64) {
        self.0.push(Reverse(Ended { last, number, flow }));
    }

    /// The next flow, where it ended before `until` or too many wait.
    pub(super) fn next(&mut self, until: i64) -> Option<Flow> {
        let Reverse(first) = self.0.peek()?;
        if first.last >= until && self.0.len() <= MOST {
            return None;
        }
        self.earliest()
    }

    /// The one that ended first; none when none are left.
    pub(super) fn earliest(&mut self) -> Option<Flow> {
        self.0.pop().map(|Reverse(ended)| ended.flow)
    }
}
