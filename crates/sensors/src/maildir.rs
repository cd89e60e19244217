//! A Maildir, picked up: each file in `new/` becomes a [`Delivery`] and, once that is on disk, moves to `cur/` with the
//! flag "seen". Never before: after a crash in between the file is picked up again, with the same id.
//!
//! A file that is too large or cannot be read stays where it is and is reported once in the log (and again when it was
//! changed and still cannot be taken); the others proceed.

pub(crate) mod file;
mod sweep;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc::Sender, watch};
use tokio::time::sleep;

use self::sweep::{Next, Sweeper};
use crate::stop::stopped;
use crate::{Delivery, Tally};

/// One Maildir.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder that holds `new/`, `cur/` and `tmp/`.
    pub dir: PathBuf,
    /// The intake tags of all its mail; goes into [`Envelope::tags`](crate::Envelope::tags).
    pub tags: Vec<String>,
    /// How often `new/` is looked at. Default 5 seconds.
    pub every: Duration,
    /// Messages per look. Default 100; when there are more the next look follows at once.
    pub per_sweep: usize,
    /// Largest file in bytes. Default 25 MB, as for SMTP.
    pub message_bytes: usize,
    /// How long to wait for room in the channel. Default 5 seconds; then the file waits for the next look.
    pub patience: Duration,
    /// How long to wait for the answer "on disk". Default 1 minute; then the file waits for the next look.
    pub answer: Duration,
    /// Where events are counted.
    pub tally: Arc<Tally>,
}

impl Config {
    /// That folder, with the defaults.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Config {
        Config {
            dir: dir.into(),
            tags: Vec::new(),
            every: Duration::from_secs(5),
            per_sweep: 100,
            message_bytes: 25 * 1024 * 1024,
            patience: Duration::from_secs(5),
            answer: Duration::from_secs(60),
            tally: Arc::default(),
        }
    }
}

/// Picks up mail until `stop` turns true (or its sender is gone). A missing folder is reported once and looked for again.
pub async fn watch(config: Config, deliveries: Sender<Delivery>, mut stop: watch::Receiver<bool>) {
    let every = config.every;
    let mut sweeper = Sweeper::new(config, deliveries);
    loop {
        // Stopping between two files is always safe, and within one too: it is picked up again with the same id.
        tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            next = sweeper.sweep() => if next == Next::AtOnce { continue },
        }
        tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            () = sleep(every) => {}
        }
    }
}
