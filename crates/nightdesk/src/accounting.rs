//! From the accounting socket to the leases on disk: the configuration in the sensor's words, and the one hop between.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use edge::Sessions;
use lease::Lease;
use lease::accounting::Accounting;
use sensors::radius::{Batch, Config as Sensor, Heard, Secret, bind, serve};
use store::Store;

use crate::config::Config;
use crate::startup::well;

/// Batches of accounting on their way to the store. When it is full the sensor reads no more, and clients ask again.
const BATCHES: usize = 2;
/// How long to wait before a store that failed is tried again with what it did not keep.
const PAUSE: Duration = Duration::from_secs(1);
/// Leases that a failing store may leave in memory; beyond it requests are left unanswered untaken.
const WAITING_AT_MOST: usize = 200_000;

/// The accounting socket, bound.
#[derive(Debug)]
pub(crate) struct AccountingServer {
    socket: UdpSocket,
    sensor: Sensor,
}

impl AccountingServer {
    /// Opens the socket and reads the secrets, where it is configured.
    pub(crate) async fn bind(config: &Config) -> Result<Option<AccountingServer>> {
        let Some(listen) = config.leases.radius else { return Ok(None) };
        let mut clients = Vec::new();
        for client in &config.leases.radius_clients {
            let secret = secret(&client.secret_file)
                .with_context(|| format!("leases.radius_clients: the secret of {}", client.net))?;
            clients.push((client.net.0, secret));
        }
        let socket =
            bind(listen).await.with_context(|| format!("cannot listen on {listen} (leases.radius)"))?;
        Ok(Some(AccountingServer {
            socket,
            sensor: Sensor { listen, clients, heard: Arc::<Heard>::default() },
        }))
    }

    /// Where it listens, with the port that was really bound.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.socket.local_addr().ok()
    }

    /// Tells what was heard, as pages show it.
    pub(crate) fn view(&self) -> impl Fn() -> desk::AccountingView + Send + Sync + use<> {
        let listen = self.address().unwrap_or(self.sensor.listen).to_string();
        let heard = Arc::clone(&self.sensor.heard);
        move || {
            let counts = heard.read();
            desk::AccountingView {
                listen: listen.clone(),
                answered: counts.answered,
                unanswered: counts.unanswered,
                forged: counts.forged,
                malformed: counts.malformed,
                strangers: counts.strangers,
            }
        }
    }

    /// Starts the socket, and what puts on disk what comes; `listeners` hear it first.
    pub(crate) fn start(
        self,
        parts: &mut JoinSet<Result<()>>,
        store: Store,
        listeners: Vec<Sessions>,
        stop: &watch::Receiver<bool>,
    ) {
        let (batches, incoming) = mpsc::channel(BATCHES);
        parts.spawn(well(put_on_disk(store, incoming, listeners)));
        parts.spawn(well(serve(self.socket, self.sensor, batches, stop.clone())));
    }
}

/// The first line of a file, without its end.
fn secret(path: &Path) -> Result<Secret> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let secret = Secret::new(text.lines().next().unwrap_or_default().trim().as_bytes());
    secret.with_context(|| format!("{} is empty", path.display()))
}

/// Ends when the socket does. What a session began with is remembered before it is on disk, so leases that the store did
/// not keep are kept here until it does; nobody is answered before.
async fn put_on_disk(store: Store, mut incoming: mpsc::Receiver<Batch>, listeners: Vec<Sessions>) {
    let mut sessions = Accounting::default();
    let mut waiting: Vec<Lease> = Vec::new();
    while let Some(batch) = incoming.recv().await {
        for request in &batch.requests {
            listeners.iter().for_each(|sessions| sessions.take(&request.attributes, request.received));
        }
        if waiting.len() < WAITING_AT_MOST {
            for request in &batch.requests {
                for row in sessions.take(&request.attributes, request.client, request.received) {
                    match row {
                        Ok(row) => waiting.push(row.lease),
                        // Nothing better comes by asking again: it is answered, and said here.
                        Err(wrong) => {
                            tracing::warn!(client = %request.client, what = %wrong.what, remedy = %wrong.remedy, "accounting that tells of no lease");
                        }
                    }
                }
            }
        } else {
            drop(batch.on_disk);
            write(&store, &mut waiting).await;
            continue;
        }
        let written = write(&store, &mut waiting).await;
        if batch.on_disk.send(written).is_err() {
            tracing::debug!("accounting came too late to be answered; its clients ask again");
        }
    }
}

async fn write(store: &Store, waiting: &mut Vec<Lease>) -> bool {
    match store.import_leases(waiting, &[]).await {
        Ok(_) => {
            waiting.clear();
            true
        }
        Err(error) => {
            tracing::error!(%error, leases = waiting.len(), "accounting could not be put on disk; its clients are not answered and ask again");
            tokio::time::sleep(PAUSE).await;
            false
        }
    }
}

/// What single values cannot show.
pub(crate) fn check(config: &Config) -> Result<()> {
    let set = &config.leases;
    ensure!(
        set.radius.is_none() || !set.radius_clients.is_empty(),
        "leases.radius_clients is empty; name your access servers: accounting of anybody else is not taken"
    );
    ensure!(
        set.radius.is_some() || set.radius_clients.is_empty(),
        "leases.radius is missing; say where accounting comes in, such as \"0.0.0.0:1813\""
    );
    for client in &set.radius_clients {
        ensure!(
            client.net.0.prefix_len() > 0,
            "leases.radius_clients: {} is everybody; whoever knew the secret could say whose an address was",
            client.net
        );
    }
    Ok(())
}
