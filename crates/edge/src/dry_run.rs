//! The outlet that changes nothing: an edge kept in memory, for demos and for looking before leaping.

use case::{InForce, Plan, Receipt};
use jiff::{SignedDuration, Timestamp};

use crate::diff::{self, Change, Edge, Standing};
use crate::guard::{Config, Guard};

/// Behaves as the real thing would, guard rails and expiry included, and only says what it would have done.
#[derive(Debug)]
pub struct DryRun {
    guard: Guard,
    edge: Edge,
    said: Vec<String>,
}

impl DryRun {
    /// An empty edge in memory.
    #[must_use]
    pub fn new(config: Config) -> Self {
        DryRun { guard: Guard::new(config), edge: Edge::new(), said: Vec::new() }
    }

    pub(crate) fn said(&self) -> &[String] {
        &self.said
    }

    pub(crate) fn read(&mut self, now: Timestamp) -> Vec<InForce> {
        self.lapse(now);
        diff::in_force(&self.edge)
    }

    pub(crate) fn reconcile(&mut self, plan: &Plan, now: Timestamp) -> Receipt {
        self.lapse(now);
        let judged = self.guard.judge(plan, &diff::since(&self.edge), now);
        let change = Change::between(&judged.admitted, &self.edge, SignedDuration::ZERO);
        self.apply(&change, now);
        self.said = change.lines("would ");
        let new: Vec<_> = change.add.iter().map(|rule| rule.key).collect();
        self.guard.note(&diff::since(&self.edge), &new, now);
        Receipt {
            outlet: "dry-run".to_owned(),
            at: now,
            added: change.touched(),
            removed: change.remove,
            in_force: diff::in_force(&self.edge),
            refused: judged.refused,
            by_hand: Vec::new(),
        }
    }

    /// What the kernel would do by itself.
    fn lapse(&mut self, now: Timestamp) {
        self.edge.retain(|_, standing| standing.until.is_some_and(|until| until > now));
    }

    fn apply(&mut self, change: &Change, now: Timestamp) {
        for key in &change.remove {
            self.edge.remove(key);
        }
        for rule in change.add.iter().chain(&change.move_end) {
            let since = self.edge.get(&rule.key).and_then(|standing| standing.since).or(Some(now));
            self.edge.insert(rule.key, Standing { until: Some(rule.until), since });
        }
    }
}
