//! One watcher: a thread with the detector of its share of the home addresses.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use flow::Flow;
use signs::{Detector, Sign};
use tokio::sync::mpsc;

use crate::traffic::meter::Meter;

/// How often it is asked what is new.
const LOOK: Duration = Duration::from_secs(1);
/// How often lines that were spoken of are looked at again: what goes on must not fade.
const REVIEW: Duration = Duration::from_secs(600);
/// How many lines are looked at again; those spoken of when there is no more room wait for something new of them.
const SPOKEN_OF: usize = 8192;

/// One watcher.
#[derive(Debug)]
pub(super) struct Shard {
    number: usize,
    detector: Detector,
    flows: Receiver<Vec<Flow>>,
    found: mpsc::Sender<Vec<Sign>>,
    meter: Arc<Meter>,
    spoken_of: BTreeSet<IpAddr>,
}

impl Shard {
    pub(super) fn new(
        number: usize,
        config: signs::Config,
        flows: Receiver<Vec<Flow>>,
        found: mpsc::Sender<Vec<Sign>>,
        meter: Arc<Meter>,
    ) -> Shard {
        let detector = Detector::new(config);
        Shard { number, detector, flows, found, meter, spoken_of: BTreeSet::new() }
    }

    /// Watches until nobody hands flows in any more.
    pub(super) fn run(mut self) {
        let (mut looked, mut reviewed) = (Instant::now(), Instant::now());
        loop {
            let ended = match self.flows.recv_timeout(LOOK) {
                Ok(flows) => {
                    flows.iter().for_each(|flow| self.detector.see(flow));
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
                signs.extend(self.spoken_of.iter().flat_map(|address| self.detector.signs(*address)));
            }
            self.meter.watches(self.number, &self.detector.counts());
            self.note(&signs);
            let told = signs.is_empty() || self.found.blocking_send(signs).is_ok();
            if ended || !told {
                return;
            }
        }
    }

    fn note(&mut self, signs: &[Sign]) {
        let room = SPOKEN_OF.saturating_sub(self.spoken_of.len());
        self.spoken_of.extend(signs.iter().map(|sign| sign.address).take(room));
    }
}
