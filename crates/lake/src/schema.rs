//! The columns of the lake, and rows to columns and back.

use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, FixedSizeBinaryBuilder, PrimitiveArray,
    RecordBatch, TimestampMillisecondArray, UInt16Array,
};
use arrow::datatypes::{
    DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMillisecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;
use flow::Way;

use crate::error::LakeError;
use crate::row::Row;

/// The bytes of an address.
pub(crate) const ADDRESS: DataType = DataType::FixedSizeBinary(16);

/// The zone that times are kept in.
const UTC: &str = "UTC";

/// Names of columns that questions ask for.
pub(crate) mod column {
    pub(crate) const HOME: &str = "home";
    pub(crate) const PEER: &str = "peer";
    pub(crate) const FIRST: &str = "first";
}

/// Every column, in the order of [`batch`]. Times are milliseconds; `_in` is what came to our address, `_out` what it sent.
pub(crate) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let must = |name: &str, of: DataType| Field::new(name, of, false);
    Arc::new(Schema::new(vec![
        must(column::HOME, ADDRESS),
        must(column::PEER, ADDRESS),
        must("inbound", DataType::Boolean),
        must("home_port", DataType::UInt16),
        must("peer_port", DataType::UInt16),
        must("protocol", DataType::UInt8),
        must(column::FIRST, DataType::Timestamp(TimeUnit::Millisecond, Some(UTC.into()))),
        must("duration_ms", DataType::UInt64),
        must("packets_in", DataType::UInt64),
        must("packets_out", DataType::UInt64),
        must("bytes_in", DataType::UInt64),
        must("bytes_out", DataType::UInt64),
        must("flags_in", DataType::UInt8),
        must("flags_out", DataType::UInt8),
        must("both_ways", DataType::Boolean),
        must("sampling", DataType::UInt32),
        must("exporter", DataType::UInt32),
        Field::new("nat_address", ADDRESS, true),
        Field::new("nat_port", DataType::UInt16, true),
    ]))
});

/// The columns of some rows, taken in the order of `order`; positions outside `rows` are passed over.
pub(crate) fn batch(rows: &[Row], order: &[u32]) -> Result<RecordBatch, LakeError> {
    let picked: Vec<&Row> =
        order.iter().filter_map(|at| rows.get(usize::try_from(*at).unwrap_or(usize::MAX))).collect();
    columns(&picked).map_err(|source| LakeError::Columns { doing: "turn flows into columns", source })
}

fn columns(rows: &[&Row]) -> Result<RecordBatch, ArrowError> {
    let numbers = |of: fn(&Row) -> u64| -> ArrayRef { Arc::new(primitive::<UInt64Type>(rows, of)) };
    let bytes = |of: fn(&Row) -> u8| -> ArrayRef { Arc::new(primitive::<UInt8Type>(rows, of)) };
    let ports = |of: fn(&Row) -> u16| -> ArrayRef { Arc::new(primitive::<UInt16Type>(rows, of)) };
    let wide = |of: fn(&Row) -> u32| -> ArrayRef { Arc::new(primitive::<UInt32Type>(rows, of)) };
    let truths = |of: fn(&Row) -> bool| -> ArrayRef {
        Arc::new(BooleanArray::from_iter(rows.iter().map(|row| Some(of(row)))))
    };
    let first =
        TimestampMillisecondArray::from_iter_values(rows.iter().map(|row| row.first)).with_timezone(UTC);
    RecordBatch::try_new(
        Arc::clone(&SCHEMA),
        vec![
            addresses(rows, |row| Some(row.home))?,
            addresses(rows, |row| Some(row.peer))?,
            truths(|row| row.inbound),
            ports(|row| row.home_port),
            ports(|row| row.peer_port),
            bytes(|row| row.protocol),
            Arc::new(first),
            numbers(|row| row.duration),
            numbers(|row| row.inward.packets),
            numbers(|row| row.outward.packets),
            numbers(|row| row.inward.bytes),
            numbers(|row| row.outward.bytes),
            bytes(|row| row.inward.flags),
            bytes(|row| row.outward.flags),
            truths(|row| row.both_ways),
            wide(|row| row.sampling),
            wide(|row| row.exporter),
            addresses(rows, |row| row.translated.map(|(to, _)| to))?,
            Arc::new(UInt16Array::from_iter(rows.iter().map(|row| row.translated.map(|(_, port)| port)))),
        ],
    )
}

fn primitive<T: ArrowPrimitiveType>(rows: &[&Row], of: fn(&Row) -> T::Native) -> PrimitiveArray<T> {
    PrimitiveArray::from_iter_values(rows.iter().map(|row| of(row)))
}

fn addresses(rows: &[&Row], of: fn(&Row) -> Option<u128>) -> Result<ArrayRef, ArrowError> {
    let mut built = FixedSizeBinaryBuilder::with_capacity(rows.len(), 16);
    for row in rows {
        match of(row) {
            Some(number) => built.append_value(number.to_be_bytes())?,
            None => built.append_null(),
        }
    }
    Ok(Arc::new(built.finish()))
}

/// The rows of a batch that has every column of [`SCHEMA`], under any projection order.
pub(crate) fn rows(batch: &RecordBatch) -> Result<Vec<Row>, LakeError> {
    let read = Columns::of(batch)?;
    Ok((0..batch.num_rows()).map(|at| read.row(at)).collect())
}

/// The columns of a batch by their types.
struct Columns<'a> {
    home: &'a arrow::array::FixedSizeBinaryArray,
    peer: &'a arrow::array::FixedSizeBinaryArray,
    inbound: &'a BooleanArray,
    home_port: &'a PrimitiveArray<UInt16Type>,
    peer_port: &'a PrimitiveArray<UInt16Type>,
    protocol: &'a PrimitiveArray<UInt8Type>,
    first: &'a PrimitiveArray<TimestampMillisecondType>,
    duration: &'a PrimitiveArray<UInt64Type>,
    packets: [&'a PrimitiveArray<UInt64Type>; 2],
    bytes: [&'a PrimitiveArray<UInt64Type>; 2],
    flags: [&'a PrimitiveArray<UInt8Type>; 2],
    both_ways: &'a BooleanArray,
    sampling: &'a PrimitiveArray<UInt32Type>,
    exporter: &'a PrimitiveArray<UInt32Type>,
    nat_address: &'a arrow::array::FixedSizeBinaryArray,
    nat_port: &'a PrimitiveArray<UInt16Type>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Columns<'a>, LakeError> {
        let wrong = |name: &str| LakeError::Columns {
            doing: "read the columns of flows",
            source: ArrowError::SchemaError(format!("the column {name} is missing or of another type")),
        };
        let any = |name: &str| batch.column_by_name(name).ok_or_else(|| wrong(name));
        let address = |name: &str| any(name)?.as_fixed_size_binary_opt().ok_or_else(|| wrong(name));
        let truth = |name: &str| any(name)?.as_boolean_opt().ok_or_else(|| wrong(name));
        let port = |name: &str| any(name)?.as_primitive_opt::<UInt16Type>().ok_or_else(|| wrong(name));
        let byte = |name: &str| any(name)?.as_primitive_opt::<UInt8Type>().ok_or_else(|| wrong(name));
        let wide = |name: &str| any(name)?.as_primitive_opt::<UInt32Type>().ok_or_else(|| wrong(name));
        let number = |name: &str| any(name)?.as_primitive_opt::<UInt64Type>().ok_or_else(|| wrong(name));
        Ok(Columns {
            home: address(column::HOME)?,
            peer: address(column::PEER)?,
            inbound: truth("inbound")?,
            home_port: port("home_port")?,
            peer_port: port("peer_port")?,
            protocol: byte("protocol")?,
            first: any(column::FIRST)?.as_primitive_opt().ok_or_else(|| wrong(column::FIRST))?,
            duration: number("duration_ms")?,
            packets: [number("packets_in")?, number("packets_out")?],
            bytes: [number("bytes_in")?, number("bytes_out")?],
            flags: [byte("flags_in")?, byte("flags_out")?],
            both_ways: truth("both_ways")?,
            sampling: wide("sampling")?,
            exporter: wide("exporter")?,
            nat_address: address("nat_address")?,
            nat_port: port("nat_port")?,
        })
    }

    fn row(&self, at: usize) -> Row {
        let way = |side: usize| Way {
            packets: self.packets.get(side).map_or(0, |column| column.value(at)),
            bytes: self.bytes.get(side).map_or(0, |column| column.value(at)),
            flags: self.flags.get(side).map_or(0, |column| column.value(at)),
        };
        let translated = self.nat_address.is_valid(at);
        Row {
            home: address_number(self.home.value(at)),
            peer: address_number(self.peer.value(at)),
            inbound: self.inbound.value(at),
            home_port: self.home_port.value(at),
            peer_port: self.peer_port.value(at),
            protocol: self.protocol.value(at),
            first: self.first.value(at),
            duration: self.duration.value(at),
            inward: way(0),
            outward: way(1),
            both_ways: self.both_ways.value(at),
            sampling: self.sampling.value(at),
            exporter: self.exporter.value(at),
            translated: translated
                .then(|| (address_number(self.nat_address.value(at)), self.nat_port.value(at))),
        }
    }
}

/// The number of an address's 16 bytes; 0 for anything else, which no column of ours holds.
pub(crate) fn address_number(bytes: &[u8]) -> u128 {
    <[u8; 16]>::try_from(bytes).map_or(0, u128::from_be_bytes)
}
