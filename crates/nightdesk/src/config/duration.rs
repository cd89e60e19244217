//! Lengths of time as people write them: `30s`, `10m`, `6h`, `14d`.

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) SignedDuration);

impl Span {
    pub(crate) const fn secs(seconds: i64) -> Self {
        Span(SignedDuration::from_secs(seconds))
    }

    pub(crate) const fn hours(hours: i64) -> Self {
        Span(SignedDuration::from_hours(hours))
    }

    /// As the standard library has it, for timers.
    pub(crate) fn std(self) -> std::time::Duration {
        self.0.unsigned_abs()
    }
}

const UNITS: [(&str, i64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.as_secs();
        let fits = |(_, size): &&(&str, i64)| seconds % size == 0 && seconds >= *size;
        let (unit, size) = UNITS.iter().find(fits).copied().unwrap_or(("s", 1));
        write!(f, "{}{unit}", seconds / size)
    }
}

impl std::str::FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no length of time; write a number and s, m, h or d, such as 30s or 14d");
        let text = text.trim();
        let (unit, size) = UNITS.iter().find(|(unit, _)| text.ends_with(unit)).ok_or_else(wrong)?;
        let number: i64 = text.strip_suffix(unit).unwrap_or(text).trim().parse().map_err(|_| wrong())?;
        let seconds = number.checked_mul(*size).filter(|seconds| (0..=10 * 366 * 86_400).contains(seconds));
        seconds.map(Span::secs).ok_or_else(wrong)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
