//! Times read by hand: a cheap look for a clock, and the two ways in which most lines write one.

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::Offset;

use super::{Stamp, date, month_number, nearest_year};
use crate::zone;

/// Where a digit, a colon and two digits follow each other.
pub(super) fn colons(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    memchr::memchr_iter(b':', bytes)
        .filter(move |&at| at > 0 && digit(at - 1) && digit(at + 1) && digit(at + 2))
}

/// Whether there is a clock (hours, minutes, seconds) in `text`.
pub(crate) fn has_clock(text: &str) -> bool {
    let bytes = text.as_bytes();
    let colon = |at: usize| bytes.get(at) == Some(&b':');
    colons(text)
        .any(|at| colon(at + 3) && bytes.get(at + 4).is_some_and(u8::is_ascii_digit) && !colon(at + 6))
}

fn number(text: &str, at: usize, length: usize) -> Option<i16> {
    let digits = text.get(at..at + length)?;
    digits.bytes().all(|c| c.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

fn small(text: &str, at: usize) -> Option<i8> {
    number(text, at, 2).and_then(|number| i8::try_from(number).ok())
}

/// Hours, minutes and seconds around `colon`, two digits each; a leap second is the second before it.
fn time(text: &str, colon: usize) -> Option<Time> {
    let seconds =
        text.get(colon + 3..).filter(|rest| rest.starts_with(':')).and_then(|_| small(text, colon + 4))?;
    Time::new(small(text, colon.checked_sub(2)?)?, small(text, colon + 1)?, seconds.min(59), 0).ok()
}

/// `2003-10-23T18:13:36.120-04:00` (RFC 3339), also with a blank and with slashes.
pub(super) fn iso(text: &str, colon: usize) -> Option<Stamp> {
    let start = colon.checked_sub(13)?;
    let bytes = text.as_bytes();
    let mark = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|byte| wanted.contains(byte));
    let fits = mark(start + 4, b"-/") && mark(start + 7, b"-/") && mark(start + 10, b"T ");
    if !fits || start > 0 && bytes.get(start - 1).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let day = date(number(text, start, 4)?, small(text, start + 5)?, small(text, start + 8)?)?;
    let civil = DateTime::from_parts(day, time(text, colon)?);
    let mut end = colon + 6;
    if mark(end, b".,:") && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end += 1;
        while bytes.get(end).is_some_and(u8::is_ascii_digit) {
            end += 1;
        }
    }
    let rest = text.get(end..)?;
    // AM and PM are left to the patterns.
    let half = rest
        .trim_start()
        .get(..2)
        .is_some_and(|half| half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm"));
    if half {
        return None;
    }
    let (offset, elsewhere, length) = zone_behind(rest);
    Some(Stamp { civil, offset, elsewhere, range: start..end + length })
}

/// The zone at the beginning of `rest`, what else its name means, and how long it is.
fn zone_behind(rest: &str) -> (Option<Offset>, &'static [i32], usize) {
    let trimmed = rest.trim_start_matches([' ', '(']);
    let skipped = rest.len() - trimmed.len();
    let numeric = trimmed.starts_with(['+', '-']);
    let length = if numeric {
        trimmed.bytes().take_while(|&c| c.is_ascii_digit() || matches!(c, b'+' | b'-' | b':')).count()
    } else {
        trimmed.bytes().take_while(u8::is_ascii_uppercase).count()
    };
    let word = trimmed.get(..length).unwrap_or_default();
    let ends =
        !trimmed.get(length..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
    // `UTC+2` is one word; `- 1` and `-5` are something else.
    let plausible = ends && skipped <= 2 && if numeric { length >= 5 } else { (1..=5).contains(&length) };
    let follows = trimmed.get(length..).is_some_and(|rest| rest.starts_with(['+', '-']));
    if !plausible || follows && matches!(word, "UTC" | "GMT") {
        return (follows.then(|| zone_of_name(trimmed)).flatten(), &[], 0);
    }
    let offset = zone::offset(word);
    (offset, zone::elsewhere(word), if offset.is_some() { skipped + length } else { 0 })
}

/// `UTC+2`, `GMT-04:00`.
fn zone_of_name(words: &str) -> Option<Offset> {
    let length =
        words.bytes().take_while(|&c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b':')).count();
    zone::offset(words.get(..length)?)
}

/// `Oct 23 18:13:36 host` of a syslog (RFC 3164 section 4.1.2). Where a year follows, the patterns know better.
pub(super) fn syslog(text: &str, colon: usize, sent: Option<Timestamp>) -> Option<Stamp> {
    let hour = colon.checked_sub(2)?;
    let before = text.get(..hour)?.strip_suffix(' ')?;
    let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
    let day: i8 = before.get(before.len().checked_sub(digits)?..)?.parse().ok()?;
    let before = before.get(..before.len() - digits)?;
    let named = before.trim_end_matches(' ');
    let start = named.len().checked_sub(3)?;
    let month = month_number(named.get(start..)?)?;
    let joined =
        start > 0 && !text.get(..start)?.ends_with([' ', '\t', '[', '(', '<', '>', '"', '|', ',', ':']);
    let rest = text.get(colon + 6..).unwrap_or_default();
    let near = rest.get(..rest.floor_char_boundary(12)).unwrap_or_default();
    let day_in_front = text.get(..start)?.trim_end().ends_with(|c: char| c.is_ascii_digit());
    if joined
        || digits > 2
        || named.len() == before.len()
        || near.contains(" 20")
        || near.contains(" 19")
        || day_in_front
    {
        return None;
    }
    if near.trim_start().starts_with(['+', '-'])
        || near.contains("UTC")
        || near.contains("GMT")
        || near.contains('M')
    {
        return None;
    }
    let civil = nearest_year(month, day, time(text, colon)?, sent?)?;
    Some(Stamp { civil, offset: None, elsewhere: &[], range: start..colon + 6 })
}

/// `19 Jun 2003 17:34:13 -0400` (RFC 5322 section 3.3), as in the header fields of every mail. What is written in any other
/// way, by a blank, is left to the patterns; these would say the same of this one.
pub(super) fn mail(text: &str, colon: usize) -> Option<Stamp> {
    let hour = colon.checked_sub(2)?;
    let named = hour.checked_sub("Jun 2003 ".len())?;
    let (month, rest) = text.get(named..hour)?.split_at_checked(3)?;
    let [first, others @ ..] = month.as_bytes() else { return None };
    let as_name = first.is_ascii_uppercase() && others.iter().all(u8::is_ascii_lowercase);
    let spaced = as_name && rest.starts_with(' ') && rest.ends_with(' ');
    let before = text.get(..named)?.strip_suffix(' ').filter(|_| spaced)?;
    let digits = before.bytes().rev().take(3).take_while(u8::is_ascii_digit).count();
    let start = before.len() - digits;
    let joined = before.get(..start)?.ends_with(|c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii());
    let day: i8 = before.get(start..)?.parse().ok().filter(|_| digits <= 2 && !joined)?;
    let day = date(number(text, named + 4, 4)?, month_number(month)?, day)?;
    let civil = DateTime::from_parts(day, time(text, colon)?);
    let (zone, ends) = zone_of_mail(text.get(colon + 6..)?)?;
    // A zone that is none is for the patterns to judge.
    let offset = if zone.is_empty() { None } else { Some(zone::offset(zone)?) };
    Some(Stamp { civil, offset, elsewhere: zone::elsewhere(zone), range: start..colon + 6 + ends })
}

/// The zone behind such a time and where it ends: an offset, a name, or nothing at the end of the text. None where something
/// else follows, or goes on.
fn zone_of_mail(rest: &str) -> Option<(&str, usize)> {
    if rest.is_empty() {
        return Some(("", 0));
    }
    let rest = rest.strip_prefix(' ')?;
    let offset = rest.get(..5).filter(|zone| {
        zone.starts_with(['+', '-']) && zone.bytes().skip(1).all(|byte| byte.is_ascii_digit())
    });
    let letters = rest.bytes().take_while(u8::is_ascii_uppercase).count();
    let name = || rest.get(..letters).filter(|name| (1..=5).contains(&name.len()));
    let zone = offset.or_else(name)?;
    let behind = rest.get(zone.len()..)?;
    let goes_on = |c: char| c.is_alphanumeric() || !c.is_ascii() || matches!(c, '_' | '+' | '-' | ')');
    let signed = behind.trim_start().starts_with(['+', '-']) && letters > 0;
    (!behind.starts_with(goes_on) && !signed).then_some((zone, 1 + zone.len()))
}

/// What stands in front of seconds since 1970: the line's beginning, or a key.
const KEYS: [&str; 10] = [
    "\"ts\":",
    "\"time\":",
    "\"timestamp\":",
    "\"epoch\":",
    "audit(",
    "\"@timestamp\":",
    "ts=",
    "time=",
    "timestamp=",
    "[",
];

/// Seconds since 1970, perhaps with a fraction, or milliseconds, at the beginning of a line or behind a key.
pub(crate) fn epoch(text: &str) -> Option<Stamp> {
    let begins = text.starts_with(|c: char| c.is_ascii_digit() || c == '[');
    let keyed = || {
        KEYS.iter()
            .take(9)
            .find_map(|key| Some(memchr::memmem::find(text.as_bytes(), key.as_bytes())? + key.len()))
    };
    let start = if begins {
        usize::from(text.starts_with('['))
    } else if text.starts_with('{')
        || text.starts_with("type=")
        || text.starts_with("ts=")
        || text.starts_with("time=")
    {
        keyed()?
    } else {
        return None;
    };
    let start = start + usize::from(text.get(start..)?.starts_with('"'));
    let digits = text.get(start..)?.bytes().take(14).take_while(u8::is_ascii_digit).count();
    let number: i64 = text.get(start..start + digits)?.parse().ok()?;
    let seconds = match digits {
        10 => number,
        13 => number / 1000,
        _ => return None,
    };
    // A number before 2001 has nine digits, and one after 2096 is somebody's identifier.
    let plausible = (1_000_000_000..4_000_000_000).contains(&seconds);
    let ends =
        !text.get(start + digits..)?.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '/');
    let civil = Offset::UTC.to_datetime(Timestamp::from_second(seconds).ok().filter(|_| plausible && ends)?);
    Some(Stamp { civil, offset: Some(Offset::UTC), elsewhere: &[], range: start..start + digits })
}
