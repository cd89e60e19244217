//! Figures as words: what a tired person reads without reckoning.

use jiff::{SignedDuration, Timestamp};

/// A span in at most two units: `40 s`, `41 min`, `2 h 10 min`, `3 d 4 h`. A negative span is told by its size.
pub(crate) fn span(span: SignedDuration) -> String {
    let seconds = span.as_secs().unsigned_abs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => two(hours, "h", minutes % 60, "min"),
        (days, hours, _) => two(days, "d", hours % 24, "h"),
    }
}

fn two(big: u64, big_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 { format!("{big} {big_unit}") } else { format!("{big} {big_unit} {small} {small_unit}") }
}

/// How pressing a clock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Press {
    /// It ran out.
    Over,
    /// Less than half an hour is left.
    Soon,
    /// There is time.
    Calm,
    /// Nothing is due.
    None,
}

impl Press {
    /// The class the style sheet knows.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Press::Over => "over",
            Press::Soon => "soon",
            Press::Calm => "calm",
            Press::None => "none",
        }
    }
}

/// A clock in words: `41 min left`, `2 h overdue`, `no clock`.
pub(crate) fn left(now: Timestamp, due: Option<Timestamp>) -> (String, Press) {
    let Some(due) = due else { return ("no clock".to_owned(), Press::None) };
    let left = due.duration_since(now);
    if left.as_secs() <= 0 {
        return (format!("{} overdue", span(left)), Press::Over);
    }
    let press = if left < SignedDuration::from_mins(30) { Press::Soon } else { Press::Calm };
    (format!("{} left", span(left)), press)
}

/// How long ago: `12 min ago`; for a moment to come, `in 12 min`.
pub(crate) fn ago(now: Timestamp, then: Timestamp) -> String {
    let since = now.duration_since(then);
    if since.is_negative() { format!("in {}", span(since)) } else { format!("{} ago", span(since)) }
}

/// A moment for people, always UTC, to the minute.
pub(crate) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// The moment somebody wrote: `2026-11-23T02:14:00Z`, or without seconds or zone, as a browser's field for date and time
/// sends it. Ours is UTC, as everywhere on these pages.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let bare = text.strip_suffix('Z').unwrap_or(text);
    text.parse().or_else(|_| format!("{bare}:00Z").parse()).ok()
}

/// A moment for `<time datetime>`.
pub(crate) fn machine(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `1 case`, `2 cases`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// A port with its protocol: `3128/tcp`.
pub(crate) fn port(port: u16, protocol: u8) -> String {
    // IANA's protocol numbers.
    match protocol {
        6 => format!("{port}/tcp"),
        17 => format!("{port}/udp"),
        1 | 58 => "icmp".to_owned(),
        other => format!("{port}/ip{other}"),
    }
}

/// A number of bytes in the largest unit that leaves a figure before the point: `900 B`, `1.2 kB`, `70.0 MB`.
pub(crate) fn bytes(bytes: u64) -> String {
    let units = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    let fits = units.into_iter().find(|(size, _)| bytes >= *size);
    fits.map_or_else(
        || format!("{bytes} B"),
        |(size, unit)| format!("{}.{} {unit}", bytes / size, bytes % size * 10 / size),
    )
}

/// The text with a capital at its beginning and a full stop at its end.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    let rest = letters.as_str();
    let stop = if text.trim().ends_with(['.', '!', '?']) || text.trim().is_empty() { "" } else { "." };
    format!("{first}{rest}{stop}")
}

/// The text for the value of a query parameter (RFC 3986 section 2.3: only the unreserved stay as they are).
pub(crate) fn for_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// The text for a log line: control characters and the like are escaped.
pub(crate) fn printable(text: &str) -> String {
    text.escape_debug().to_string()
}

/// The text for a page: characters that turn the direction of what follows, or cannot be seen, are written out, so that
/// a line reads in the order it was written. Newline and tab stay.
pub(crate) fn plain(text: &str) -> String {
    let hidden = |letter: char| {
        matches!(letter,
            '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
            || (letter.is_control() && letter != '\n' && letter != '\t')
    };
    if !text.chars().any(hidden) {
        return text.to_owned();
    }
    let show = |letter: char| match hidden(letter) {
        true => format!("[U+{:04X}]", u32::from(letter)),
        false => letter.to_string(),
    };
    text.chars().map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_clock_is_told_in_words() {
        let now = at("2026-11-23T03:00:00Z");
        let told = |due: &str| left(now, Some(at(due)));
        assert_eq!(told("2026-11-23T03:41:00Z"), ("41 min left".to_owned(), Press::Calm));
        assert_eq!(told("2026-11-23T03:29:59Z"), ("29 min left".to_owned(), Press::Soon));
        assert_eq!(told("2026-11-23T01:00:00Z"), ("2 h overdue".to_owned(), Press::Over));
        assert_eq!(told("2026-11-26T07:30:00Z"), ("3 d 4 h left".to_owned(), Press::Calm));
        assert_eq!(told("2026-11-23T03:00:00Z"), ("0 s overdue".to_owned(), Press::Over));
        assert_eq!(left(now, None).1, Press::None);
    }

    #[test]
    fn what_turns_the_reading_direction_is_written_out() {
        assert_eq!(plain("invoice\u{202E}fdp.exe\n\tend"), "invoice[U+202E]fdp.exe\n\tend");
        assert_eq!(plain("Müller \u{200B}x\u{7}"), "Müller [U+200B]x[U+0007]");
    }

    #[test]
    fn a_query_value_keeps_nothing_that_means_something_in_an_address() {
        assert_eq!(for_query("/case/ND-1?a=b&c=é"), "%2Fcase%2FND-1%3Fa%3Db%26c%3D%C3%A9");
    }
}
