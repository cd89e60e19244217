//! One Parquet file: how it is encoded, written and read back whole.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, TimestampMillisecondType, UInt64Type};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::disk::{Disk, Order};
use crate::error::{LakeError, file};
use crate::key::address_column;
use crate::schema::{SCHEMA, column};

/// Rows of a row group: what is decoded together at least by its dictionaries. Smaller ones make narrow questions
/// quicker and files larger.
const ROW_GROUP: usize = 128 * 1024;

/// Rows of a page: the least that a narrow question decodes of a column.
const PAGE: usize = 16 * 1024;

/// The same of a column that has next to nothing in it: what its page's head takes is more than what is in the page.
const NARROW_PAGE: usize = 64 * 1024;

/// Rows that are read at a time.
pub(crate) const BATCH: usize = 8 * 1024;

/// Up to here a higher level of zstd costs little time to write; a hundredth smaller than level 6.
const ZSTD: i32 = 9;

/// The level for addresses of files that stay, three microseconds a flow: from here on zstd looks for the best of all ways to
/// repeat what was before (its strategy `btultra`), and sixteen bytes that differ in three or four are all repetition.
const ZSTD_LASTING: i32 = 16;

/// Columns of few different values: a byte or less for each row from a dictionary.
const FEW_VALUES: [&str; 5] = ["protocol", "flags_in", "flags_out", "sampling", "exporter"];

/// How long a file is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stay {
    /// Until it is merged with others, minutes later.
    Passing,
    /// As long as flows are kept, perhaps.
    Lasting,
}

/// How files of an order are encoded. Statistics stand where questions prune by them and nowhere else: on the two
/// addresses and the time, for each page.
///
/// Ports, sizes and lengths have many values, and a dictionary of them is larger than what it saves. What can be saved is
/// in their upper bytes, which are few or none: with the bytes of a page put side by side (byte stream split, Parquet's
/// Encodings.md) zstd finds them, and a flow takes two bytes less than with dictionaries. For addresses it would save a
/// third of a byte more, but DuckDB 2.0 reads it for numbers alone, and analysts are to read these files with what they like.
fn properties(order: Order, stay: Stay) -> Result<WriterProperties, ParquetError> {
    let mut set = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD)?))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_data_page_row_count_limit(NARROW_PAGE)
        .set_write_batch_size(1024)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_sorting_columns(Some(sorting(order)))
        .set_created_by("nightdesk lake 3".to_owned());
    for name in [column::HOME, column::PEER, column::FIRST] {
        set = set.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Page);
    }
    if stay == Stay::Lasting {
        for name in [column::HOME, column::PEER] {
            let level = Compression::ZSTD(ZstdLevel::try_new(ZSTD_LASTING)?);
            set = set.set_column_compression(ColumnPath::from(name), level);
        }
    }
    for field in SCHEMA.fields() {
        let name = ColumnPath::from(field.name().as_str());
        let page = |set: WriterPropertiesBuilder, bytes: usize| {
            set.set_column_data_page_size_limit(name.clone(), PAGE * bytes)
        };
        set = match field.data_type() {
            _ if FEW_VALUES.contains(&field.name().as_str()) => set.set_column_dictionary_enabled(name, true),
            DataType::Boolean => set,
            DataType::FixedSizeBinary(_) => page(set, 16),
            // Within one address and port the times rise, so that only what lies between two is kept: up to three bytes.
            DataType::Timestamp(..) => page(set, 3).set_column_encoding(name, Encoding::DELTA_BINARY_PACKED),
            // Parquet keeps what is shorter as four bytes.
            DataType::UInt64 => page(set, 8).set_column_encoding(name, Encoding::BYTE_STREAM_SPLIT),
            _ => page(set, 4).set_column_encoding(name, Encoding::BYTE_STREAM_SPLIT),
        };
    }
    Ok(set.build())
}

/// What a reader of Parquet may rely on: the order of addresses. That of what stands behind them is not told, for a file
/// merged from early ones has it not.
fn sorting(order: Order) -> Vec<SortingColumn> {
    let place = SCHEMA.index_of(address_column(order)).ok().and_then(|at| i32::try_from(at).ok());
    let by = |column_idx| SortingColumn { column_idx, descending: false, nulls_first: false };
    place.map(by).into_iter().collect()
}

/// A file being written.
pub(crate) struct Writing {
    path: PathBuf,
    out: ArrowWriter<BufWriter<File>>,
    seen: Seen,
}

/// What has been written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The earliest first packet.
    pub(crate) first: i64,
    /// The latest last packet.
    pub(crate) last: i64,
    /// How many rows.
    pub(crate) rows: u64,
}

impl Writing {
    pub(crate) fn begin(disk: &Disk, path: PathBuf, order: Order, stay: Stay) -> Result<Writing, LakeError> {
        let opened = BufWriter::new(disk.create(&path)?);
        let out = properties(order, stay)
            .and_then(|properties| ArrowWriter::try_new(opened, Arc::clone(&SCHEMA), Some(properties)));
        match out {
            Ok(out) => Ok(Writing { path, out, seen: Seen { first: i64::MAX, last: i64::MIN, rows: 0 } }),
            Err(source) => Err(LakeError::Writing { path, source }),
        }
    }

    /// Adds rows, which must come in the file's order.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.seen.add(batch);
        self.out.write(batch).map_err(|source| LakeError::Writing { path: self.path.clone(), source })
    }

    /// Ends the file and puts it on the disk, still under its passing name.
    pub(crate) fn finish(self, disk: &Disk) -> Result<(PathBuf, Seen), LakeError> {
        let wrong = |source| LakeError::Writing { path: self.path.clone(), source };
        let opened = self.out.into_inner().map_err(wrong)?;
        let opened = opened.into_inner().map_err(|error| file("write", &self.path)(error.into_error()))?;
        disk.sync(&opened, &self.path)?;
        Ok((self.path, self.seen))
    }
}

impl Seen {
    fn add(&mut self, batch: &RecordBatch) {
        let first = batch
            .column_by_name(column::FIRST)
            .and_then(|it| it.as_primitive_opt::<TimestampMillisecondType>());
        let duration = batch.column_by_name("duration_ms").and_then(|it| it.as_primitive_opt::<UInt64Type>());
        if let (Some(first), Some(duration)) = (first, duration) {
            for (first, duration) in first.values().iter().zip(duration.values()) {
                self.first = self.first.min(*first);
                self.last = self.last.max(first.saturating_add_unsigned(*duration));
            }
        }
        self.rows = self.rows.saturating_add(u64::try_from(batch.num_rows()).unwrap_or(u64::MAX));
    }
}

/// The rows of a file in its order.
pub(crate) fn read(path: &Path) -> Result<ParquetRecordBatchReader, LakeError> {
    let opened = File::open(path).map_err(file("open", path))?;
    ParquetRecordBatchReaderBuilder::try_new(opened)
        .and_then(|builder| builder.with_batch_size(BATCH).build())
        .map_err(|source| LakeError::Damaged { path: path.to_owned(), source })
}

/// Whether every page of a file can be read; a file that is not there is not damaged.
pub(crate) fn is_damaged(path: &Path) -> bool {
    match read(path) {
        Ok(mut batches) => batches.any(|batch| batch.is_err()),
        Err(LakeError::Damaged { .. }) => true,
        Err(_) => false,
    }
}
