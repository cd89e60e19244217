//! The look-up: what covered an address at a time, quick at ten million rows.

use std::net::IpAddr;
use std::sync::LazyLock;

use jiff::Timestamp;
use lease::Lease;

use super::key::{self, Key};
use super::row::{COLUMNS, LeaseRow};
use crate::sql::{Value, args};
use crate::{Store, StoreError};

const DOING: &str = "looking up who held an address";

/// A lease longer than this is found through the index `long_leases` (which says the same number), a shorter one by
/// walking back no further than this from the time in question. Most leases are shorter: a RADIUS session is commonly
/// ended after 24 hours. So a look-up costs the same on an address with ten leases and with ten thousand.
const LONG: &str = "172800000000";

/// The leases under one key ($1) that overlap $2..=$3, the last to begin before them and the first after.
static UNDER_ONE_KEY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS} FROM leases
         WHERE net = $1 AND from_us <= $3 AND from_us > $2 - {LONG} AND to_us > $2
         UNION ALL
         SELECT {COLUMNS} FROM leases
         WHERE net = $1 AND from_us <= $2 - {LONG} AND to_us > $2 AND to_us - from_us > {LONG}
         UNION ALL
         SELECT * FROM (SELECT {COLUMNS} FROM leases
                        WHERE net = $1 AND from_us < $2 AND to_us <= $2 ORDER BY from_us DESC LIMIT 1) AS before
         UNION ALL
         SELECT * FROM (SELECT {COLUMNS} FROM leases
                        WHERE net = $1 AND from_us > $3 ORDER BY from_us LIMIT 1) AS after"
    )
});

/// The same for a single address, and with it, as rows with an empty key ($4), the prefix lengths that occur: another
/// process may have imported a new one since the last look-up.
static UNDER_HOST_KEY: LazyLock<String> = LazyLock::new(|| {
    format!("{} UNION ALL SELECT $4, length, 0, 0, 0, '', '', '' FROM lease_lengths", UNDER_ONE_KEY.as_str())
});

pub(super) async fn near(
    store: &Store,
    address: IpAddr,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Lease>, StoreError> {
    let (from, to) = (from.as_microsecond(), to.as_microsecond());
    let host = key::covering(address, key::HOST);
    let empty: &[u8] = &[];
    let sql = UNDER_HOST_KEY.as_str();
    let under_host = rows(store, sql, args![host.as_slice(), from, to, empty]).await?;
    let (mut found, lengths): (Vec<LeaseRow>, Vec<LeaseRow>) =
        under_host.into_iter().partition(|row| !row.net.is_empty());
    let lengths: Vec<u8> = lengths.iter().filter_map(|row| u8::try_from(row.from_us).ok()).collect();
    for length in key::lengths_for(address, &lengths) {
        let prefix: Key = key::covering(address, length);
        let sql = UNDER_ONE_KEY.as_str();
        found.extend(rows(store, sql, args![prefix.as_slice(), from, to]).await?);
    }
    found.sort_by(|a, b| (a.from_us, a.identity()).cmp(&(b.from_us, b.identity())));
    found.into_iter().map(Lease::try_from).collect()
}

/// The rows of one statement, by the quickest way there is.
async fn rows(store: &Store, sql: &'static str, args: Vec<Value>) -> Result<Vec<LeaseRow>, StoreError> {
    match store.quick().and_then(|quick| quick.rows(sql, &args, LeaseRow::read)) {
        Some(rows) => Ok(rows),
        None => store.rows(DOING, sql, args).await,
    }
}
