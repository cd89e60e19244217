//! Flow records to cases: what the flow sockets hear is shared out by home address to watching threads, and the signs they
//! find become evidence in the log. From there on a sign goes the way of a report: it is read behind a cursor,
//! attributed to who held the address when its flows ended, and filed on their case.
//!
//! Flows are not accepted mail: when a watcher cannot keep up they are dropped and counted, and what a watcher has learnt
//! is gone with a restart. A sign that was put in the log is not.

pub(crate) mod evidence;
mod filing;
mod judged;
mod ledger;
mod memory;
mod meter;
mod recall;
mod scanners;
mod shard;
mod split;
mod view;
mod watched;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use flow::Flow;
use signs::{Allowed, Learnt};
use tokio::sync::{mpsc, watch};

use crate::desk::Desk;
pub use judged::{Judged, judged};
pub(crate) use ledger::Ledger;
pub(crate) use memory::{Memory, recall};
pub(crate) use meter::Meter;
pub(crate) use recall::proof;
pub use recall::{FlowView, SignView, signs_of};
use scanners::Scanners;
use shard::{Found, Shard};
use split::Split;
pub use view::{ListenerView, SignCount, TrafficMinute, TrafficView};
use watched::Watched;

/// Batches of flows that wait for one watcher. When it is full the batch is dropped and its flows are counted.
const BATCHES: usize = 256;
/// Batches of signs that wait to be put in the log. When it is full the watchers wait, and flows are dropped behind them.
const SIGNS: usize = 64;

/// How the traffic is watched.
#[derive(Debug, Clone, Default)]
pub struct TrafficSettings {
    /// What is meant to be as it is, and is not suspected. It applies at once: signs of it that were filed are withdrawn.
    pub allowed: Vec<Allowed>,
    /// How many watchers share the home addresses; at least one.
    pub threads: usize,
    /// A folder for what the watchers have learnt, so that a restart does not begin anew; without it, it does.
    pub memory: Option<PathBuf>,
}

/// The watchers of a running night. Dropping it ends them.
#[derive(Debug)]
pub struct Traffic {
    desk: Desk,
    split: Split,
    watchers: Vec<SyncSender<Vec<Flow>>>,
    found: mpsc::Receiver<Found>,
    watched: watch::Sender<Watched>,
}

/// Where flows are handed in.
#[derive(Debug)]
pub struct Feed {
    desk: Desk,
    split: Split,
    watchers: Vec<SyncSender<Vec<Flow>>>,
}

impl Traffic {
    /// Starts the watchers.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(desk: &Desk, settings: &TrafficSettings) -> io::Result<Traffic> {
        let territory = &desk.settings().territory;
        let (signs, found) = mpsc::channel(SIGNS);
        let threads = settings.threads.max(1);
        desk.meter().listen(desk.now(), threads);
        desk.allow(settings.allowed.clone());
        let watched = watch::Sender::new(Watched::default());
        let split = Split::new(territory.home.clone(), threads);
        let mut learnt = split.learnt(recalled(settings, threads));
        desk.meter().recalled(learnt.iter().map(Vec::len).sum());
        let mut watchers = Vec::with_capacity(threads);
        for number in 0..threads {
            let (flows, batches) = sync_channel(BATCHES);
            let home = territory.home.prefixes().to_vec();
            let mut config = signs::Config::new(home).allowing(settings.allowed.clone());
            config.knocks = desk.insists();
            let scanners = Scanners::new(territory.home.clone());
            let shard = Shard::new(number, config, batches, signs.clone(), Arc::clone(desk.meter()))
                .spotting(scanners, watched.subscribe())
                .knowing(learnt.pop_front().unwrap_or_default())
                .remembering(settings.memory.as_deref().map(|dir| Memory::of(dir, number)));
            std::thread::Builder::new().name(format!("watcher-{number}")).spawn(move || shard.run())?;
            watchers.push(flows);
        }
        Ok(Traffic { desk: desk.clone(), split, watchers, found, watched })
    }

    /// Where flows are handed in.
    #[must_use]
    pub fn feed(&self) -> Feed {
        Feed { desk: self.desk.clone(), split: self.split.clone(), watchers: self.watchers.clone() }
    }

    /// Puts what is found in the log until `stop` turns true.
    pub async fn run(mut self, allowed: Vec<Allowed>, mut stop: watch::Receiver<bool>) {
        let mut ledger = Ledger::default();
        let desk = self.desk.clone();
        let work = async {
            desk.withdraw_what_is_allowed(&allowed).await;
            while let Some(found) = self.found.recv().await {
                desk.keep_signs(&mut ledger, found.signs).await;
                desk.take_scanners(found.scanners).await;
                desk.take_knocks(&found.knocks).await;
            }
        };
        tokio::select! {
            () = work => {}
            () = self.desk.hand_over_watched(&self.watched) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}

/// What watchers had learnt when they ended last.
fn recalled(settings: &TrafficSettings, watchers: usize) -> Vec<Learnt> {
    settings.memory.as_deref().map(|dir| recall(dir, watchers)).unwrap_or_default()
}

impl Feed {
    /// Hands flows in. Never waits: what a watcher has no room for is dropped and counted.
    pub fn take(&self, flows: Vec<Flow>) {
        let meter = self.desk.meter();
        meter.took(self.desk.now(), flows.len());
        for (watcher, flows) in self.watchers.iter().zip(self.split.share(flows)) {
            if flows.is_empty() {
                continue;
            }
            match watcher.try_send(flows) {
                Ok(()) => {}
                Err(TrySendError::Full(flows)) => meter.dropped(flows.len()),
                Err(TrySendError::Disconnected(flows)) => {
                    meter.dropped(flows.len());
                    meter.broke();
                }
            }
        }
    }
}
