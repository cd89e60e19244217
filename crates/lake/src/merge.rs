//! Several sorted files into one, in memory that does not grow with them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::TimestampMillisecondType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use crate::disk::Order;
use crate::error::LakeError;
use crate::parquet_file::{self, BATCH};
use crate::schema::address_number;

/// What a file is sorted by: address, then time.
type Key = (u128, i64);

/// One file while it is merged.
struct Source {
    path: PathBuf,
    rest: ParquetRecordBatchReader,
    batch: RecordBatch,
    /// The keys of `batch`.
    keys: Vec<Key>,
    at: usize,
}

impl Source {
    fn open(path: PathBuf, order: Order) -> Result<Option<Source>, LakeError> {
        let rest = parquet_file::read(&path)?;
        let empty = RecordBatch::new_empty(rest_schema(&rest));
        let mut source = Source { path, rest, batch: empty, keys: Vec::new(), at: 0 };
        Ok(source.refill(order)?.then_some(source))
    }

    /// Takes the next batch; false at the end of the file.
    fn refill(&mut self, order: Order) -> Result<bool, LakeError> {
        for batch in self.rest.by_ref() {
            let batch = batch
                .map_err(|error| LakeError::Damaged { path: self.path.clone(), source: error.into() })?;
            self.keys = keys(&batch, order);
            self.batch = batch;
            self.at = 0;
            if !self.keys.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn key(&self) -> Option<Key> {
        self.keys.get(self.at).copied()
    }
}

fn rest_schema(rest: &ParquetRecordBatchReader) -> arrow::datatypes::SchemaRef {
    use arrow::array::RecordBatchReader;
    rest.schema()
}

fn keys(batch: &RecordBatch, order: Order) -> Vec<Key> {
    let [address, time] = parquet_file::sorted_by(order);
    let address = batch.column_by_name(address).and_then(|it| it.as_fixed_size_binary_opt());
    let time = batch.column_by_name(time).and_then(|it| it.as_primitive_opt::<TimestampMillisecondType>());
    match (address, time) {
        (Some(address), Some(time)) => {
            (0..address.len()).map(|at| (address_number(address.value(at)), time.value(at))).collect()
        }
        _ => Vec::new(),
    }
}

/// Hands the rows of all files, in order, to `out`, a batch at a time. Of each file one batch is in memory.
pub(crate) fn merge(
    paths: Vec<PathBuf>,
    order: Order,
    mut out: impl FnMut(&RecordBatch) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let mut sources = Vec::with_capacity(paths.len());
    for path in paths {
        sources.extend(Source::open(path, order)?);
    }
    let mut next: BinaryHeap<Reverse<(Key, usize)>> = sources
        .iter()
        .enumerate()
        .filter_map(|(which, source)| Some(Reverse((source.key()?, which))))
        .collect();
    let mut picked: Vec<(usize, usize)> = Vec::with_capacity(BATCH);
    while let Some(Reverse((_, which))) = next.pop() {
        let Some(source) = sources.get_mut(which) else { continue };
        picked.push((which, source.at));
        source.at += 1;
        let ended = source.key().is_none();
        // What is picked points into the batches, so it leaves before one of them is replaced.
        if ended || picked.len() >= BATCH {
            out(&take(&sources, &picked)?)?;
            picked.clear();
        }
        let Some(source) = sources.get_mut(which) else { continue };
        if ended && !source.refill(order)? {
            continue;
        }
        if let Some(key) = source.key() {
            next.push(Reverse((key, which)));
        }
    }
    Ok(())
}

fn take(sources: &[Source], picked: &[(usize, usize)]) -> Result<RecordBatch, LakeError> {
    let batches: Vec<&RecordBatch> = sources.iter().map(|source| &source.batch).collect();
    interleave_record_batch(&batches, picked)
        .map_err(|source| LakeError::Columns { doing: "merge files", source })
}
