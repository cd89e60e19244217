//! One layer of a schedule: people who take turns.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::civil::first_shows;
use crate::{Hours, Name};

/// People who take turns by the calendar.
///
/// Turn `k` is that of person `k` (from the first again after the last) and begins when the wall clock first shows the
/// hand-over time, or a later one, on the first day plus `k` times so many days. So a turn is as long as the calendar
/// says, an hour longer or shorter when the clocks change; and a day that a time zone left out (Pacific/Apia,
/// 2011-12-30) is nobody's turn to miss: its turn lasts from midnight to the next hand-over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) people: Vec<Name>,
    /// How many days a turn lasts; nothing: the first person for ever.
    pub(crate) days: Option<u16>,
    pub(crate) hand_over: Time,
    pub(crate) first_day: Date,
    /// The day of its last hand-over, where it ends.
    pub(crate) last_day: Option<Date>,
    /// When it has somebody on duty at all.
    pub(crate) hours: Option<Hours>,
}

impl Layer {
    /// Who of this layer is on duty.
    pub(crate) fn who(&self, zone: &TimeZone, at: Timestamp) -> Option<&Name> {
        let civil = zone.to_datetime(at);
        if at < self.hand_over_on(zone, self.first_day) {
            return None;
        }
        if self.last_day.is_some_and(|last| at >= self.hand_over_on(zone, last)) {
            return None;
        }
        if self.hours.as_ref().is_some_and(|hours| !hours.has(civil)) {
            return None;
        }
        let people = i64::try_from(self.people.len()).ok().filter(|people| *people > 0)?;
        let turn = self.turn(zone, at, civil.date());
        self.people.get(usize::try_from(turn.rem_euclid(people)).ok()?)
    }

    /// The number of the turn at a moment.
    fn turn(&self, zone: &TimeZone, at: Timestamp, today: Date) -> i64 {
        let Some(days) = self.days.map(i64::from) else { return 0 };
        let passed = today.duration_since(self.first_day).as_hours().div_euclid(24);
        // The calendar says it to a turn; the clock whether today's hand-over has been.
        let mut turn = passed.div_euclid(days).saturating_add(1);
        while turn > 0 && self.beginning(zone, turn, days) > at {
            turn -= 1;
        }
        turn
    }

    fn beginning(&self, zone: &TimeZone, turn: i64, days: i64) -> Timestamp {
        let passed = SignedDuration::from_hours(turn.saturating_mul(days).saturating_mul(24));
        let day = self.first_day.saturating_add(passed);
        self.hand_over_on(zone, day)
    }

    fn hand_over_on(&self, zone: &TimeZone, day: Date) -> Timestamp {
        first_shows(zone, DateTime::from_parts(day, self.hand_over))
    }

    /// What the wall clock shows where this layer may change.
    pub(crate) fn edges(&self) -> Vec<Time> {
        let hours = self.hours.iter().flat_map(Hours::edges);
        hours.chain([self.hand_over]).collect()
    }
}
