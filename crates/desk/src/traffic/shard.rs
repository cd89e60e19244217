//! One watcher: a thread with the detector of its share of the home addresses.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use flow::Flow;
use signs::{Detector, Knock, Learnt, Sign};
use tokio::sync::{mpsc, watch};

use crate::exposure::ScannerSeen;
use crate::traffic::memory::Memory;
use crate::traffic::meter::Meter;
use crate::traffic::scanners::Scanners;
use crate::traffic::watched::Watched;

/// How often it is asked what is new.
const LOOK: Duration = Duration::from_secs(1);
/// How often lines that were spoken of are looked at again: what goes on must not fade.
const REVIEW: Duration = Duration::from_secs(600);
/// How many lines are looked at again; those spoken of when there is no more room wait for something new of them.
const SPOKEN_OF: usize = 8192;

/// What a watcher tells.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What is new on its lines.
    pub(super) signs: Vec<Sign>,
    /// Who goes through them from outside.
    pub(super) scanners: Vec<ScannerSeen>,
    /// Who came to its lines unasked.
    pub(super) knocks: Vec<Knock>,
}

/// One watcher.
#[derive(Debug)]
pub(super) struct Shard {
    number: usize,
    detector: Detector,
    flows: Receiver<Vec<Flow>>,
    found: mpsc::Sender<Found>,
    meter: Arc<Meter>,
    spoken_of: BTreeSet<IpAddr>,
    scanners: Option<Scanners>,
    watched: Option<watch::Receiver<Watched>>,
    memory: Option<Memory>,
}

impl Shard {
    pub(super) fn new(
        number: usize,
        config: signs::Config,
        flows: Receiver<Vec<Flow>>,
        found: mpsc::Sender<Found>,
        meter: Arc<Meter>,
    ) -> Shard {
        let detector = Detector::new(config);
        let spoken_of = BTreeSet::new();
        Shard {
            number,
            detector,
            flows,
            found,
            meter,
            spoken_of,
            scanners: None,
            watched: None,
            memory: None,
        }
    }

    /// The same, which looks out for scanners, and more closely at lines that are watched.
    pub(super) fn spotting(self, scanners: Scanners, watched: watch::Receiver<Watched>) -> Shard {
        Shard { scanners: Some(scanners), watched: Some(watched), ..self }
    }

    /// The same with what an earlier watcher had learnt.
    pub(super) fn knowing(mut self, learnt: Vec<Learnt>) -> Shard {
        self.detector.recall(learnt);
        self
    }

    /// The same, which keeps what it learns.
    pub(super) fn remembering(self, memory: Option<Memory>) -> Shard {
        Shard { memory, ..self }
    }

    /// Watches until nobody hands flows in any more.
    pub(super) fn run(mut self) {
        let (mut looked, mut reviewed) = (Instant::now(), Instant::now());
        loop {
            let ended = match self.flows.recv_timeout(LOOK) {
                Ok(flows) => {
                    flows.iter().for_each(|flow| self.see(flow));
                    false
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => true,
            };
            if !ended && looked.elapsed() < LOOK {
                continue;
            }
            looked = Instant::now();
            let mut signs = self.detector.new_signs();
            if reviewed.elapsed() >= REVIEW {
                reviewed = Instant::now();
                self.remember();
                signs.extend(self.spoken_of.iter().flat_map(|address| self.detector.signs(*address)));
            }
            self.meter.watches(self.number, &self.detector.counts());
            self.note(&signs);
            let scanners = self.scanners.as_mut().map(Scanners::found).unwrap_or_default();
            let knocks = self.detector.knocks();
            let nothing = signs.is_empty() && scanners.is_empty() && knocks.is_empty();
            let told = nothing || self.found.blocking_send(Found { signs, scanners, knocks }).is_ok();
            self.look_closely();
            if ended {
                self.remember();
            }
            if ended || !told {
                return;
            }
        }
    }

    fn see(&mut self, flow: &Flow) {
        self.detector.see(flow);
        if let Some(scanners) = &mut self.scanners {
            scanners.see(flow, self.detector.now());
        }
    }

    /// Takes over which lines are watched, where that has changed.
    fn look_closely(&mut self) {
        let Some(watched) = &mut self.watched else { return };
        if watched.has_changed().unwrap_or(false) {
            let nets = Arc::clone(&watched.borrow_and_update());
            self.detector.watch(nets.iter().copied());
        }
    }

    fn remember(&self) {
        if let Some(memory) = &self.memory {
            memory.keep(self.detector.learnt());
        }
    }

    fn note(&mut self, signs: &[Sign]) {
        let room = SPOKEN_OF.saturating_sub(self.spoken_of.len());
        self.spoken_of.extend(signs.iter().map(|sign| sign.address).take(room));
    }
}
