//! Records in the order in which a router would tell of them: when they end.

use std::collections::VecDeque;

use flow::{Flow, Millis};

const MINUTE: i64 = 60_000;

/// Flows that are still to be told of, by the minute of their end.
#[derive(Debug)]
pub(super) struct Calendar {
    /// The beginning of the minute that is at the front.
    now: Millis,
    minutes: VecDeque<Vec<Flow>>,
}

impl Calendar {
    pub(super) fn new(now: Millis) -> Calendar {
        Calendar { now, minutes: VecDeque::new() }
    }

    /// The minute that is on.
    pub(super) fn now(&self) -> Millis {
        self.now
    }

    /// A flow to be told of when it has ended. What ended before this minute is told of within it.
    pub(super) fn put(&mut self, flow: Flow) {
        let minute = usize::try_from(flow.last.since(self.now) / MINUTE).unwrap_or(0);
        if minute >= self.minutes.len() {
            self.minutes.resize_with(minute + 1, Vec::new);
        }
        if let Some(flows) = self.minutes.get_mut(minute) {
            flows.push(flow);
        }
    }

    /// The flows of this minute in order; the next one begins.
    pub(super) fn turn(&mut self) -> Vec<Flow> {
        self.now = self.now.plus(MINUTE);
        let mut flows = self.minutes.pop_front().unwrap_or_default();
        // The order of equals is that of making, so that a seed decides it too.
        flows.sort_by_key(|flow| flow.last);
        flows
    }

    /// Whether nothing is left to be told.
    pub(super) fn is_empty(&self) -> bool {
        self.minutes.is_empty()
    }
}
