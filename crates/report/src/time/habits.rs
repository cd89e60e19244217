//! How the times of one text are written: what a single line leaves open, its neighbours may settle.

use jiff::Timestamp;
use jiff::tz::Offset;

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

/// Dates of one text that are looked at for their order.
const LOOKED_AT: usize = 2000;

/// The first two numbers of each date in numbers, as in `23/10/2003 `, by hand: the marks between them are rarer than digits,
/// and every mail is asked.
fn dates(text: &str) -> impl Iterator<Item = (u8, u8)> {
    let bytes = text.as_bytes();
    let digits =
        move |at: usize| bytes.iter().skip(at).take(5).take_while(|byte| byte.is_ascii_digit()).count();
    let is = move |at: usize, marks: &[u8]| bytes.get(at).is_some_and(|byte| marks.contains(byte));
    let number =
        move |at: usize, length: usize| text.get(at..at + length).and_then(|number| number.parse().ok());
    let mut behind = 0;
    memchr::memchr2_iter(b'/', b'-', bytes).filter_map(move |mark| {
        let before =
            bytes.get(behind..mark)?.iter().rev().take(3).take_while(|byte| byte.is_ascii_digit()).count();
        let start = mark - before;
        let joined =
            start > 0 && bytes.get(start - 1).is_some_and(|c| c.is_ascii_alphanumeric() || *c == b'_');
        let second = digits(mark + 1);
        let year = mark + 1 + second + 1;
        let end = year + digits(year);
        let whole = (1..=2).contains(&before)
            && (1..=2).contains(&second)
            && is(year - 1, b"/-")
            && matches!(end - year, 2 | 4)
            && is(end, b" ,:-");
        if joined || !whole {
            return None;
        }
        behind = end + 1;
        Some((number(start, before)?, number(mark + 1, second)?))
    })
}

impl Habits {
    /// The habits of `text`. Rows that contradict each other settle nothing.
    pub(crate) fn of(text: &str, sent: Option<Timestamp>) -> Habits {
        let (mut day, mut month) = (false, false);
        for (first, second) in dates(text).take(LOOKED_AT) {
            day |= (13..=31).contains(&first) && (1..=12).contains(&second);
            month |= (13..=31).contains(&second) && (1..=12).contains(&first);
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
