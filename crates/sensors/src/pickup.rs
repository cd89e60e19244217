//! How a folder of files is looked at, whether a Maildir or a folder that feeds are dropped in.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::Tally;

/// One folder that is looked at again and again.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder; of a Maildir the one that holds `new/`, `cur/` and `tmp/`.
    pub dir: PathBuf,
    /// The intake tags of all its files; goes into [`Envelope::tags`](crate::Envelope::tags).
    pub tags: Vec<String>,
    /// How often it is looked at; outside a Maildir also how long a file must stay as it is to be complete. Default 5
    /// seconds.
    pub every: Duration,
    /// Files per look, the first by name. Default 100; in a Maildir that has more the next look follows at once.
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
