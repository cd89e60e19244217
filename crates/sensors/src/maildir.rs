//! A Maildir, picked up: each file in `new/` becomes a [`Delivery`] and, once that is on disk, moves to `cur/` with the
//! flag "seen". Never before: after a crash in between the file is picked up again, with the same id.
//!
//! A file that is too large or cannot be read stays where it is and is reported once in the log (and again when it was
//! changed and still cannot be taken); the others proceed.

pub(crate) mod file;
mod sweep;

use tokio::sync::{mpsc::Sender, watch};
use tokio::time::sleep;

use self::sweep::{Next, Sweeper};
use crate::Delivery;
use crate::stop::stopped;

pub use crate::pickup::Config;

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
