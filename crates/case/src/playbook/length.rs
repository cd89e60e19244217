//! Lengths of time as people write them: `30s`, `10m`, `6h`, `14d`.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer};

/// The longest that is taken: ten years.
const LONGEST: i64 = 10 * 366 * 86_400;

const UNITS: [(&str, i64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// A length of time of at least a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length(pub SignedDuration);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let fits = |(_, size): &&(&str, i64)| seconds % size == 0 && seconds >= *size;
        // As everybody says 48 hours and 14 days.
        let whole_days = seconds % 86_400 == 0 && seconds > 3 * 86_400;
        let units = if whole_days { UNITS.get(..) } else { UNITS.get(1..) };
        let (unit, size) = units.unwrap_or_default().iter().find(fits).copied().unwrap_or(("s", 1));
        write!(f, "{}{unit}", seconds / size)
    }
}

impl FromStr for Length {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no length of time; write a number and s, m, h or d, such as 30m or 14d");
        let text = text.trim();
        let (unit, size) = UNITS.iter().find(|(unit, _)| text.ends_with(unit)).ok_or_else(wrong)?;
        let number: i64 = text.strip_suffix(unit).unwrap_or(text).trim().parse().map_err(|_| wrong())?;
        let seconds = number.checked_mul(*size).filter(|seconds| (1..=LONGEST).contains(seconds));
        seconds.map(|seconds| Length(SignedDuration::from_secs(seconds))).ok_or_else(wrong)
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_they_are_read() {
        for text in ["30s", "90m", "24h", "48h", "72h", "14d", "7d", "25h"] {
            assert_eq!(text.parse::<Length>().expect("a length").to_string(), text);
        }
        for text in ["", "h", "-1h", "0s", "1 week", "99999d"] {
            assert!(text.parse::<Length>().is_err(), "{text}");
        }
    }
}
