//! Who held which address: bulk import, and the look-up that must be quick at ten million rows.

mod import;
mod key;
mod near;
mod row;

use std::net::IpAddr;

use jiff::Timestamp;
use lease::{Lease, SubscriberId};

use sqlx::AssertSqlSafe;

use self::row::{COLUMNS, LeaseRow};
use crate::sql::args;
use crate::{Store, StoreError, codec};

/// What an import changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportCount {
    /// Leases that were not known before.
    pub new: u64,
    /// Known leases whose end is new or different.
    pub changed: u64,
    /// Known leases that were the same.
    pub same: u64,
    /// Contact addresses set.
    pub contacts: u64,
}

/// What the index `open_translations` has, in its words, so that it is used.
const OPEN_TRANSLATIONS: &str = "source = 'nat-export' AND to_us = 4611686018427387904";

impl Store {
    /// Takes in leases and contact addresses in one transaction. A lease is the same as a known one when prefix, ports,
    /// beginning and subscriber agree; a known end is never forgotten, an unknown one is filled in.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed; nothing is imported then.
    pub async fn import_leases(
        &self,
        rows: &[Lease],
        contacts: &[(SubscriberId, String)],
    ) -> Result<ImportCount, StoreError> {
        import::import(self, rows, contacts).await
    }

    /// Ends the leases of port blocks that translators exported ([`LeaseSource::NatExport`](lease::LeaseSource)) and that
    /// are open, with the beginning of the latest of them, and says how many: who was not listening since then does not
    /// know whether they still hold.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed; nothing is ended then.
    pub async fn end_open_translations(&self) -> Result<u64, StoreError> {
        let sql = format!(
            "UPDATE leases SET to_us = (SELECT MAX(from_us) FROM leases WHERE {OPEN_TRANSLATIONS})
             WHERE {OPEN_TRANSLATIONS}"
        );
        self.execute("ending port blocks that were exported", AssertSqlSafe(sql), args![]).await
    }

    /// Every lease that covers `address` and overlaps `from..=to`, plus, per covering prefix, the one that began last
    /// among those that had ended by `from`, and the first to begin after `to`. In order of their beginning.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn leases_near(
        &self,
        address: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Lease>, StoreError> {
        near::near(self, address, from, to).await
    }

    /// The leases `subscriber` holds at `now`.
    ///
    /// # Errors
    /// As [`Store::leases_near`].
    pub async fn held_now(
        &self,
        subscriber: &SubscriberId,
        now: Timestamp,
    ) -> Result<Vec<Lease>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM leases WHERE subscriber = $1 AND to_us > $2 AND from_us <= $2 ORDER BY net, from_us"
        );
        let values = args![subscriber.as_str(), now.as_microsecond()];
        let rows: Vec<LeaseRow> =
            self.rows("looking up what a subscriber holds", AssertSqlSafe(sql), values).await?;
        rows.into_iter().map(Lease::try_from).collect()
    }

    /// Whether any lease ever named `subscriber`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn has_held(&self, subscriber: &SubscriberId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM leases WHERE subscriber = $1 LIMIT 1";
        let row: Option<(i32,)> = self.row("looking for a line", sql, args![subscriber.as_str()]).await?;
        Ok(row.is_some())
    }

    /// The contact address of `subscriber`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn contact(&self, subscriber: &SubscriberId) -> Result<Option<String>, StoreError> {
        let sql = "SELECT contact FROM contacts WHERE subscriber = $1";
        let values = args![subscriber.as_str()];
        let row: Option<(String,)> = self.row("looking up a contact address", sql, values).await?;
        Ok(row.map(|(contact,)| contact))
    }

    /// How many leases are known.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn lease_count(&self) -> Result<u64, StoreError> {
        let row: Option<(i64,)> = self.row("counting leases", "SELECT COUNT(*) FROM leases", args![]).await?;
        codec::count(row.map_or(0, |(count,)| count), "number of leases")
    }
}
