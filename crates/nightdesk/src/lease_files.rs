//! Lease files that are followed as they grow: from the files to the leases on disk.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use lease::{Format, Manner, Reader, Row, RowError, SubscriberId};
use sensors::follow::{Piece, follow};
use store::Store;

use crate::config::{Config, LeaseFile};
use crate::startup::well;

/// Pieces of a file on their way to the store. When it is full the file is read no further for now.
const PIECES: usize = 4;
/// How long to wait before a store that failed is tried again.
const PAUSE: Duration = Duration::from_secs(5);
/// How many bad rows of one file are logged one by one.
const SHOWN: u64 = 20;

/// Starts to follow every file that is configured.
pub(crate) fn start(
    config: &Config,
    parts: &mut JoinSet<Result<()>>,
    store: &Store,
    stop: &watch::Receiver<bool>,
) -> Result<()> {
    for one in &config.lease_file {
        let zone = zone(one.zone.as_deref()).context("lease_file")?;
        let (pieces, incoming) = mpsc::channel(PIECES);
        let source = Source::new(one, zone, store.clone());
        parts.spawn(well(source.read(incoming)));
        parts.spawn(well(follow(one.path.clone(), one.every.std(), pieces, stop.clone())));
    }
    Ok(())
}

/// A time zone by its IANA name.
pub(crate) fn zone(name: Option<&str>) -> Result<Option<TimeZone>> {
    let get = |name: &str| {
        TimeZone::get(name)
            .with_context(|| format!("{name:?} is no time zone; write one like Europe/Berlin or UTC"))
    };
    name.map(get).transpose()
}

/// What Kea leaves beside its file during a clean-up, in the order in which it reads them itself.
pub(crate) fn before(path: &Path) -> Vec<PathBuf> {
    let beside = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let completed = beside(".completed");
    let older = if completed.exists() { vec![completed] } else { vec![beside(".2"), beside(".1")] };
    older.into_iter().filter(|path| path.exists()).collect()
}

struct Source {
    path: PathBuf,
    manner: Manner,
    reader: Option<Reader>,
    format: Option<Format>,
    store: Store,
    bad: u64,
}

impl Source {
    fn new(one: &LeaseFile, zone: Option<TimeZone>, store: Store) -> Source {
        let name = one.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let manner = Manner { name, zone, written: Timestamp::now() };
        let format = one.format.map(Format::from);
        Source { path: one.path.clone(), manner, reader: None, format, store, bad: 0 }
    }

    async fn read(mut self, mut incoming: mpsc::Receiver<Piece>) {
        while let Some(piece) = incoming.recv().await {
            let rows = match piece {
                Piece::Bytes { bytes, live } => {
                    if self.reader.is_none() && !self.begin(&bytes).await {
                        continue;
                    }
                    let now = live.then(Timestamp::now);
                    self.reader.as_mut().map_or_else(Vec::new, |reader| reader.feed(&bytes, now))
                }
                Piece::Replaced => {
                    let now = Some(Timestamp::now());
                    self.reader.as_mut().map_or_else(Vec::new, |reader| reader.broke_off(now))
                }
            };
            self.keep(rows).await;
        }
    }

    /// Makes the reader, and reads what stands beside the file first. No when nobody knows what the file is.
    async fn begin(&mut self, beginning: &[u8]) -> bool {
        let Some(format) = self.format.or_else(|| Format::of(beginning)) else {
            tracing::warn!(file = %self.path.display(), "the file is no lease file that is known; say its format");
            return false;
        };
        let mut reader = Reader::new(format, &self.manner, true);
        let mut rows = Vec::new();
        if format == Format::Kea {
            for path in before(&self.path) {
                match std::fs::read(&path) {
                    Ok(bytes) => rows.extend(reader.feed(&bytes, None)),
                    Err(error) => tracing::warn!(file = %path.display(), %error, "cannot be read"),
                }
                rows.extend(reader.broke_off(None));
            }
        }
        self.reader = Some(reader);
        self.keep(rows).await;
        true
    }

    /// Puts leases on disk, however long that takes: the file waits meanwhile.
    async fn keep(&mut self, rows: Vec<Result<Row, RowError>>) {
        let (mut leases, mut contacts): (Vec<_>, Vec<(SubscriberId, String)>) = (Vec::new(), Vec::new());
        for row in rows {
            match row {
                Ok(row) => {
                    contacts.extend(row.contact.map(|contact| (row.lease.subscriber.clone(), contact)));
                    leases.push(row.lease);
                }
                Err(error) => {
                    self.bad = self.bad.saturating_add(1);
                    if self.bad <= SHOWN {
                        tracing::warn!(file = %self.path.display(), %error, "a part of the file was not used");
                    }
                }
            }
        }
        while let Err(error) = self.store.import_leases(&leases, &contacts).await {
            tracing::error!(file = %self.path.display(), %error, "leases could not be kept; trying again");
            tokio::time::sleep(PAUSE).await;
        }
    }
}
