//! A lease as a row.

use jiff::Timestamp;
use lease::{Lease, PortBlock};

use super::key;
use crate::{StoreError, codec};

/// `to_us` of a lease that has not been seen to end: later than any real time (jiff ends with the year 9999), and far
/// enough from the end of `i64` that differences do not overflow.
pub(super) const NO_END: i64 = 1 << 62;

/// The port columns of a lease of all ports.
const ALL_PORTS: (i64, i64) = (-1, -1);

/// The columns, in the order of [`LeaseRow`].
pub(super) const COLUMNS: &str = "net, from_us, to_us, first_port, last_port, subscriber, source, record";

/// A row of the table `leases`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct LeaseRow {
    pub(super) net: Vec<u8>,
    pub(super) from_us: i64,
    pub(super) to_us: i64,
    pub(super) first_port: i64,
    pub(super) last_port: i64,
    pub(super) subscriber: String,
    pub(super) source: String,
    pub(super) record: String,
}

impl LeaseRow {
    pub(super) fn of(lease: &Lease) -> Result<LeaseRow, StoreError> {
        let (first_port, last_port) =
            lease.ports.map_or(ALL_PORTS, |ports| (i64::from(ports.first), i64::from(ports.last)));
        Ok(LeaseRow {
            net: key::of_net(lease.net).to_vec(),
            from_us: lease.from.as_microsecond(),
            to_us: lease.to.map_or(NO_END, Timestamp::as_microsecond),
            first_port,
            last_port,
            subscriber: lease.subscriber.to_string(),
            source: codec::to_word(&lease.source, "the source of a lease")?,
            record: lease.record.clone(),
        })
    }

    /// From a row of [`COLUMNS`].
    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<LeaseRow> {
        Ok(LeaseRow {
            net: row.get(0)?,
            from_us: row.get(1)?,
            to_us: row.get(2)?,
            first_port: row.get(3)?,
            last_port: row.get(4)?,
            subscriber: row.get(5)?,
            source: row.get(6)?,
            record: row.get(7)?,
        })
    }

    /// What makes it the same lease as another.
    pub(super) fn identity(&self) -> (&[u8], i64, i64, i64, &str) {
        (&self.net, self.from_us, self.first_port, self.last_port, &self.subscriber)
    }
}

impl TryFrom<LeaseRow> for Lease {
    type Error = StoreError;
    fn try_from(row: LeaseRow) -> Result<Lease, StoreError> {
        let what = "lease";
        let named = |reason: String| {
            codec::damaged(&format!("lease of {:?} ({})", row.subscriber, row.record), reason)
        };
        let port = |port: i64| u16::try_from(port).map_err(|error| named(error.to_string()));
        let ports = match (row.first_port, row.last_port) {
            ALL_PORTS => None,
            (first, last) => Some(PortBlock { first: port(first)?, last: port(last)? }),
        };
        Ok(Lease {
            net: key::to_net(&row.net).ok_or_else(|| named("its prefix is no prefix".to_owned()))?,
            ports,
            from: codec::moment(row.from_us, what)?,
            to: if row.to_us == NO_END { None } else { Some(codec::moment(row.to_us, what)?) },
            subscriber: row.subscriber.parse().map_err(|error| codec::damaged(what, format!("{error}")))?,
            source: codec::from_word(row.source, what)?,
            record: row.record,
        })
    }
}
