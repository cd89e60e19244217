//! When a line was written.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use super::Wrong;

/// What times are read with.
#[derive(Debug)]
pub(super) struct Stamps {
    pub(super) zone: Option<TimeZone>,
    pub(super) written: Timestamp,
}

impl Stamps {
    /// The time at the beginning of a line, after a priority and a version (RFC 5424 section 6.2): RFC 3339, or one of
    /// the civil forms of [`civil`].
    pub(super) fn of(&self, line: &str) -> Result<Timestamp, Wrong> {
        let line = line.trim_start();
        let line =
            line.strip_prefix('<').and_then(|rest| rest.split_once('>')).map_or(line, |(_, rest)| rest);
        let line = line.strip_prefix("1 ").unwrap_or(line).trim_start();
        let first = line.split_ascii_whitespace().next().unwrap_or_default();
        if let Ok(time) = first.parse::<Timestamp>() {
            return Ok(time);
        }
        let (time, utc) = civil(line, self.year(line)).ok_or_else(|| {
            ("the line does not say when".to_owned(), "log with a time in front".to_owned())
        })?;
        self.place(time, utc)
    }

    /// A civil time in the configured zone, or in UTC where the line says so.
    pub(super) fn place(&self, time: DateTime, utc: bool) -> Result<Timestamp, Wrong> {
        let zone = if utc { Some(&TimeZone::UTC) } else { self.zone.as_ref() };
        let Some(zone) = zone else {
            let what = format!("the time {time} does not say its offset from UTC");
            return Err((what, "say the log's time zone (--zone, or zone in the source's table)".to_owned()));
        };
        // In the hour that a clock is set back over, both are meant: which of them is not known.
        let placed = zone.to_ambiguous_zoned_datetime(time).unambiguous();
        placed.map(|zoned| zoned.timestamp()).map_err(|_| {
            let what = format!("the time {time} is there twice or not at all, when the clocks are changed");
            (what, "log in UTC".to_owned())
        })
    }

    /// The year of a time without one: the latest that does not put it more than a day after the log was written.
    fn year(&self, line: &str) -> i16 {
        let latest =
            self.written.saturating_add(jiff::SignedDuration::from_hours(24)).unwrap_or(self.written);
        let latest = Offset::UTC.to_datetime(latest);
        match civil(line, latest.year()) {
            Some((time, _)) if time > latest => latest.year().saturating_sub(1),
            _ => latest.year(),
        }
    }
}

/// `2026-10-31 04:46:04`, `2026 Oct 31 04:46:04`, `Oct 31 04:46:04 2026` or `Oct 31 04:46:04`, of the year `year`; and
/// whether the word UTC follows.
pub(super) fn civil(text: &str, year: i16) -> Option<(DateTime, bool)> {
    let words: Vec<&str> = text.split_ascii_whitespace().take(5).collect();
    let utc = |index: usize| matches!(words.get(index), Some(&("UTC" | "Z" | "GMT")));
    let (date, at) = match *words.as_slice() {
        [date, ..] if date.len() == 10 && date.contains('-') => (date.parse().ok()?, 1),
        [year, month, day, ..] if year.len() == 4 && month_of(month).is_some() => {
            (Date::new(year.parse().ok()?, month_of(month)?, day.parse().ok()?).ok()?, 3)
        }
        [month, day, _, stated, ..] if month_of(month).is_some() => {
            let year = stated.parse().ok().filter(|year| (1990..2200).contains(year)).unwrap_or(year);
            (Date::new(year, month_of(month)?, day.parse().ok()?).ok()?, 2)
        }
        _ => return None,
    };
    let clock = words.get(at)?.trim_end_matches([':', '-', ',']);
    let mut parts = clock.splitn(3, ':');
    let mut part = || parts.next().and_then(|part| part.split('.').next()?.parse::<i8>().ok());
    let time = Time::new(part()?, part()?, part()?, 0).ok()?;
    Some((date.to_datetime(time), utc(at.saturating_add(1))))
}

fn month_of(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    i8::try_from(MONTHS.iter().position(|month| *month == word)?).ok()?.checked_add(1)
}
