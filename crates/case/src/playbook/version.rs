//! Which playbook it was.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How much of the hash names a playbook: twelve hex digits, as much as people compare.
const DIGITS: usize = 12;

/// The number a playbook gives itself, and the beginning of the SHA-256 of its text as `sha256sum` prints it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PlaybookVersion {
    /// The number.
    pub number: u32,
    /// The first twelve hex digits of the hash.
    pub hash: String,
}

impl PlaybookVersion {
    /// The version of a text that says it is `number`.
    #[must_use]
    pub fn of(number: u32, text: &str) -> PlaybookVersion {
        let sum = Sha256::digest(text.as_bytes());
        let hex: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        PlaybookVersion { number, hash: hex.chars().take(DIGITS).collect() }
    }
}

impl fmt::Display for PlaybookVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.number, self.hash)
    }
}
