//! Times as mails and logs write them.
//!
//! Every line of every mail is asked for its time, so [`clock`] looks for one cheaply first, the two commonest ways to
//! write a time are read by hand, and patterns are tried only around a clock that neither could read.

mod clock;
mod habits;
mod sight;

use std::ops::Range;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use regex::{Captures, Regex};

use crate::zone;

pub(crate) use clock::{epoch, has_clock};
pub(crate) use habits::{Habits, Order};
use sight::{Seen, Sight};

/// A time found in text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stamp {
    pub(crate) civil: DateTime,
    /// The zone, where stated.
    pub(crate) offset: Option<Offset>,
    /// Other offsets that the name of the zone means elsewhere, in minutes; empty where it means one.
    pub(crate) elsewhere: &'static [i32],
    pub(crate) range: Range<usize>,
}

impl Stamp {
    /// The instant, with `offset` where none is stated.
    pub(crate) fn at(&self, offset: Offset) -> Option<Timestamp> {
        self.offset.unwrap_or(offset).to_timestamp(self.civil).ok()
    }

    /// The instant, if the zone is stated.
    pub(crate) fn stated(&self) -> Option<Timestamp> {
        self.offset.and_then(|offset| offset.to_timestamp(self.civil).ok())
    }
}

/// Hours, minutes, perhaps seconds, perhaps AM or PM.
const CLOCK: &str =
    r"(?P<h>\d{1,2}):(?P<mi>\d\d)(?::(?P<s>\d\d)(?:[.,:]\d{1,9})?)?(?:\s?(?P<pm>[AaPp])\.?[Mm]\b\.?)?";
/// What may follow: an offset, `UTC+2`, or letters; comments are left to [`zone`].
const ZONE: &str =
    r"(?:\s*(?P<z>(?:UTC|GMT)?\s?[+-]\d{1,2}:?\d{2}\b|(?:UTC|GMT)[+-]\d{1,2}\b|\(?[A-Z]{1,5}\b\)?))?";

static PATTERNS: LazyLock<Vec<(Sight, Regex)>> = LazyLock::new(|| {
    let month = r"(?P<mon>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?";
    [
        // 19 Jun 2003 17:34:13, 23/Oct/2003:18:13:36, 5-Oct-21 17:37:02
        (Sight::Month, format!(r"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[ \-/]*{month},?[ \-/]*(?P<y>\d{{4}}|\d\d)\b[,:T]?\s*(?:at\s+|-\s+)?{CLOCK}{ZONE}")),
        // Oct, 23 2003 6:13:36 PM, October 23, 2003 18:13:36, Oct-23-03 18:13:36
        (Sight::Month, format!(r"\b{month},?[ \-]+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?[ \-]+(?P<y>\d{{4}}|\d\d),?\s+(?:at\s+)?{CLOCK}{ZONE}")),
        // 2003-10-23T18:13:36Z, 2003/10/23 18:13:36
        (Sight::Numbers, format!(r"\b(?P<y>\d{{4}})[\-/.](?P<n>\d\d)[\-/.](?P<d>\d\d)(?:[T,_]|\s)\s*(?:at\s+|-\s+)?{CLOCK}{ZONE}")),
        // Mon Jan 18 23:57:24 EST 2016, Jan 18 2016 handled above
        (Sight::Month, format!(r"\b{month}\s+(?P<d>\d{{1,2}})\s+{CLOCK}(?:\s+(?P<z>[A-Z]{{1,5}}|[+-]\d{{4}}))?\s+(?P<y>\d{{4}})\b(?:\s*(?P<z2>[+-]\d{{4}}))?")),
        // Jan 18 23:57:24 of a syslog, which leaves the year to the reader (RFC 3164 section 4.1.2)
        (Sight::Month, format!(r"\b{month}\s+(?P<d>\d{{1,2}})\s+{CLOCK}(?:\s*(?P<z>[+-]\d{{4}}|UTC|GMT)\b)?")),
        // 18:13:36 -0400 on 23 Oct 2003
        (Sight::Month, format!(
            r"\b{CLOCK}(?:\s*(?P<z>[+-]\d{{4}}|\(?[A-Z]{{2,5}}\)?))?,?\s+(?:on\s+)?(?:[A-Z][a-z]+,?\s+)?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[ \-/]+{month},?[ \-/]+(?P<y>\d{{4}})\b"
        )),
        // 23.10.2003 18:13:36 and, where only one order is possible, 10/23/2003 18:13:36, 10/23/03-18:13:36
        (Sight::Numbers, format!(r"\b(?P<a>\d{{1,2}})(?P<sep>[./\-])(?P<b>\d{{1,2}})[./\-](?P<y>\d{{4}}|\d\d)(?:,|\s|-|:)\s*(?:-\s+)?{CLOCK}{ZONE}")),
        // date=2003-10-23 time=18:13:36 ... tz="-0400" of FortiGate
        (Sight::Field, format!(r#"\bdate="?(?P<y>\d{{4}})-(?P<n>\d\d)-(?P<d>\d\d)"?,?\s+time="?{CLOCK}(?:.{{0,60}}?\btz="?(?P<z>[+-]\d{{4}}))?"#)),
        // 20031023-18:13:36, 031023 18:13:36 of MySQL
        (Sight::Digits, format!(r"(?:^|[^\d.])(?P<y>\d{{4}}|\d\d)(?P<n>0[1-9]|1[0-2])(?P<d>[0-3]\d)[-T\s]\s?{CLOCK}{ZONE}")),
    ]
    .into_iter()
    .filter_map(|(sight, pattern)| Some((sight, Regex::new(&pattern).ok()?)))
    .collect()
});

/// How far around the first colon of a clock its date and zone may stand.
const BEFORE: usize = 48;
const BEHIND: usize = 110;
/// Clocks of one line that are looked at; hardware addresses look like clocks too.
const CLOCKS: usize = 6;

/// The first time in `text`. `sent` is the moment of the mail, which stands in for a missing year.
pub(crate) fn first(text: &str, sent: Option<Timestamp>) -> Option<Stamp> {
    first_by(text, &Habits { sent, order: None })
}

/// The first time in `text`, by what is known of how its neighbours are written.
pub(crate) fn first_by(text: &str, habits: &Habits) -> Option<Stamp> {
    if let Some(stamp) = clock::epoch(text) {
        return Some(stamp);
    }
    let mut done = 0;
    for colon in clock::colons(text).take(CLOCKS) {
        if colon < done {
            continue;
        }
        let quick = clock::iso(text, colon)
            .or_else(|| clock::syslog(text, colon, habits.sent))
            // Behind another clock, a pattern might have begun there.
            .or_else(|| clock::mail(text, colon).filter(|_| done == 0));
        if let Some(stamp) = quick.or_else(|| around(text, colon, habits)) {
            return Some(stamp);
        }
        done = colon + 4;
    }
    None
}

/// The first time that a pattern finds around a colon.
fn around(text: &str, colon: usize, habits: &Habits) -> Option<Stamp> {
    let start = text.floor_char_boundary(colon.saturating_sub(BEFORE));
    let window = text.get(start..text.floor_char_boundary(colon + BEHIND))?;
    let seen = Seen::of(window);
    let mut stamp = PATTERNS
        .iter()
        .filter(|(sight, _)| seen.has(*sight, window))
        .filter_map(|(_, pattern)| pattern.captures(window).and_then(|found| stamp(window, &found, habits)))
        .min_by_key(|stamp| stamp.range.start)?;
    stamp.range = stamp.range.start + start..stamp.range.end + start;
    Some(stamp)
}

fn stamp(text: &str, found: &Captures<'_>, habits: &Habits) -> Option<Stamp> {
    let whole = found.get(0)?;
    let (month, day) = month_and_day(found, habits.order)?;
    let clock = clock(found)?;
    let civil = match found.name("y") {
        Some(year) => DateTime::from_parts(date(full_year(year.as_str())?, month, day)?, clock),
        None => nearest_year(month, day, clock, habits.sent?)?,
    };
    let named = found.name("z2").or(found.name("z"));
    let zone = named.and_then(|z| zone::offset(z.as_str()));
    let elsewhere = named.map_or(&[][..], |z| zone::elsewhere(z.as_str()));
    // The letters behind a time are often no zone at all (`18:13:36 HOST`): they then do not belong to it.
    let end = if zone.is_some() {
        whole.end()
    } else {
        found.name("z").map_or(whole.end(), |z| z.start().max(whole.start()))
    };
    let bracketed = zone.or_else(|| zone::bracketed(text.get(whole.end()..).unwrap_or_default()));
    Some(Stamp { civil, offset: bracketed, elsewhere, range: whole.start()..end })
}

fn month_and_day(found: &Captures<'_>, order: Option<Order>) -> Option<(i8, i8)> {
    let number = |name: &str| found.name(name).and_then(|field| field.as_str().parse::<i8>().ok());
    if let Some(month) = found.name("mon") {
        return Some((month_number(month.as_str())?, number("d")?));
    }
    if let Some(month) = number("n") {
        return Some((month, number("d")?));
    }
    let (a, b) = (number("a")?, number("b")?);
    match (found.name("sep").map(|sep| sep.as_str()), a, b) {
        (Some("."), day, month) => Some((month, day)),
        (_, day, month) if day > 12 => Some((month, day)),
        (_, month, day) if day > 12 || month == day => Some((month, day)),
        (_, first, second) => match order? {
            Order::DayFirst => Some((second, first)),
            Order::MonthFirst => Some((first, second)),
        },
    }
}

pub(crate) fn month_number(name: &str) -> Option<i8> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let name = name.get(..3)?.to_ascii_lowercase();
    MONTHS.iter().position(|month| *month == name).and_then(|at| i8::try_from(at + 1).ok())
}

fn clock(found: &Captures<'_>) -> Option<Time> {
    let number = |name: &str| found.name(name).and_then(|field| field.as_str().parse::<i8>().ok());
    let hour = number("h")?;
    let hour = match found.name("pm").map(|half| half.as_str().to_ascii_lowercase()) {
        Some(half) if half == "p" && hour < 12 => hour + 12,
        Some(half) if half == "a" && hour == 12 => 0,
        _ => hour,
    };
    // A leap second is the second before it.
    Time::new(hour, number("mi")?, number("s").unwrap_or(0).min(59), 0).ok()
}

pub(crate) fn date(year: i16, month: i8, day: i8) -> Option<Date> {
    Date::new(year, month, day).ok()
}

/// Two digits as RFC 5322 section 4.3 reads them.
fn full_year(digits: &str) -> Option<i16> {
    let year: i16 = digits.parse().ok()?;
    Some(match (digits.len(), year) {
        (2, 0..=49) => year + 2000,
        (2, _) => year + 1900,
        _ => year,
    })
}

/// The latest such date that is not more than a day after the mail.
pub(crate) fn nearest_year(month: i8, day: i8, clock: Time, sent: Timestamp) -> Option<DateTime> {
    let sent = Offset::UTC.to_datetime(sent);
    let latest = sent.checked_add(jiff::Span::new().days(1)).ok()?;
    (0..2)
        .filter_map(|back| Some(DateTime::from_parts(date(sent.year() - back, month, day)?, clock)))
        .find(|candidate| *candidate <= latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> String {
        let sent = "2003-11-01T00:00:00Z".parse().ok();
        first(text, sent)
            .and_then(|stamp| stamp.at(Offset::UTC))
            .map_or("none".to_owned(), |at| at.to_string())
    }

    #[test]
    fn one_moment_in_many_hands() {
        for text in [
            "Thu, 23 Oct 2003 18:13:36 -0400 (EDT)",
            "23 Oct 2003 18:13:36 -0400 (ES",
            " / 23 Oct 2003 18:13:36 -0400 ",
            "Thursday, 23 October 2003 06:13:36 PM -0400",
            "Oct, 23 2003  6:13:36 PM -0400",
            "October 23, 2003 18:13:36 EDT",
            "[23/Oct/2003:18:13:36 -0400] \"GET /",
            "2003-10-23T18:13:36-04:00",
            "2003-10-23 22:13:36 UTC",
            "2003-10-23T22:13:36.120Z",
            "23.10.2003 22:13:36 GMT",
            "10/23/2003 22:13:36 GMT",
            "Thu Oct 23 18:13:36 EDT 2003",
            "at 18:13:36 -0400 on 23 October 2003",
            "06:13:36 PM EDT, Thursday 23rd Oct 2003",
            "23Oct2003 22:13:36 GMT",
            "Oct 23 22:13:36 popoah kernel: DROP",
            "23 Oct 2003 22:13:36 (GMT)",
            "23 Oct 2003 18:13:36 UTC-4",
            "2003/10/23 22:13:36.23 +0000 [error]",
            "Oct-23-03 22:13:36 GMT [SSL-out]",
            "10/23/03 22:13:36 GMT web_php",
            "10/23/2003, 10:13:36 PM GMT",
            "[20031023-22:13:36] UTC", // the zone stands outside the brackets and is that of the test
            "031023 22:13:36 [Warning]",
            "date=2003-10-23 time=18:13:36 devname=x tz=\"-0400\" logid=1",
            "1066947216.123 4 TCP_DENIED",
            "{\"level\":\"info\",\"ts\":1066947216.5}",
            "{\"time\":1066947216123}",
            "type=USER_LOGIN msg=audit(1066947216.415:4063)",
            "00:11:22:33:44:55 Oct 23 22:13:36 host",
        ] {
            assert_eq!(utc(text), "2003-10-23T22:13:36Z", "{text}");
        }
    }

    #[test]
    fn a_day_that_could_be_two_days_is_none() {
        assert_eq!(utc("10/11/2003 22:13:36 GMT"), "none");
    }

    #[test]
    fn neighbours_settle_the_order_of_day_and_month() {
        let told = |other: &str| {
            let line = "10/11/2003 22:13:36 GMT";
            let habits = Habits::of(&format!("{line}\n{other}"), None);
            first_by(line, &habits).and_then(|stamp| stamp.stated()).map(|at| at.to_string())
        };
        assert_eq!(told("23/11/2003 01:00:00").as_deref(), Some("2003-11-10T22:13:36Z"));
        assert_eq!(told("11/23/2003 01:00:00").as_deref(), Some("2003-10-11T22:13:36Z"));
        assert_eq!(told("11/23/2003 01:00:00\n23/11/2003 01:00:00"), None);
        assert_eq!(told(""), None);
    }

    #[test]
    fn names_of_zones_with_several_meanings_say_so() {
        let elsewhere = |text: &str| first(text, None).map(|stamp| stamp.elsewhere.len());
        assert_eq!(elsewhere("2003-10-23 18:13:36 UTC"), Some(0));
        assert_eq!(elsewhere("23 Oct 2003 18:13:36 +0530"), Some(0));
        for name in ["IST", "EST", "CST", "BST"] {
            assert!(
                elsewhere(&format!("2003-10-23 18:13:36 {name}")).is_some_and(|others| others > 0),
                "{name}"
            );
            assert!(
                elsewhere(&format!("23 Oct 2003 18:13:36 {name}")).is_some_and(|others| others > 0),
                "{name}"
            );
        }
    }

    #[test]
    fn a_missing_year_never_lies_ahead_of_the_mail() {
        assert_eq!(utc("Dec 24 10:00:00 host kernel:"), "2002-12-24T10:00:00Z");
    }

    #[test]
    fn letters_behind_a_time_are_not_always_a_zone() {
        let stamp = first("23 Oct 2003 18:13:36 DROP in", None);
        assert!(stamp.is_some_and(|stamp| stamp.offset.is_none()));
    }
}
