//! One socket and its decoder.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use flow::wire::Decoder;
use flow::{Flow, Millis};
use jiff::Timestamp;
use tokio::sync::mpsc::Sender;

use super::heard::Counts;
use super::nat::Following;
use super::socket::{Buffers, Socket};
use super::strangers::Strangers;
use super::{Batch, Config};

/// How often counts are brought up to date.
const EVERY: Duration = Duration::from_secs(1);
/// How long reading rests after the system refused: long enough not to spin, short enough not to be noticed.
const REST: Duration = Duration::from_millis(200);

/// What one thread does.
pub(super) struct Shard {
    number: usize,
    socket: Socket,
    config: Arc<Config>,
    batches: Sender<Batch>,
    decoder: Decoder,
    flows: Vec<Flow>,
    /// When the first flow of the batch came.
    since: Instant,
    counts: Counts,
    strangers: Strangers,
    translators: Option<Following>,
}

impl Shard {
    pub(super) fn new(number: usize, socket: Socket, config: Arc<Config>, batches: Sender<Batch>) -> Shard {
        let mut decoder = Decoder::new(config.limits.clone());
        for (exporter, rate) in &config.sampling {
            decoder.assume_sampling(*exporter, *rate);
        }
        let translators = config.nat.clone().map(Following::new);
        if translators.is_some() {
            decoder.keep_nat_events();
        }
        let since = Instant::now();
        let (counts, strangers, flows) = (Counts::default(), Strangers::default(), Vec::new());
        Shard { number, socket, config, batches, decoder, flows, since, counts, strangers, translators }
    }

    /// Reads until it is to end.
    pub(super) fn run(mut self, ends: &AtomicBool) {
        let mut buffers = Buffers::new();
        let mut updated = Instant::now();
        while !ends.load(Relaxed) {
            if let Err(error) = self.read(&mut buffers) {
                tracing::error!(%error, "reading flows rests for a moment");
                std::thread::sleep(REST);
            }
            if !self.flows.is_empty() && self.since.elapsed() >= self.config.within {
                self.hand_on();
            }
            if updated.elapsed() >= EVERY {
                updated = Instant::now();
                self.update();
            }
        }
        self.hand_on();
        self.update();
    }

    fn read(&mut self, buffers: &mut Buffers) -> Result<(), nix::errno::Errno> {
        if self.flows.is_empty() {
            self.since = Instant::now();
        }
        let Shard { socket, config, decoder, flows, strangers, translators, .. } = &mut *self;
        // The clock is asked once for what lay there already, and before the wait: within the wait at most.
        let mut received = None;
        let read = buffers.receive(socket, |from, datagram| {
            if config.admits(from) {
                let received = *received.get_or_insert_with(now);
                decoder.decode(from, received, datagram, flows);
                if let Some(translators) = translators {
                    translators.heard(from, decoder);
                }
            } else {
                strangers.count(from);
            }
        })?;
        self.counts.datagrams += u64::try_from(read).unwrap_or(0);
        if self.flows.len() >= self.config.batch {
            self.hand_on();
        }
        Ok(())
    }

    /// Hands the batch on, or drops it where nobody has room for it.
    fn hand_on(&mut self) {
        if self.flows.is_empty() {
            return;
        }
        let count = u64::try_from(self.flows.len()).unwrap_or(u64::MAX);
        // Room for what one more reading may bring beyond a full batch.
        let next = Vec::with_capacity(self.flows.len().max(self.config.batch));
        let flows = std::mem::replace(&mut self.flows, next);
        match self.batches.try_send(Batch { flows, received: now() }) {
            Ok(()) => self.counts.flows += count,
            Err(_) => self.counts.flows_dropped += count,
        }
    }

    fn update(&mut self) {
        self.counts.kernel_drops = self.socket.drops().unwrap_or(self.counts.kernel_drops);
        self.config.heard.update(self.number, self.counts, &self.decoder, &self.strangers);
    }
}

fn now() -> Millis {
    Millis::from(Timestamp::now())
}
