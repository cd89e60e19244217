//! The one form of a time that nearly all tables have, read without a look at any other.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

/// `2026-03-24 00:42:59`, or with a `T` between, as UTC. It is read once for each row of tables with a million of them.
pub(crate) fn utc(cell: &[u8]) -> Option<Timestamp> {
    let cell: &[u8; 19] = cell.try_into().ok()?;
    let [y0, y1, y2, y3, b'-', n0, n1, b'-', d0, d1, b' ' | b'T', h0, h1, b':', m0, m1, b':', s0, s1] = cell
    else {
        return None;
    };
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i8::try_from(byte - b'0').unwrap_or(0));
    let two = |tens: &u8, ones: &u8| Some(digit(tens)? * 10 + digit(ones)?);
    let year = i16::from(two(y0, y1)?) * 100 + i16::from(two(y2, y3)?);
    let date = Date::new(year, two(n0, n1)?, two(d0, d1)?).ok()?;
    // A leap second is the second before it.
    let clock = Time::new(two(h0, h1)?, two(m0, m1)?, two(s0, s1)?.min(59), 0).ok()?;
    Offset::UTC.to_timestamp(DateTime::from_parts(date, clock)).ok()
}

/// How many times in other forms a table may have before they are no longer looked at: each costs as much as a hundred in
/// the usual one, and no table has them but one made to cost an evening.
#[derive(Debug)]
pub(crate) struct Patience(usize);

impl Default for Patience {
    fn default() -> Patience {
        Patience(10_000)
    }
}

impl Patience {
    /// Whether one more may be looked at.
    pub(crate) fn spend(&mut self) -> bool {
        let left = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_times_are_read() {
        let read = |text: &str| utc(text.as_bytes()).map(|time| time.to_string());
        assert_eq!(read("2026-03-24 00:42:59").as_deref(), Some("2026-03-24T00:42:59Z"));
        assert_eq!(read("2016-12-31 23:59:60").as_deref(), Some("2016-12-31T23:59:59Z"));
        for text in
            ["", "2026-13-24 00:42:59", "2026-02-30 00:42:59", "2026-03-24 24:42:59", "2026-03-24 00:42:5x"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
