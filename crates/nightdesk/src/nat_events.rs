//! From what address translators export to the leases on disk: the configuration in the sensor's words, and the one hop
//! between.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::sync::mpsc;

use flow::Millis;
use flow::wire::{NatChange, NatEvent};
use jiff::Timestamp;
use lease::nat::{Exported, PortEvent};
use lease::{Lease, PortBlock, Row, RowError};
use sensors::flows::{NatBatch, NatTap};
use store::Store;

use crate::config::Config;

/// Datagrams of events on their way to the store. When it is full they are dropped, and nobody is named by the blocks of
/// that translator until it gives them again.
const BATCHES: usize = 4096;
/// Datagrams of one transaction at the most.
const AT_ONCE: usize = 1024;
/// How long to wait before a store that failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How many events that tell of no block are logged one by one.
const SHOWN: u64 = 20;

/// What translators told, since the start.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    held: AtomicU64,
    events: AtomicU64,
    passed_over: AtomicU64,
    unusable: AtomicU64,
    gaps: AtomicU64,
}

impl Counts {
    /// The counts now, as pages show them.
    pub(crate) fn view(&self) -> desk::TranslatorsView {
        desk::TranslatorsView {
            held: self.held.load(Relaxed),
            events: self.events.load(Relaxed),
            passed_over: self.passed_over.load(Relaxed),
            unusable: self.unusable.load(Relaxed),
            gaps: self.gaps.load(Relaxed),
        }
    }
}

/// Where events of translators come out of the flow sockets.
#[derive(Debug)]
pub(crate) struct Translations {
    incoming: mpsc::Receiver<NatBatch>,
    pub(crate) counts: Arc<Counts>,
}

/// What the flow sockets are told of translators, where any are configured, and where their events come out.
pub(crate) fn tap(config: &Config) -> Option<(NatTap, Translations)> {
    let translators: Vec<_> = config.leases.nat_exporters.iter().map(|net| net.0).collect();
    if translators.is_empty() {
        return None;
    }
    let (events, incoming) = mpsc::channel(BATCHES);
    Some((NatTap { translators, events }, Translations { incoming, counts: Arc::default() }))
}

/// Ends when the flow sockets do.
pub(crate) async fn put_on_disk(store: Store, translations: Translations) {
    let Translations { mut incoming, counts } = translations;
    // What the translators told while nobody listened is not known.
    while let Err(error) = store.end_open_translations().await {
        tracing::error!(%error, "port blocks of before the start could not be ended; trying again");
        tokio::time::sleep(PAUSE).await;
    }
    let mut translators = Translators { exported: Exported::default(), counts };
    let mut batches = Vec::new();
    while incoming.recv_many(&mut batches, AT_ONCE).await > 0 {
        let leases: Vec<Lease> = batches.drain(..).flat_map(|batch| translators.take(&batch)).collect();
        while let Err(error) = store.import_leases(&leases, &[]).await {
            tracing::error!(%error, leases = leases.len(), "port blocks could not be kept; trying again");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

struct Translators {
    exported: Exported,
    counts: Arc<Counts>,
}

impl Translators {
    fn take(&mut self, batch: &NatBatch) -> Vec<Lease> {
        let mut leases = Vec::new();
        if batch.lost {
            leases.extend(self.lost(batch.translator));
        }
        let events: Vec<PortEvent> = batch.events.iter().filter_map(block).collect();
        let single = batch.events.len().saturating_sub(events.len());
        if single > 0 && self.counts.passed_over.fetch_add(count(single), Relaxed) == 0 {
            tracing::warn!(translator = %batch.translator, "events of single ports, or of ports that do not lie side by side, are not kept; have the translator give blocks of ports and export those");
        }
        self.counts.events.fetch_add(count(events.len()), Relaxed);
        let rows = self.exported.take(batch.translator, &events);
        leases.extend(rows.into_iter().filter_map(|row| self.used(row)));
        self.counts.held.store(count(self.exported.held()), Relaxed);
        leases
    }

    fn lost(&mut self, translator: IpAddr) -> impl Iterator<Item = Lease> + use<> {
        let ended = self.exported.lost(translator);
        if !ended.is_empty() {
            self.counts.gaps.fetch_add(1, Relaxed);
            tracing::warn!(%translator, blocks = ended.len(), "something the translator told was lost: nobody is named by the port blocks it had given, until it gives them again");
        }
        ended.into_iter().map(|row| row.lease)
    }

    fn used(&self, row: Result<Row, RowError>) -> Option<Lease> {
        let say = |error: &RowError| {
            if self.counts.unusable.fetch_add(1, Relaxed) < SHOWN {
                tracing::warn!(%error, "an event of a translator was not used");
            }
        };
        row.inspect_err(say).ok().map(|row| row.lease)
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The event in the words of leases, where it is one of a block.
fn block(event: &NatEvent) -> Option<PortEvent> {
    if event.first_port == event.last_port || event.step != 1 {
        return None;
    }
    Some(PortEvent {
        given: event.change == NatChange::Given,
        at: moment(event.at)?,
        since: event.since.and_then(moment),
        inside: event.inside,
        domain: event.domain,
        outside: event.outside,
        ports: PortBlock::new(event.first_port, event.last_port)?,
        protocol: event.protocol,
    })
}

fn moment(at: Millis) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.0).ok()
}

/// What single values cannot show.
pub(crate) fn check(config: &Config) -> Result<()> {
    ensure!(
        config.leases.nat_exporters.is_empty() || !config.flows.listen.is_empty(),
        "flows.listen is missing; say where leases.nat_exporters send, such as [\"0.0.0.0:4739\"]"
    );
    for net in &config.leases.nat_exporters {
        ensure!(
            config.flows.exporters.iter().any(|known| known.0.contains(&net.0)),
            "leases.nat_exporters: {net} does not stand in flows.exporters; nothing that it sends is read"
        );
    }
    Ok(())
}
