//! Where a case stands.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The stages, in the order a bad night goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Something was said; little is known.
    HeadsUp,
    /// A time-boxed closer look is open, usually after a virus sighting.
    Watching,
    /// Enough was said that a proxy or relay is likely. Hearsay ends here.
    Suspected,
    /// Proved by ourselves, or an operator put a name to it.
    Confirmed,
    /// Confirmed, and what the playbook lists is in force at the edge.
    Contained,
    /// Was confirmed; our own probes have failed to prove it for long enough.
    Cleaned,
    /// Done, and quiet since.
    Closed,
    /// An operator said it is nothing.
    Dismissed,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Stage; 8] = [
        Stage::HeadsUp,
        Stage::Watching,
        Stage::Suspected,
        Stage::Confirmed,
        Stage::Contained,
        Stage::Cleaned,
        Stage::Closed,
        Stage::Dismissed,
    ];

    /// The name as it stands in JSON and on pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Stage::HeadsUp => "heads-up",
            Stage::Watching => "watching",
            Stage::Suspected => "suspected",
            Stage::Confirmed => "confirmed",
            Stage::Contained => "contained",
            Stage::Cleaned => "cleaned",
            Stage::Closed => "closed",
            Stage::Dismissed => "dismissed",
        }
    }

    /// Whether the case still wants work; the others are ends.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Stage::Closed | Stage::Dismissed)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Stage {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Stage::ALL
            .into_iter()
            .find(|stage| stage.name() == text)
            .ok_or_else(|| format!("{text:?} is not a stage; the stages are heads-up, watching, suspected, confirmed, contained, cleaned, closed, dismissed"))
    }
}
