//! Bulk import: many rows per statement, all statements in one transaction.

use std::collections::BTreeSet;

use lease::{Lease, SubscriberId};
use sqlx::AssertSqlSafe;

use super::ImportCount;
use super::row::{COLUMNS, LeaseRow, NO_END};
use crate::sql::{Tx, Value, args};
use crate::{Store, StoreError};

const DOING: &str = "importing leases";

/// Rows per statement: eight parameters each stays below SQLite's 32,766 (its SQLITE_MAX_VARIABLE_NUMBER) and
/// PostgreSQL's 65,535 (a 16-bit count in its protocol).
const CHUNK: usize = 500;

pub(super) async fn import(
    store: &Store,
    leases: &[Lease],
    contacts: &[(SubscriberId, String)],
) -> Result<ImportCount, StoreError> {
    let rows = one_row_each(leases)?;
    let lengths: BTreeSet<u8> = rows.iter().filter_map(|row| row.net.last().copied()).collect();
    let mut tx = store.begin(DOING).await?;
    for length in lengths {
        let sql = "INSERT INTO lease_lengths (length) VALUES ($1) ON CONFLICT DO NOTHING";
        tx.execute(DOING, sql, args![i64::from(length)]).await?;
    }
    let mut count = ImportCount::default();
    for chunk in rows.chunks(CHUNK) {
        import_chunk(&mut tx, chunk, &mut count).await?;
    }
    for (subscriber, contact) in contacts {
        let sql = "INSERT INTO contacts (subscriber, contact) VALUES ($1, $2)
                   ON CONFLICT (subscriber) DO UPDATE SET contact = excluded.contact
                   WHERE contacts.contact <> excluded.contact";
        let set = tx.execute(DOING, sql, args![subscriber.as_str(), contact.as_str()]).await?;
        count.contacts = count.contacts.saturating_add(set);
    }
    tx.commit(DOING).await?;
    store.settle().await;
    Ok(count)
}

/// The rows in the order of the table's key, which is also the quickest to insert; a lease that is named twice becomes
/// one row, with an end if either has one, as the later of the two says.
fn one_row_each(leases: &[Lease]) -> Result<Vec<LeaseRow>, StoreError> {
    let mut rows = leases.iter().map(LeaseRow::of).collect::<Result<Vec<_>, _>>()?;
    rows.sort_by(|a, b| a.identity().cmp(&b.identity()));
    rows.dedup_by(|later, kept| {
        let same = later.identity() == kept.identity();
        if same && later.to_us != NO_END {
            *kept = later.clone();
        }
        same
    });
    Ok(rows)
}

async fn import_chunk(tx: &mut Tx, chunk: &[LeaseRow], count: &mut ImportCount) -> Result<(), StoreError> {
    let insert = format!("INSERT INTO leases ({COLUMNS}) VALUES {}", tx.places(chunk.len(), 8));
    let all = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
    let sql = format!("{insert} ON CONFLICT DO NOTHING");
    let new = tx.execute(DOING, AssertSqlSafe(sql), values(chunk)).await?;
    let mut changed = 0;
    if new < all {
        let sql = format!(
            "{insert} ON CONFLICT (net, from_us, first_port, last_port, subscriber)
             DO UPDATE SET to_us = excluded.to_us, source = excluded.source, record = excluded.record
             WHERE excluded.to_us <> {NO_END} AND excluded.to_us <> leases.to_us"
        );
        changed = tx.execute(DOING, AssertSqlSafe(sql), values(chunk)).await?;
    }
    count.new = count.new.saturating_add(new);
    count.changed = count.changed.saturating_add(changed);
    count.same = count.same.saturating_add(all.saturating_sub(new).saturating_sub(changed));
    Ok(())
}

fn values(rows: &[LeaseRow]) -> Vec<Value> {
    let mut values = Vec::with_capacity(rows.len().saturating_mul(8));
    for row in rows {
        values.extend(args![
            row.net.as_slice(),
            row.from_us,
            row.to_us,
            row.first_port,
            row.last_port,
            row.subscriber.as_str(),
            row.source.as_str(),
            row.record.as_str(),
        ]);
    }
    values
}
