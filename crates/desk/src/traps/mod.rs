//! What the scanner-traps hear, made into evidence: visits are gathered by source and minute before they go into the log,
//! counted for the page of what is being scanned right now, and filed on the line they came from where that is ours.
//!
//! A visit without a completed handshake may have a forged source: it is counted, and is neither evidence nor a case.

mod board;
pub(crate) mod evidence;
mod filing;
pub(crate) mod gather;
mod known;
mod view;

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use crate::desk::Desk;
use crate::night::chain;
use board::Board;
pub(crate) use gather::{Gathering, Touched};
use known::Known;
pub use view::{TrapCounts, TrapNetwork, TrapPort, TrapVisit, TrapWanted, TrapsView};

/// How often it is looked whether a minute is over.
const LOOK: Duration = Duration::from_secs(1);
/// How often what came is kept, so that a restart calls nothing new that is not.
const KEEP: Duration = Duration::from_secs(600);

/// One visit to a trap, as the desk hears of it.
#[derive(Debug, Clone, PartialEq)]
pub struct TrapHit {
    /// When it began.
    pub at: Timestamp,
    /// Who came.
    pub source: IpAddr,
    /// The spare address.
    pub trap: IpAddr,
    /// Its port.
    pub port: u16,
    /// `tcp`, `udp` or `icmp`.
    pub transport: &'static str,
    /// Whether the source is shown to be real by a completed handshake.
    pub handshake: bool,
    /// What was wanted, by its short name.
    pub wanted: &'static str,
    /// What sort of thing that is: `proxy`, `relay`, `trojan`, `login`, `service`, `web` or `other`.
    pub family: &'static str,
    /// Whether the visitor's own bytes say so, and not the port alone.
    pub said: bool,
    /// The first bytes that came.
    pub first: Vec<u8>,
    /// All that is known of it, as one line of JSON.
    pub line: String,
}

/// What there is to do for whoever takes visits.
enum Woken {
    /// So many visits came; none, when it is over.
    Hits(usize),
    Look,
    Keep,
}

/// What the desk keeps of the traps.
#[derive(Debug, Default)]
pub(crate) struct Traps {
    board: Mutex<Board>,
    counts: std::sync::OnceLock<Ask>,
}

/// Tells what the engine has counted.
struct Ask(Box<dyn Fn() -> TrapCounts + Send + Sync>);

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ask")
    }
}

impl Traps {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Says whom the pages ask what the traps have counted, and that there are traps; the first to say so is asked. What
    /// came is kept in the folder `memory`, so that after a restart it is not called new; without one, it is.
    pub fn show_traps(&self, memory: Option<&Path>, counts: impl Fn() -> TrapCounts + Send + Sync + 'static) {
        let now = self.now();
        self.traps().board().begin(now, Known::recall(memory, now));
        _ = self.traps().counts.set(Ask(Box::new(counts)));
    }

    /// The traps, as ends that may let anybody in.
    pub(crate) fn trap_prefixes(&self) -> Vec<signs::Allowed> {
        let counts = self.traps().counts.get().map(|ask| (ask.0)()).unwrap_or_default();
        counts.prefixes.iter().filter_map(|prefix| prefix.parse().ok()).collect()
    }

    /// What is being scanned right now; `None` where there are no traps.
    #[must_use]
    pub fn trapped(&self) -> Option<TrapsView> {
        let counts = self.traps().counts.get().map(|ask| (ask.0)())?;
        Some(self.traps().board().view(self.now(), counts))
    }

    /// Takes visits until there are no more, or `stop` turns true: counts each, and puts those that are evidence into the
    /// log when their minute is over. What is not there yet at a power cut is lost, as the visit itself would be.
    pub async fn keep_traps(&self, mut hits: mpsc::Receiver<TrapHit>, mut stop: watch::Receiver<bool>) {
        let mut gathering = Gathering::new(self.settings().territory.home.clone());
        let mut batch = Vec::new();
        let mut looks = tokio::time::interval(LOOK);
        let mut keeps = tokio::time::interval_at(tokio::time::Instant::now() + KEEP, KEEP);
        loop {
            let woken = tokio::select! {
                taken = hits.recv_many(&mut batch, 1024) => Woken::Hits(taken),
                _ = looks.tick() => Woken::Look,
                _ = keeps.tick() => Woken::Keep,
                _ = stop.wait_for(|stop| *stop) => Woken::Hits(0),
            };
            match woken {
                Woken::Hits(0) => break,
                Woken::Hits(_) => self.take_hits(&mut batch, &mut gathering),
                Woken::Look => self.keep_gathered(&mut gathering, false).await,
                Woken::Keep => self.keep_known().await,
            }
        }
        self.keep_gathered(&mut gathering, true).await;
        self.keep_known().await;
    }

    /// Keeps on disk what came, where that is wished for.
    async fn keep_known(&self) {
        let to_keep = self.traps().board().to_keep(self.now());
        if let Some(to_keep) = to_keep
            && let Err(error) = tokio::task::spawn_blocking(move || to_keep.write()).await
        {
            tracing::error!(%error, "what traps have heard could not be kept");
        }
    }

    pub(crate) fn take_hits(&self, batch: &mut Vec<TrapHit>, gathering: &mut Gathering) {
        let mut board = self.traps().board();
        for hit in batch.drain(..) {
            board.count(&hit, self.settings().territory.home.contains(hit.source));
            gathering.take(hit);
        }
    }

    /// Puts minutes that are over into the log; all of them at the end.
    pub(crate) async fn keep_gathered(&self, gathering: &mut Gathering, all: bool) {
        let over = gathering.over(self.now(), all);
        let deliveries: Vec<_> = over.iter().filter_map(evidence::delivery).collect();
        if deliveries.is_empty() {
            return;
        }
        match self.store().append(&deliveries).await {
            Ok(_) => self.ring(),
            Err(error) => {
                tracing::error!(error = %chain(&error), minutes = deliveries.len(), "visits to traps could not be put in the log");
            }
        }
        self.traps().board().kept(deliveries.len());
    }
}
