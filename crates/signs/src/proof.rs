//! Flows kept to prove a sign.

use flow::Flow;

/// How many are kept.
pub(crate) const KEPT: usize = 8;

/// The first four flows and the last four.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proof {
    flows: Vec<Flow>,
    turn: u8,
}

impl Proof {
    pub(crate) fn add(&mut self, flow: &Flow) {
        let same = |kept: &&mut Flow| {
            kept.first == flow.first && kept.source == flow.source && kept.source_port == flow.source_port
        };
        if let Some(kept) = self.flows.iter_mut().find(same) {
            *kept = *flow;
        } else if self.flows.len() < KEPT {
            self.flows.push(*flow);
        } else if let Some(kept) = self.flows.get_mut(KEPT / 2 + usize::from(self.turn % 4)) {
            *kept = *flow;
            self.turn = self.turn.wrapping_add(1);
        }
    }

    /// In order of time.
    pub(crate) fn flows(&self) -> Vec<Flow> {
        let mut flows = self.flows.clone();
        flows.sort_by_key(|flow| flow.first);
        flows
    }
}
