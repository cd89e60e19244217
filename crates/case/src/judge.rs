//! Weights: from sightings to log-odds.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Case, Playbook, Stage};

/// What the evidence amounts to at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The stage that follows.
    pub stage: Stage,
    /// Log-odds that the line is an open proxy or relay, by hearsay alone.
    pub hearsay: f64,
    /// Why, in words.
    pub why: String,
}

/// Judges all that is known of `case` at `now`.
#[must_use]
pub fn judge(case: &Case, playbook: &Playbook, now: Timestamp) -> Judgement {
    let _ = (case, playbook, now);
    Judgement { stage: Stage::HeadsUp, hearsay: 0.0, why: String::new() }
}
