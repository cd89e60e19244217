//! What the rows of a file are sorted by.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{TimestampMillisecondType, UInt8Type, UInt16Type};

use crate::disk::Order;
use crate::row::Row;
use crate::schema::{address_number, column};

/// The address of the file's order, then which way, protocol, the peer's port, behind our own address the flags and the peer,
/// and time.
///
/// The address alone decides what a question reads. What stands behind it brings flows of one kind together, which takes
/// a byte less of each than the order of time does: their lengths, sizes and flags are alike. A file holds an hour, so
/// that a question about less than an hour would gain little from the order of time. Behind a peer's address time comes at
/// once: a peer that many of ours call is called in quick succession, and the times are then smaller than the addresses.
pub(crate) type Key = (u128, bool, u8, u16, (u8, u8), u128, i64);

/// The key of a row.
pub(crate) fn of(row: &Row, order: Order) -> Key {
    let (address, flags, then) = match order {
        Order::Home => (row.home, (row.inward.flags, row.outward.flags), row.peer),
        Order::Peer => (row.peer, (0, 0), 0),
    };
    (address, row.inbound, row.protocol, row.peer_port, flags, then, row.first)
}

/// The keys of a batch that has the columns for them; none of one that has not.
pub(crate) fn of_batch(batch: &RecordBatch, order: Order) -> Vec<Key> {
    keys(batch, order).unwrap_or_default()
}

/// The column with the address of an order.
pub(crate) fn address_column(order: Order) -> &'static str {
    match order {
        Order::Home => column::HOME,
        Order::Peer => column::PEER,
    }
}

fn keys(batch: &RecordBatch, order: Order) -> Option<Vec<Key>> {
    let address = batch.column_by_name(address_column(order))?.as_fixed_size_binary_opt()?;
    let peer = batch.column_by_name(column::PEER)?.as_fixed_size_binary_opt()?;
    let flags_in = batch.column_by_name("flags_in")?.as_primitive_opt::<UInt8Type>()?;
    let flags_out = batch.column_by_name("flags_out")?.as_primitive_opt::<UInt8Type>()?;
    let then = |at: usize| match order {
        Order::Home => ((flags_in.value(at), flags_out.value(at)), address_number(peer.value(at))),
        Order::Peer => ((0, 0), 0),
    };
    let inbound = batch.column_by_name("inbound")?.as_boolean_opt()?;
    let protocol = batch.column_by_name("protocol")?.as_primitive_opt::<UInt8Type>()?;
    let port = batch.column_by_name("peer_port")?.as_primitive_opt::<UInt16Type>()?;
    let first = batch.column_by_name(column::FIRST)?.as_primitive_opt::<TimestampMillisecondType>()?;
    let key = |at: usize| {
        let (flags, then) = then(at);
        (
            address_number(address.value(at)),
            inbound.value(at),
            protocol.value(at),
            port.value(at),
            flags,
            then,
            first.value(at),
        )
    };
    Some((0..address.len()).map(key).collect())
}
