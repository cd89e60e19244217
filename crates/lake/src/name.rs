//! What a file of the lake is called: the hour it holds, which writings it is made of, and the times within.
//!
//! `2026-11-23T02.17-32.1795399200123-1795402811000.975113.parquet` holds 975,113 rows whose first packet lies in that
//! hour of UTC; it takes the place of every file of the hour that was written as number 17 to 32; its first packet and
//! its last one lie at those milliseconds. The folder is the catalogue: nothing else says what there is.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// The milliseconds of an hour.
pub(crate) const HOUR: i64 = 3_600_000;

/// What the name of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name {
    /// Whole hours since 1970.
    pub(crate) hour: i64,
    /// The first writing it is made of.
    pub(crate) from: u64,
    /// The last writing it is made of.
    pub(crate) to: u64,
    /// The earliest first packet.
    pub(crate) first: i64,
    /// The latest last packet.
    pub(crate) last: i64,
    /// How many rows.
    pub(crate) rows: u64,
}

impl Name {
    /// Whether this file takes the place of `other`.
    pub(crate) fn supersedes(&self, other: &Name) -> bool {
        self.hour == other.hour
            && self.from <= other.from
            && other.to <= self.to
            && (self.from, self.to) != (other.from, other.to)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hour = Timestamp::from_second(self.hour.saturating_mul(HOUR / 1000)).map_err(|_| fmt::Error)?;
        write!(
            f,
            "{}.{}-{}.{}-{}.{}.parquet",
            hour.strftime("%Y-%m-%dT%H"),
            self.from,
            self.to,
            self.first,
            self.last,
            self.rows
        )
    }
}

/// A name that is none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Foreign;

impl FromStr for Name {
    type Err = Foreign;

    fn from_str(text: &str) -> Result<Name, Foreign> {
        let body = text.strip_suffix(".parquet").ok_or(Foreign)?;
        let mut parts = body.split('.');
        let mut next = || parts.next().ok_or(Foreign);
        let (hour, writings, times, rows) = (next()?, next()?, next()?, next()?);
        let hour: Timestamp = format!("{hour}:00:00Z").parse().map_err(|_| Foreign)?;
        let (from, to) = pair(writings)?;
        let (first, last) = pair(times)?;
        let name = Name {
            hour: hour.as_millisecond().div_euclid(HOUR),
            from,
            to,
            first,
            last,
            rows: rows.parse().map_err(|_| Foreign)?,
        };
        // Written in any other way it is not from us, and two texts must not be one name.
        if name.to_string() == text && from <= to && first <= last { Ok(name) } else { Err(Foreign) }
    }
}

fn pair<T: FromStr>(text: &str) -> Result<(T, T), Foreign> {
    let (one, other) = text.split_once('-').ok_or(Foreign)?;
    Ok((one.parse().map_err(|_| Foreign)?, other.parse().map_err(|_| Foreign)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "2026-11-23T02.17-32.1795399200123-1795402811000.975113.parquet";

    #[test]
    fn a_name_is_read_back_as_it_was_written() {
        let name: Name = NAME.parse().unwrap();
        assert_eq!((name.from, name.to, name.rows), (17, 32, 975_113));
        assert_eq!(name.to_string(), NAME);
    }

    #[test]
    fn what_is_not_ours_is_no_name() {
        for text in [
            "",
            "x.parquet",
            "2026-11-23T02.17-32.1-2.3.parquet.broken",
            "2026-11-23T02.32-17.1-2.3.parquet",
            "2026-11-23T02.017-32.1-2.3.parquet",
            "2026-11-23T02.17-32.2-1.3.parquet",
            "2026-13-23T02.17-32.1-2.3.parquet",
        ] {
            assert_eq!(text.parse::<Name>(), Err(Foreign), "{text}");
        }
    }

    #[test]
    fn a_merged_file_takes_the_place_of_what_it_is_made_of_and_of_nothing_else() {
        let name = |hour, from, to| Name { hour, from, to, first: 0, last: 1, rows: 1 };
        let merged = name(5, 17, 32);
        assert!(merged.supersedes(&name(5, 17, 17)) && merged.supersedes(&name(5, 20, 32)));
        for other in [name(6, 17, 17), name(5, 16, 17), name(5, 33, 33), merged] {
            assert!(!merged.supersedes(&other), "{other:?}");
        }
    }
}
