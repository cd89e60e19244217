//! `nightdesk lease import`.

use std::fs::{File, Metadata};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use lease::{Format, Lease, Manner, Reader, Row, RowError, SubscriberId};
use serde_json::json;
use store::Store;

use super::Answer;
use crate::cli::LeaseCommand;
use crate::config::{Config, LeaseFormat};
use crate::{lease_files, output, startup};

/// Rows written in one transaction: large enough that the disk's sync does not count, small enough to show progress.
const TOGETHER: usize = 20_000;
/// How much is read at once, in bytes.
const CHUNK: usize = 1 << 20;
/// How many bad rows are printed one by one; the rest are counted.
const SHOWN: u64 = 20;

pub(crate) async fn run(config: &Config, command: &LeaseCommand) -> Result<Answer> {
    let LeaseCommand::Import { file, format, zone, json } = command;
    let store = startup::open_store(config).await?;
    let count = import(&store, file, *format, zone.as_deref(), !json.json).await?;
    if json.json {
        output::json(
            &json!({ "file": file, "new": count.new, "changed": count.changed, "same": count.same, "unreadable": count.unreadable }),
        )?;
    } else {
        output::line(format!(
            "{}: {} new, {} changed, {} known already, {} unreadable rows (see above)",
            file.display(),
            count.new,
            count.changed,
            count.same,
            count.unreadable
        ));
    }
    Ok(if count.unreadable == 0 { Answer::Yes } else { Answer::No })
}

/// What an import did.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Imported {
    new: u64,
    changed: u64,
    same: u64,
    unreadable: u64,
}

/// Imports a file; every good row is kept, every bad one is named.
pub(crate) async fn import(
    store: &Store,
    file: &Path,
    format: Option<LeaseFormat>,
    zone: Option<&str>,
    show: bool,
) -> Result<Imported> {
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let about = opened.metadata().ok();
    let bar = progress(about.as_ref().map_or(0, Metadata::len), show);
    let written = about.and_then(|about| Timestamp::try_from(about.modified().ok()?).ok());
    let mut source = BufReader::with_capacity(1 << 20, bar.wrap_read(opened));
    let format = match format {
        Some(format) => format.into(),
        None => Format::of(source.fill_buf()?).with_context(|| {
            format!("{} is no lease file that is known; name its format with --format", file.display())
        })?,
    };
    let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let zone = lease_files::zone(zone).context("--zone")?;
    let manner = Manner { name, zone, written: written.unwrap_or_else(Timestamp::now) };
    let mut import =
        Import { store, bar: &bar, rows: Vec::new(), contacts: Vec::new(), count: Imported::default() };
    let mut reader = Reader::new(format, &manner, false);
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = source.read(&mut chunk)?;
        if length == 0 {
            break;
        }
        import.take(reader.feed(chunk.get(..length).unwrap_or_default(), None)).await?;
    }
    import.take(reader.finish()).await?;
    import.write().await?;
    bar.finish_and_clear();
    Ok(import.count)
}

fn progress(bytes: u64, show: bool) -> ProgressBar {
    if !show {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(
        "{bar:40} {percent:>3} % of {total_bytes}, {elapsed} gone, {eta} left {msg}",
    );
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// An import under way.
struct Import<'a> {
    store: &'a Store,
    bar: &'a ProgressBar,
    rows: Vec<Lease>,
    contacts: Vec<(SubscriberId, String)>,
    count: Imported,
}

impl Import<'_> {
    async fn take(&mut self, rows: impl IntoIterator<Item = Result<Row, RowError>>) -> Result<()> {
        for row in rows {
            match row {
                Ok(row) => {
                    self.contacts.extend(row.contact.map(|contact| (row.lease.subscriber.clone(), contact)));
                    self.rows.push(row.lease);
                }
                Err(error) => self.bad(&error),
            }
            if self.rows.len() >= TOGETHER {
                self.write().await?;
            }
        }
        Ok(())
    }

    fn bad(&mut self, error: &RowError) {
        self.count.unreadable += 1;
        if self.count.unreadable <= SHOWN {
            self.bar.suspend(|| super::complain(&anyhow::anyhow!("{error}")));
        }
    }

    async fn write(&mut self) -> Result<()> {
        let done = self
            .store
            .import_leases(&self.rows, &self.contacts)
            .await
            .context("the leases could not be kept; import the file again")?;
        self.count.new += done.new;
        self.count.changed += done.changed;
        self.count.same += done.same;
        self.rows.clear();
        self.contacts.clear();
        Ok(())
    }
}
