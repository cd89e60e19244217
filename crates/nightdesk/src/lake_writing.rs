//! Flows onto the disk while the desk runs: a thread that writes, and the hop to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use flow::{Flow, Millis};
use jiff::Timestamp;
use lake::{Home, Writer};

use crate::config::Config;

/// Batches of flows on their way to the disk. When it is full they are dropped and counted: watching goes on.
const BATCHES: usize = 64;

/// How often the writer looks at what is due.
const TICK: Duration = Duration::from_secs(2);

/// How often what was dropped is said.
const SAY_EVERY: u64 = 1000;

/// How many flows were watched and are not on disk, because it was too slow or full.
#[derive(Debug, Clone, Default)]
pub(crate) struct NotKept(Arc<AtomicU64>);

impl NotKept {
    /// So many since the start.
    pub(crate) fn flows(&self) -> u64 {
        self.0.load(Relaxed)
    }

    fn add(&self, flows: u64) {
        self.0.fetch_add(flows, Relaxed);
    }
}

/// Takes flows to the disk.
#[derive(Debug)]
pub(crate) struct ToDisk {
    batches: SyncSender<Vec<Flow>>,
    dropped: u64,
    not_kept: NotKept,
}

impl ToDisk {
    /// Starts the thread that writes. It ends, with all on disk, when this is dropped.
    pub(crate) fn start(config: &Config) -> Result<ToDisk> {
        let home = Home::new(config.general.home.iter().copied());
        let dir = config.lake_dir();
        let writer = Writer::open(&dir, home, Some(config.lake.keep.0))
            .with_context(|| format!("cannot keep flows in {}; see lake.dir", dir.display()))?;
        let (batches, incoming) = sync_channel(BATCHES);
        let thread = std::thread::Builder::new().name("lake-writer".to_owned());
        let not_kept = NotKept::default();
        let counted = not_kept.clone();
        thread
            .spawn(move || write(writer, &incoming, &counted))
            .context("cannot start the thread that keeps flows")?;
        Ok(ToDisk { batches, dropped: 0, not_kept })
    }

    /// What the pages show of what is lost here.
    pub(crate) fn not_kept(&self) -> NotKept {
        self.not_kept.clone()
    }

    /// Hands on a batch, and waits for nobody.
    pub(crate) fn take(&mut self, flows: &[Flow]) {
        match self.batches.try_send(flows.to_vec()) {
            Ok(()) => {}
            Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) => {
                if self.dropped.is_multiple_of(SAY_EVERY) {
                    tracing::warn!(
                        batches = self.dropped + 1,
                        flows = batch.len(),
                        "the disk is too slow: flows are watched and not kept"
                    );
                }
                self.dropped += 1;
                self.not_kept.add(u64::try_from(batch.len()).unwrap_or(u64::MAX));
            }
        }
    }
}

fn write(mut writer: Writer, incoming: &Receiver<Vec<Flow>>, not_kept: &NotKept) {
    let mut ticked = Instant::now();
    loop {
        let ended = match incoming.recv_timeout(TICK) {
            Ok(flows) => {
                keep_on(writer.write(&flows).map(drop));
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        };
        not_kept.add(writer.take_given_up());
        if ended {
            keep_on(writer.flush().map(drop));
            return;
        }
        if ticked.elapsed() >= TICK {
            keep_on(writer.tick(Millis::from(Timestamp::now())).map(drop));
            ticked = Instant::now();
        }
    }
}

/// What failed is tried again with the next flows; a full disk must not end the watching.
fn keep_on(done: Result<(), lake::LakeError>) {
    if let Err(error) = done {
        tracing::error!(%error, "flows could not be kept");
    }
}
