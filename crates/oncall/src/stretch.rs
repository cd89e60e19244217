//! Lengths of time as `oncall.toml` writes them: `30s`, `10m`, `6h`, `14d`.

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer};

/// A length of time from nothing to a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch(pub(crate) SignedDuration);

const UNITS: [(&str, i64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
const LONGEST: i64 = 366 * 86_400;

impl<'de> Deserialize<'de> for Stretch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        read(&text).map(Stretch).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "{text:?} is no length of time: write a number and s, m, h or d, such as 10m"
            ))
        })
    }
}

fn read(text: &str) -> Option<SignedDuration> {
    let (unit, size) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
    let number: i64 = text.strip_suffix(unit)?.trim().parse().ok()?;
    let seconds = number.checked_mul(*size).filter(|seconds| (0..=LONGEST).contains(seconds))?;
    Some(SignedDuration::from_secs(seconds))
}

/// A length in words: `10 min`, `2 h`.
pub(crate) fn in_words(length: SignedDuration) -> String {
    let seconds = length.as_secs();
    match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => format!("{} d", s / 86_400),
        s if s >= 3_600 && s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s >= 60 && s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
