//! `nightdesk lease import`.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use lease::{Lease, Row, RowError, SubscriberId, csv, detail};
use serde_json::json;
use store::Store;

use super::Answer;
use crate::cli::{LeaseCommand, LeaseFormat};
use crate::config::Config;
use crate::{output, startup};

/// Rows written in one transaction: large enough that the disk's sync does not count, small enough to show progress.
const TOGETHER: usize = 20_000;
/// A line longer than this is no lease; the reader says so of what it got.
const LONGEST_LINE: u64 = 64 * 1024;
/// How many bad rows are printed one by one; the rest are counted.
const SHOWN: u64 = 20;

pub(crate) async fn run(config: &Config, command: &LeaseCommand) -> Result<Answer> {
    let LeaseCommand::Import { file, format, json } = command;
    let store = startup::open_store(config).await?;
    let count = import(&store, file, *format, !json.json).await?;
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
    show: bool,
) -> Result<Imported> {
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let bar = progress(opened.metadata().map_or(0, |about| about.len()), show);
    let mut source = BufReader::with_capacity(1 << 20, bar.wrap_read(opened));
    let format = match format {
        Some(format) => format,
        None => told_by_its_beginning(&mut source)?,
    };
    let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut import =
        Import { store, bar: &bar, rows: Vec::new(), contacts: Vec::new(), count: Imported::default() };
    match format {
        LeaseFormat::Csv => {
            let mut reader = csv::Reader::new(&name);
            let mut line = Vec::new();
            while source.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? > 0 {
                import.take(reader.line(&line)).await?;
                line.clear();
            }
        }
        LeaseFormat::RadiusDetail => {
            let mut reader = detail::Reader::new();
            let mut chunk = vec![0; 1 << 16];
            loop {
                let length = source.read(&mut chunk)?;
                if length == 0 {
                    break;
                }
                import.take(reader.feed(chunk.get(..length).unwrap_or_default())).await?;
            }
            import.take(reader.finish()).await?;
        }
    }
    import.write().await?;
    bar.finish_and_clear();
    Ok(import.count)
}

/// Accounting begins with a date line and attributes below it; a CSV names its columns first.
fn told_by_its_beginning(source: &mut impl BufRead) -> Result<LeaseFormat> {
    let beginning = String::from_utf8_lossy(source.fill_buf()?).into_owned();
    let first = beginning.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Ok(if first.contains(',') || first.contains("address") {
        LeaseFormat::Csv
    } else {
        LeaseFormat::RadiusDetail
    })
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
