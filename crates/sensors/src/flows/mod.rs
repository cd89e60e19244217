//! Flow sockets: datagrams of NetFlow, IPFIX and sFlow exporters to batches of flows.
//!
//! [`bind`] opens the sockets, [`serve`] reads them. Each socket has a thread of its own with its own
//! [`flow::wire::Decoder`]; more than one socket on an address shares the exporters out among them by the kernel's hash of
//! their addresses and ports (`SO_REUSEPORT`), so that one exporter's templates and data come to one decoder. One socket
//! reads millions of flows a second; more are for machines with cores to spare.
//!
//! What comes out is a [`Batch`] of flows in the order in which they came. Whoever shares work out by home address does
//! so with the batches: a flow may have a home address at either end, and this crate knows no home.
//!
//! Nothing here waits for anybody: when the channel of batches is full the flows are dropped, and counted, because the
//! kernel would else drop datagrams and count less. Every loss has a count in [`Heard`].

mod config;
mod heard;
mod nat;
mod shard;
mod socket;
mod strangers;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;

use flow::{Flow, Millis};
use tokio::sync::{mpsc::Sender, watch};

pub use config::Config;
pub use heard::{Counts, Heard, Reading};
pub use nat::{NatBatch, NatTap};
pub use socket::{BindError, Sockets, bind};

use crate::stop::stopped;

/// Flows that came one after the other.
#[derive(Debug)]
pub struct Batch {
    /// The flows.
    pub flows: Vec<Flow>,
    /// When the last datagram of them came.
    pub received: Millis,
}

/// Reads the sockets until `stop` turns true (or its sender is gone), hands on what was read, and returns.
///
/// # Errors
/// When the system gives no thread.
pub async fn serve(
    sockets: Sockets,
    config: Config,
    batches: Sender<Batch>,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let ends = Arc::new(AtomicBool::new(false));
    let config = Arc::new(config);
    let threads = start(sockets, &config, &batches, &ends);
    if threads.is_ok() {
        stopped(&mut stop).await;
    }
    ends.store(true, Relaxed);
    let threads = threads?;
    // Each looks at least every `Config::within` whether it is to end.
    let joined = tokio::task::spawn_blocking(move || threads.into_iter().all(|thread| thread.join().is_ok()));
    if !joined.await.unwrap_or(false) {
        tracing::error!("a thread that read flows broke");
    }
    Ok(())
}

fn start(
    sockets: Sockets,
    config: &Arc<Config>,
    batches: &Sender<Batch>,
    ends: &Arc<AtomicBool>,
) -> io::Result<Vec<JoinHandle<()>>> {
    let named = sockets.into_iter().enumerate();
    named
        .map(|(number, socket)| {
            let shard = shard::Shard::new(number, socket, Arc::clone(config), batches.clone());
            let ends = Arc::clone(ends);
            std::thread::Builder::new().name(format!("flows-{number}")).spawn(move || shard.run(&ends))
        })
        .collect()
}
