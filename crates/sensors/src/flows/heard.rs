//! What was heard and what was lost, for whoever wants to show it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use flow::wire::{Decoder, ExporterReport};
use serde::Serialize;

use super::strangers::Strangers;

/// Counts of all sockets, brought up to date by each about once a second. Make one, put clones of the `Arc` into the
/// configuration, read it anywhere.
#[derive(Debug, Default)]
pub struct Heard {
    shards: Mutex<BTreeMap<usize, Reading>>,
}

/// What does not belong to one exporter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Datagrams that were read from sockets.
    pub datagrams: u64,
    /// Flows handed on.
    pub flows: u64,
    /// Flows that were not, because the channel was full.
    pub flows_dropped: u64,
    /// Datagrams that the kernel dropped because a socket's buffer was full.
    pub kernel_drops: u64,
    /// Datagrams of exporters that are not on the list.
    pub strangers: u64,
    /// Datagrams of exporters that are one too many ([`flow::wire::Limits::exporters`]).
    pub exporters_refused: u64,
}

/// A reading of [`Heard`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// All sockets together.
    pub counts: Counts,
    /// Each exporter, by address.
    pub exporters: Vec<ExporterReport>,
    /// Datagrams by address of exporters that are not on the list; not all of them, where there are many.
    pub strangers: BTreeMap<IpAddr, u64>,
}

impl Heard {
    /// Everything at once.
    #[must_use]
    pub fn read(&self) -> Reading {
        let shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Reading::default();
        let mut exporters: BTreeMap<IpAddr, ExporterReport> = BTreeMap::new();
        for shard in shards.values() {
            all.counts.add(&shard.counts);
            for (address, count) in &shard.strangers {
                *all.strangers.entry(*address).or_default() += count;
            }
            for report in &shard.exporters {
                exporters
                    .entry(report.address)
                    .and_modify(|known| known.add(report))
                    .or_insert_with(|| report.clone());
            }
        }
        all.exporters = exporters.into_values().collect();
        all
    }

    pub(super) fn update(&self, shard: usize, mut counts: Counts, decoder: &Decoder, strangers: &Strangers) {
        counts.strangers = strangers.datagrams;
        counts.exporters_refused = decoder.refused();
        let reading = Reading {
            counts,
            exporters: decoder.reports().cloned().collect(),
            strangers: strangers.by_address.clone(),
        };
        self.shards.lock().unwrap_or_else(PoisonError::into_inner).insert(shard, reading);
    }
}

impl Counts {
    fn add(&mut self, other: &Counts) {
        self.datagrams += other.datagrams;
        self.flows += other.flows;
        self.flows_dropped += other.flows_dropped;
        self.kernel_drops += other.kernel_drops;
        self.strangers += other.strangers;
        self.exporters_refused += other.exporters_refused;
    }
}
