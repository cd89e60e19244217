//! Time zones as offsets: numbers, the names RFC 5322 section 4.3 gives a meaning, and a few that mean one thing only.

use std::sync::LazyLock;

use jiff::tz::Offset;
use regex::Regex;

/// Names that mean one offset. IST, BST and others with several meanings are left out: unknown is better than wrong.
const NAMES: [(&str, i32); 27] = [
    ("Z", 0),
    ("UT", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("WET", 0),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("CET", 60),
    ("MET", 60),
    ("MEZ", 60),
    ("WEST", 60),
    ("CEST", 120),
    ("MEST", 120),
    ("MESZ", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("JST", 540),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
];

/// Names that mean something else elsewhere, with those other offsets in minutes: EST and EDT of Australia, CST of China,
/// Cuba and Australia; IST of India, Israel and Ireland; BST of Britain and Bangladesh; others of the IANA time zone
/// database that clash. Where one of them is the offset of the mail itself, that one is meant.
const ELSEWHERE: [(&str, &[i32]); 9] = [
    ("EST", &[600, 660, -180]),
    ("EDT", &[660]),
    ("CST", &[480, 570, 630]),
    ("MST", &[480, 390]),
    ("PST", &[480]),
    ("IST", &[330, 120, 60, 180]),
    ("BST", &[60, 360]),
    ("AST", &[-240, 180]),
    ("SST", &[480, -660]),
];

/// The offsets, in minutes, that the name of a zone means besides the one [`offset`] gives.
pub(crate) fn elsewhere(words: &str) -> &'static [i32] {
    let words = words.trim().trim_matches(['(', ')']);
    ELSEWHERE.iter().find(|(name, _)| words.eq_ignore_ascii_case(name)).map_or(&[], |(_, offsets)| offsets)
}

/// The offset that `words` state: `-0400`, `+02:00`, `GMT`, `(EST)`, `UTC+2`.
pub(crate) fn offset(words: &str) -> Option<Offset> {
    let words = words.trim().trim_matches(['(', ')']);
    if let Some((_, minutes)) = NAMES.iter().find(|(name, _)| words.eq_ignore_ascii_case(name)) {
        return Offset::from_seconds(minutes * 60).ok();
    }
    let bare = words.trim_start_matches("UTC").trim_start_matches("GMT").trim_start();
    let sign = match bare.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
    let number: i32 = digits.parse().ok()?;
    let minutes = if digits.len() <= 2 { number * 60 } else { number / 100 * 60 + number % 100 };
    (digits.len() <= 4 && minutes <= 14 * 60).then_some(())?;
    Offset::from_seconds(sign * minutes * 60).ok()
}

/// A zone in brackets right behind a time.
pub(crate) fn bracketed(rest: &str) -> Option<Offset> {
    let inside = rest.trim_start().strip_prefix('(')?;
    offset(inside.get(..inside.find(')')?)?)
}

static PROSE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r"(UTC\s?[+-]\d{1,4}|GMT\s?[+-]\d{1,4}|[+-]\d{2}:?\d{2}|[A-Z]{2,4}\b)";
    Regex::new(&format!(
        r"(?i)(?:time\s?zone(?:\s+is|\s+of\s+the\s+logs?\s+is)?\s*[:=]?|(?:times?|timestamps?|dates?|logs?)\s+(?:stamps?\s+)?(?:are|is|in)(?:\s+all)?(?:\s+(?:in|given in|shown in))?|times? in)\s+(?-i:{name})"
    ))
    .ok()
});

/// A zone stated once in prose for all times of a text ("Time Zone: UTC", "all times are GMT"). Two that differ are none.
pub(crate) fn in_prose(text: &str) -> Option<Offset> {
    let mut stated = PROSE.as_ref()?.captures_iter(text).filter_map(|found| offset(found.get(1)?.as_str()));
    let first = stated.next()?;
    stated.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_states_one_zone_or_none() {
        let hours = |text: &str| in_prose(text).map(|offset| offset.seconds() / 3600);
        assert_eq!(hours("Source IP: x\nTime Zone: UTC\n"), Some(0));
        assert_eq!(hours("All times are GMT."), Some(0));
        assert_eq!(hours("timestamps are in UTC+2, thanks"), Some(2));
        assert_eq!(hours("times are EST"), Some(-5));
        assert_eq!(hours("Time Zone: UTC\nTime Zone: PST"), None);
        assert_eq!(hours("the time is near"), None);
    }
}
