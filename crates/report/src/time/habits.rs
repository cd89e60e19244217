//! How the times of one text are written: what a single line leaves open, its neighbours may settle.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::Offset;
use regex::Regex;

use super::first_by;
use crate::claims::When;
use crate::reading::TimeBasis;

/// Whether a date in numbers begins with the day or the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// 23/10/2003
    DayFirst,
    /// 10/23/2003
    MonthFirst,
}

/// What is known of how the times of a text are written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Habits {
    /// The moment of the mail, for times without a year.
    pub(crate) sent: Option<Timestamp>,
    /// The order of day and month, where other rows settle it.
    pub(crate) order: Option<Order>,
}

static NUMBERS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b([0-9]{1,2})[/-]([0-9]{1,2})[/-](?:[0-9]{4}|[0-9]{2})[ ,:-]").ok());
/// Dates of one text that are looked at for their order.
const LOOKED_AT: usize = 2000;

/// Whether a date in numbers can be in `text` at all; prose has none, and every mail is asked.
fn has_numbers(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    memchr::memchr2_iter(b'/', b'-', bytes).any(|at| at > 0 && digit(at - 1) && digit(at + 1))
}

impl Habits {
    /// The habits of `text`. Rows that contradict each other settle nothing.
    pub(crate) fn of(text: &str, sent: Option<Timestamp>) -> Habits {
        let (mut day, mut month) = (false, false);
        if let Some(numbers) = NUMBERS.as_ref().filter(|_| has_numbers(text)) {
            for found in numbers.captures_iter(text).take(LOOKED_AT) {
                let number = |at: usize| found.get(at).and_then(|number| number.as_str().parse::<u8>().ok());
                let (Some(first), Some(second)) = (number(1), number(2)) else { continue };
                day |= (13..=31).contains(&first) && (1..=12).contains(&second);
                month |= (13..=31).contains(&second) && (1..=12).contains(&first);
            }
        }
        let order = match (day, month) {
            (true, false) => Some(Order::DayFirst),
            (false, true) => Some(Order::MonthFirst),
            _ => None,
        };
        Habits { sent, order }
    }

    /// When a line of a bare log was, without a zone of its own in `zone`; `assumed` says that this is but a guess.
    pub(crate) fn when(&self, line: &str, zone: Option<Offset>, assumed: bool) -> When {
        let Some(stamp) = first_by(line, self) else { return When::UNKNOWN };
        if let Some(time) = stamp.stated().filter(|_| stamp.elsewhere.is_empty()) {
            return When { time: Some(time), basis: TimeBasis::Stated };
        }
        let Some(zone) = zone.filter(|_| stamp.offset.is_none() && stamp.elsewhere.is_empty()) else {
            return When::UNKNOWN;
        };
        let basis = if assumed { TimeBasis::AssumedZone } else { TimeBasis::Stated };
        stamp.at(zone).map_or(When::UNKNOWN, |time| When { time: Some(time), basis })
    }
}
