//! Several sorted files into one, in memory that does not grow with them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use crate::disk::Order;
use crate::error::LakeError;
use crate::key::{self, Key};
use crate::parquet_file::{self, BATCH};

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
            self.keys = key::of_batch(&batch, order);
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

/// Hands the rows of all files, in order, to `out`, a batch at a time. Of each file one batch is in memory. A file that is
/// sorted by its address alone, or by address and time as early ones were, leaves the addresses in order and the rest not,
/// which makes the merged file larger and no answer wrong.
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

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::Arc;

    use flow::Way;
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::disk::Disk;
    use crate::parquet_file::{Stay, Writing};
    use crate::row::Row;
    use crate::schema::{self, SCHEMA};

    fn row(home: u128, first: i64, peer_port: u16) -> Row {
        Row {
            home,
            peer: 7,
            inbound: false,
            home_port: 50_000,
            peer_port,
            protocol: 6,
            first,
            duration: 5,
            inward: Way::default(),
            outward: Way { packets: 1, bytes: 60, flags: 2 },
            both_ways: false,
            sampling: 1,
            exporter: 0,
            translated: None,
        }
    }

    fn batch(rows: &[Row]) -> RecordBatch {
        let order: Vec<u32> = (0..).take(rows.len()).collect();
        schema::batch(rows, &order).unwrap()
    }

    /// As files were written before flows of one kind stood together: by address and time, with dictionaries.
    fn early(path: &std::path::Path, rows: &[Row]) {
        let mut out = ArrowWriter::try_new(File::create(path).unwrap(), Arc::clone(&SCHEMA), None).unwrap();
        out.write(&batch(rows)).unwrap();
        out.close().unwrap();
    }

    #[test]
    fn early_files_merge_with_later_ones_and_the_addresses_stay_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        early(&old, &[row(1, 10, 443), row(1, 20, 53), row(2, 5, 443), row(3, 1, 25)]);
        let mut writing =
            Writing::begin(&Disk::new(folder.path().to_owned()), new.clone(), Order::Home, Stay::Passing)
                .unwrap();
        writing.write(&batch(&[row(1, 30, 25), row(1, 15, 443), row(3, 9, 53)])).unwrap();
        writing.finish(&Disk::new(folder.path().to_owned())).unwrap();
        let mut merged = Vec::new();
        merge(vec![old, new], Order::Home, |batch| {
            merged.extend(schema::rows(batch)?);
            Ok(())
        })
        .unwrap();
        assert!(merged.is_sorted_by_key(|row| row.home), "{merged:?}");
        let mut whole: Vec<_> = merged.iter().map(|row| (row.home, row.first, row.peer_port)).collect();
        whole.sort_unstable();
        assert_eq!(
            whole,
            [(1, 10, 443), (1, 15, 443), (1, 20, 53), (1, 30, 25), (2, 5, 443), (3, 1, 25), (3, 9, 53)]
        );
    }
}
