//! Hours of the day, and days of the week, by a wall clock.

use std::fmt;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::civil::first_shows;

/// Hours of the day: from and to, over midnight where to is not after from. On all days, or on those named; hours over
/// midnight belong to the day they begin on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    from: Time,
    to: Time,
    days: Vec<Weekday>,
}

impl Hours {
    /// All of those days, or of every day when none is named.
    #[must_use]
    pub(crate) fn all_day(days: Vec<Weekday>) -> Hours {
        Hours { from: Time::midnight(), to: Time::midnight(), days }
    }

    /// The same hours on those days alone.
    pub(crate) fn on(self, days: Vec<Weekday>) -> Hours {
        Hours { days, ..self }
    }

    /// Whether the wall clock shows a time within them.
    #[must_use]
    pub fn has(&self, at: DateTime) -> bool {
        let (day, time) = (at.date(), at.time());
        if self.from < self.to {
            return self.is_on(day) && self.from <= time && time < self.to;
        }
        let yesterday = day.yesterday().unwrap_or(day);
        (time >= self.from && self.is_on(day)) || (time < self.to && self.is_on(yesterday))
    }

    /// When they are over, at a moment within them; `None` outside. Hours that never end last for a week.
    pub(crate) fn end_after(&self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        let shown = zone.to_datetime(now);
        if !self.has(shown) {
            return None;
        }
        let mut day = shown.date();
        for _ in 0..=8 {
            for time in [Time::midnight(), self.to] {
                let edge = first_shows(zone, DateTime::from_parts(day, time));
                if edge > now && !self.has(zone.to_datetime(edge)) {
                    return Some(edge);
                }
            }
            day = day.tomorrow().unwrap_or(day);
        }
        now.checked_add(SignedDuration::from_hours(7 * 24)).ok()
    }

    fn is_on(&self, day: Date) -> bool {
        self.days.is_empty() || self.days.contains(&day.weekday())
    }

    /// What the wall clock shows where they begin and end.
    pub(crate) fn edges(&self) -> [Time; 2] {
        [self.from, self.to]
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |time: Time| time.strftime("%H:%M").to_string();
        if self.from != self.to || self.from != Time::midnight() {
            write!(f, "{}-{}", short(self.from), short(self.to))?;
        } else {
            f.write_str("all day")?;
        }
        for (number, day) in self.days.iter().enumerate() {
            let between = if number == 0 { " on " } else { ", " };
            write!(f, "{between}{}", DAYS.iter().find(|(_, one)| one == day).map_or("", |(name, _)| name))?;
        }
        Ok(())
    }
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// `18:00`, to the minute.
pub(crate) fn time(text: &str) -> Result<Time, String> {
    let wrong = || format!("{text:?} is no time of day: write 00:00 to 23:59");
    let (hour, minute) = text.trim().split_once(':').ok_or_else(wrong)?;
    let part = |part: &str| {
        let is_two = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<i8>().ok().filter(|_| is_two)
    };
    match (part(hour), part(minute)) {
        (Some(hour), Some(minute)) => Time::new(hour, minute, 0, 0).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

/// `18:00-08:00`.
pub(crate) fn hours(text: &str) -> Result<Hours, String> {
    let (from, to) = text
        .split_once('-')
        .ok_or_else(|| format!("{text:?} are no hours: write from and to, such as 18:00-08:00"))?;
    Ok(Hours { from: time(from)?, to: time(to)?, days: Vec::new() })
}

/// `mon`.
pub(crate) fn day(text: &str) -> Result<Weekday, String> {
    let found = DAYS.iter().find(|(name, _)| *name == text).map(|(_, day)| *day);
    found.ok_or_else(|| format!("{text:?} is no day: write mon, tue, wed, thu, fri, sat or sun"))
}

/// A time of day in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct OfDay(pub(crate) Time);

impl TryFrom<String> for OfDay {
    type Error = String;
    fn try_from(text: String) -> Result<OfDay, String> {
        time(&text).map(OfDay)
    }
}

/// Hours in a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Span(pub(crate) Hours);

impl TryFrom<String> for Span {
    type Error = String;
    fn try_from(text: String) -> Result<Span, String> {
        hours(&text).map(Span)
    }
}

/// A day of the week in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Day(pub(crate) Weekday);

impl TryFrom<String> for Day {
    type Error = String;
    fn try_from(text: String) -> Result<Day, String> {
        day(&text).map(Day)
    }
}
