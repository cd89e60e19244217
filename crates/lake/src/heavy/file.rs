//! A list on disk: a small Parquet file under its file's name, in a folder of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, FixedSizeBinaryBuilder, RecordBatch, UInt16Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt16Type, UInt64Type};
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::{List, Pair};
use crate::catalogue::Catalogue;
use crate::disk::Disk;
use crate::error::{LakeError, file};
use crate::name::Name;
use crate::schema::{ADDRESS, address_number, column};

/// Under which key the file says its bound.
const BOUND: &str = "nightdesk.bound";

/// What a list may have: ten times what is ever written, so that a foreign file does not fill the memory.
const ROWS: usize = 10 * super::LONGEST;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let must = |name: &str, of: DataType| Field::new(name, of, false);
    Arc::new(Schema::new(vec![
        must(column::HOME, ADDRESS),
        must(column::PEER, ADDRESS),
        must("inbound", DataType::Boolean),
        must("port", DataType::UInt16),
        must("bytes", DataType::UInt64),
    ]))
});

/// Writes a list at a passing place and puts it on the disk.
///
/// # Errors
/// [`LakeError`] when the disk fails.
pub(crate) fn write(disk: &Disk, path: &Path, list: &List) -> Result<(), LakeError> {
    let opened = disk.create(path)?;
    let wrong = |source| LakeError::Writing { path: path.to_owned(), source };
    let batch = columns(list)
        .map_err(|source| LakeError::Columns { doing: "write the list of the heaviest", source })?;
    let properties = ZstdLevel::try_new(3).map(|level| {
        WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_dictionary_enabled(false)
            .set_key_value_metadata(Some(vec![KeyValue::new(BOUND.to_owned(), list.bound.to_string())]))
            .build()
    });
    let written = properties
        .and_then(|properties| ArrowWriter::try_new(opened, Arc::clone(&SCHEMA), Some(properties)))
        .and_then(|mut out| {
            out.write(&batch)?;
            out.into_inner()
        })
        .map_err(wrong)?;
    disk.sync(&written, path)
}

fn columns(list: &List) -> Result<RecordBatch, ArrowError> {
    let addresses = |of: fn(&Pair) -> u128| -> Result<ArrayRef, ArrowError> {
        let mut built = FixedSizeBinaryBuilder::with_capacity(list.pairs.len(), 16);
        for (pair, _) in &list.pairs {
            built.append_value(of(pair).to_be_bytes())?;
        }
        Ok(Arc::new(built.finish()))
    };
    let columns: Vec<ArrayRef> = vec![
        addresses(|pair| pair.home)?,
        addresses(|pair| pair.peer)?,
        Arc::new(BooleanArray::from_iter(list.pairs.iter().map(|(pair, _)| Some(pair.inbound)))),
        Arc::new(UInt16Array::from_iter_values(list.pairs.iter().map(|(pair, _)| pair.port))),
        Arc::new(UInt64Array::from_iter_values(list.pairs.iter().map(|(_, bytes)| *bytes))),
    ];
    RecordBatch::try_new(Arc::clone(&SCHEMA), columns)
}

/// The list of a file; `None` when it has none or a damaged one, which is as good as none.
pub(crate) fn read(disk: &Disk, name: &Name) -> Option<List> {
    let path = disk.heaviest(name);
    let opened = File::open(&path).ok()?;
    match parse(opened) {
        Ok(list) => list,
        Err(error) => {
            tracing::warn!(file = %path.display(), %error, "a list of the heaviest cannot be read; its flows are read instead");
            None
        }
    }
}

fn parse(opened: File) -> Result<Option<List>, ParquetError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(opened)?;
    let about = builder.metadata().file_metadata();
    let said = about.key_value_metadata().into_iter().flatten().find(|pair| pair.key == BOUND);
    let bound = said.and_then(|pair| pair.value.as_deref()).and_then(|text| text.parse().ok());
    let (Some(bound), true) = (bound, usize::try_from(about.num_rows()).is_ok_and(|rows| rows <= ROWS))
    else {
        return Ok(None);
    };
    let mut list = List { pairs: Vec::new(), bound };
    for batch in builder.build()? {
        if take(&batch?, &mut list).is_none() {
            return Ok(None);
        }
    }
    Ok(Some(list))
}

fn take(batch: &RecordBatch, list: &mut List) -> Option<()> {
    let home = batch.column_by_name(column::HOME)?.as_fixed_size_binary_opt()?;
    let peer = batch.column_by_name(column::PEER)?.as_fixed_size_binary_opt()?;
    let inbound = batch.column_by_name("inbound")?.as_boolean_opt()?;
    let port = batch.column_by_name("port")?.as_primitive_opt::<UInt16Type>()?;
    let bytes = batch.column_by_name("bytes")?.as_primitive_opt::<UInt64Type>()?;
    list.pairs.extend((0..home.len()).map(|at| {
        let (home, peer) = (address_number(home.value(at)), address_number(peer.value(at)));
        (Pair { home, peer, inbound: inbound.value(at), port: port.value(at) }, bytes.value(at))
    }));
    Some(())
}

/// Removes lists of files that are not there any more.
///
/// # Errors
/// [`LakeError`] when the folder cannot be read or changed.
pub(crate) fn sweep(disk: &Disk, catalogue: &Catalogue) -> Result<(), LakeError> {
    let folder = disk.heaviest_folder();
    let entries: Vec<PathBuf> = fs::read_dir(&folder)
        .and_then(|entries| entries.map(|entry| entry.map(|it| it.path())).collect())
        .map_err(file("list", &folder))?;
    let known =
        |name: &Name| catalogue.live.iter().chain(&catalogue.superseded).any(|held| held.name == *name);
    for path in entries {
        let text = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if text.parse::<Name>().is_ok_and(|name| !known(&name)) {
            disk.remove(&path)?;
        }
    }
    Ok(())
}
