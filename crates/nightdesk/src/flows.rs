//! From the flow sockets to the watchers of the desk: the configuration in the sensor's words, and the one hop between.

use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use desk::{Desk, Feed, ListenerView, Traffic, TrafficSettings};
use sensors::flows::{Batch, Config as Sensor, Heard, Sockets, bind, serve};
use store::Store;

use crate::config::Config;
use crate::lake_writing::{NotKept, ToDisk};
use crate::nat_events::{self, Counts, Translations};
use crate::startup::well;

/// Batches of flows on their way from the sockets to the watchers. When it is full the sensor drops them and counts.
const BATCHES: usize = 64;

/// The flow sockets, bound.
#[derive(Debug)]
pub(crate) struct Flows {
    sockets: Sockets,
    sensor: Sensor,
    traffic: TrafficSettings,
    to_disk: ToDisk,
    translations: Option<Translations>,
}

impl Flows {
    /// Opens the sockets, where any are configured.
    pub(crate) fn bind(config: &Config) -> Result<Option<Flows>> {
        let set = &config.flows;
        if set.listen.is_empty() {
            return Ok(None);
        }
        let exporters = set.exporters.iter().map(|net| net.0).collect();
        let mut sensor = Sensor::new(set.listen.clone(), exporters);
        sensor.sampling = set.sampling.iter().map(|one| (one.exporter, one.rate)).collect();
        sensor.buffer_bytes = usize::try_from(set.buffer).unwrap_or(usize::MAX);
        let (tap, translations) = nat_events::tap(config).unzip();
        sensor.nat = tap;
        let sockets = bind(&sensor).context("flows.listen")?;
        let traffic = TrafficSettings {
            allowed: config.allowed()?,
            threads: usize::from(set.threads),
            memory: Some(config.general.data_dir.join("learnt")),
        };
        Ok(Some(Flows { sockets, sensor, traffic, to_disk: ToDisk::start(config)?, translations }))
    }

    /// Where the sockets listen, with the ports that were really bound.
    pub(crate) fn addresses(&self) -> Vec<std::net::SocketAddr> {
        self.sockets.addresses()
    }

    /// The counts of what translators export, where that is listened for.
    pub(crate) fn translator_counts(&self) -> Option<Arc<Counts>> {
        self.translations.as_ref().map(|translations| Arc::clone(&translations.counts))
    }

    /// Starts the watchers, then the sockets.
    pub(crate) fn start(
        self,
        parts: &mut JoinSet<Result<()>>,
        desk: &Desk,
        store: &Store,
        stop: &watch::Receiver<bool>,
    ) -> Result<()> {
        let traffic = Traffic::start(desk, &self.traffic).context("cannot watch the traffic")?;
        show_listener(desk, &self.addresses(), &self.sensor.heard, self.to_disk.not_kept());
        if let Some(translations) = self.translations {
            parts.spawn(well(nat_events::put_on_disk(store.clone(), translations)));
        }
        let (batches, incoming) = mpsc::channel(BATCHES);
        parts.spawn(well(hand_on(incoming, traffic.feed(), self.to_disk)));
        parts.spawn(well(traffic.run(self.traffic.allowed, stop.clone())));
        let (sockets, sensor, stop) = (self.sockets, self.sensor, stop.clone());
        parts.spawn(async move { serve(sockets, sensor, batches, stop).await.context("the flow sockets") });
        Ok(())
    }
}

/// Ends when the sockets do.
async fn hand_on(mut incoming: mpsc::Receiver<Batch>, feed: Feed, mut to_disk: ToDisk) {
    while let Some(batch) = incoming.recv().await {
        to_disk.take(&batch.flows);
        feed.take(batch.flows);
    }
}

/// The pages ask what the sockets have heard and lost.
fn show_listener(desk: &Desk, listen: &[std::net::SocketAddr], heard: &Arc<Heard>, not_kept: NotKept) {
    let (listen, heard): (Vec<String>, _) =
        (listen.iter().map(ToString::to_string).collect(), Arc::clone(heard));
    desk.show_listener(move || {
        let reading = heard.read();
        ListenerView {
            listen: listen.clone(),
            datagrams: reading.counts.datagrams,
            kernel_drops: reading.counts.kernel_drops,
            flows_dropped: reading.counts.flows_dropped,
            flows_not_kept: not_kept.flows(),
            strangers: reading.counts.strangers,
            strangers_by_address: reading.strangers.into_iter().collect(),
            exporters_refused: reading.counts.exporters_refused,
            exporters: reading.exporters,
        }
    });
}
