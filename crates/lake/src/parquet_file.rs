//! One Parquet file: how it is encoded, written and read back whole.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{TimestampMillisecondType, UInt64Type};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::disk::{Disk, Order};
use crate::error::{LakeError, file};
use crate::schema::{SCHEMA, column};

/// Rows of a row group: what is decoded together at least by its dictionaries. Smaller ones make narrow questions
/// quicker and files larger.
const ROW_GROUP: usize = 128 * 1024;

/// Rows of a page: the least that a narrow question decodes of a column.
const PAGE: usize = 8 * 1024;

/// Rows that are read at a time.
pub(crate) const BATCH: usize = 8 * 1024;

/// zstd's own default.
const ZSTD: i32 = 3;

/// The columns a file of this order is sorted by.
pub(crate) fn sorted_by(order: Order) -> [&'static str; 2] {
    match order {
        Order::Home => [column::HOME, column::FIRST],
        Order::Peer => [column::PEER, column::FIRST],
    }
}

/// How files of an order are encoded. Statistics stand where questions prune by them and nowhere else: on the two
/// addresses and the time, for each page.
fn properties(order: Order) -> Result<WriterProperties, ParquetError> {
    let mut set = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD)?))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_data_page_row_count_limit(PAGE)
        .set_write_batch_size(1024)
        .set_dictionary_page_size_limit(4 * 1024 * 1024)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_sorting_columns(Some(sorting(order)))
        .set_created_by("nightdesk lake 1".to_owned());
    for name in [column::HOME, column::PEER, column::FIRST] {
        set = set.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Page);
    }
    // Within one address the times rise, so that only what lies between two is kept.
    let first = ColumnPath::from(column::FIRST);
    set = set
        .set_column_dictionary_enabled(first.clone(), false)
        .set_column_encoding(first, Encoding::DELTA_BINARY_PACKED);
    Ok(set.build())
}

fn sorting(order: Order) -> Vec<SortingColumn> {
    let place = |name: &str| SCHEMA.index_of(name).ok().and_then(|at| i32::try_from(at).ok());
    let by = sorted_by(order).into_iter().filter_map(place);
    by.map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: false }).collect()
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
    pub(crate) fn begin(disk: &Disk, path: PathBuf, order: Order) -> Result<Writing, LakeError> {
        let opened = BufWriter::new(disk.create(&path)?);
        let out = properties(order)
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
