//! How pressing a page is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How pressing a page is; the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Tomorrow will do.
    Low,
    /// Somebody should look within the hour.
    Normal,
    /// Somebody must look now.
    Urgent,
}

impl Severity {
    /// All, the least first.
    pub const ALL: [Severity; 3] = [Severity::Low, Severity::Normal, Severity::Urgent];

    /// The name as it stands in files and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Normal => "normal",
            Severity::Urgent => "urgent",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
