//! Who held which address: bulk import, and the look-up that must be quick at ten million rows.

use std::net::IpAddr;

use jiff::Timestamp;
use lease::{Lease, SubscriberId};

use crate::{Store, StoreError};

/// What an import changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportCount {
    /// Leases that were not known before.
    pub new: u64,
    /// Known leases whose end (or place in the source) changed.
    pub changed: u64,
    /// Known leases that were the same.
    pub same: u64,
    /// Contact addresses set.
    pub contacts: u64,
}

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
        let _ = (rows, contacts);
        todo!()
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
        let _ = (address, from, to);
        todo!()
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
        let _ = (subscriber, now);
        todo!()
    }

    /// The contact address of `subscriber`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn contact(&self, subscriber: &SubscriberId) -> Result<Option<String>, StoreError> {
        let _ = subscriber;
        todo!()
    }

    /// How many leases are known.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn lease_count(&self) -> Result<u64, StoreError> {
        todo!()
    }
}
