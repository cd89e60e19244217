//! Whether a line's firewall is in force.

use std::fmt;

use case::Transport;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether it is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Ports that the profile closes do not answer, while the line lives.
    InForce,
    /// Machines inside answer strangers at ports that nobody opens on purpose.
    NotInForce,
    /// Some ports answer that the profile closes; a person or a program inside may have opened them. No accusation.
    Hole,
    /// Not enough was seen.
    Unknown,
    /// We provide no firewall there, or cannot see it: it is the customer's own, or the line is behind our translator.
    NotApplicable,
}

impl State {
    /// All of them.
    pub const ALL: [State; 5] =
        [State::InForce, State::NotInForce, State::Hole, State::Unknown, State::NotApplicable];

    /// In words, as on pages and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::InForce => "in force",
            State::NotInForce => "not in force",
            State::Hole => "hole",
            State::Unknown => "unknown",
            State::NotApplicable => "not applicable",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What there is to say of a line's firewall, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it is in force.
    pub state: State,
    /// The ports it rests on, sorted: those that answer, where any does.
    pub ports: Vec<(Transport, u16)>,
    /// When the first of what it rests on was seen.
    pub since: Option<Timestamp>,
    /// Why, in a sentence for people.
    pub why: String,
}
