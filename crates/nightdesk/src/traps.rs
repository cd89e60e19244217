//! The traps: the configuration in their words, and the one hop to the desk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use desk::{Desk, TrapCounts, TrapHit};
use ipnet::IpNet;
use trap::stateless::Link;
use trap::{Basis, Counts, Engine, Hit, Installed, Limits, Rules};

use crate::config::Config;
use crate::startup::well;

/// Hits on their way from the traps to whoever tells of them. When it is full, connections wait with theirs and datagrams
/// are counted.
pub(crate) const HITS: usize = 4096;

/// What the traps are told.
pub(crate) fn settings(config: &Config) -> trap::Config {
    let set = &config.traps;
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let mut settings = trap::Config::new(set.prefixes.clone());
    settings.port = set.port;
    settings.silence = set.silence.std();
    settings.idle = set.idle.std();
    settings.longest = set.longest.std().max(Duration::from_secs(1));
    settings.tarpit = set.tarpit;
    settings.limits =
        Limits { held: number(set.held), per_source: number(set.per_source), per_net: number(set.per_net) };
    settings
}

/// The traps, set.
#[derive(Debug)]
pub(crate) struct Traps {
    answering: Answering,
    prefixes: Vec<String>,
    /// Where the desk keeps what came.
    memory: PathBuf,
    installed: Option<Installed>,
}

/// What answers.
#[derive(Debug)]
pub(crate) enum Answering {
    /// The kernel's own TCP, brought to us.
    Connections(Engine),
    /// Raw packets of an interface.
    Packets(Link, Vec<IpNet>, Arc<Counts>),
}

impl Answering {
    /// Opens what answers, with the rules that it needs: packets where an interface is named.
    pub(crate) fn open(settings: trap::Config, stateless: Option<&str>) -> Result<(Answering, Rules)> {
        let prefixes = settings.prefixes.clone();
        if let Some(interface) = stateless {
            let link = Link::open(interface).with_context(|| format!("stateless traps on {interface}"))?;
            let rules = Rules::silent(&prefixes);
            return Ok((Answering::Packets(link, prefixes, Arc::default()), rules));
        }
        let engine = Engine::bind(settings).context("cannot set traps")?;
        let rules = Rules::to_port(&prefixes, engine.port());
        Ok((Answering::Connections(engine), rules))
    }

    pub(crate) fn counts(&self) -> Arc<Counts> {
        match self {
            Answering::Connections(engine) => engine.counts(),
            Answering::Packets(_, _, counts) => Arc::clone(counts),
        }
    }

    /// Answers until `stop` turns true.
    pub(crate) async fn run(self, hits: mpsc::Sender<Hit>, stop: watch::Receiver<bool>) -> Result<()> {
        match self {
            Answering::Connections(engine) => engine.run(hits, stop).await,
            Answering::Packets(link, prefixes, counts) => {
                trap::stateless::serve(link, prefixes, counts, hits, stop).await
            }
        }
        .context("the traps")
    }
}

impl Traps {
    /// Opens the sockets and sets up the rules, where there are prefixes.
    pub(crate) fn set(config: &Config) -> Result<Option<Traps>> {
        if config.traps.prefixes.is_empty() {
            return Ok(None);
        }
        let (answering, rules) = Answering::open(settings(config), config.traps.stateless.as_deref())?;
        let installed = config.traps.rules.then(|| rules.install()).transpose().context("traps.rules")?;
        let prefixes = config.traps.prefixes.iter().map(ToString::to_string).collect();
        let memory = config.general.data_dir.join("learnt");
        Ok(Some(Traps { answering, prefixes, memory, installed }))
    }

    /// Answers scanners, and tells the desk of each.
    pub(crate) fn start(self, parts: &mut JoinSet<Result<()>>, desk: &Desk, stop: &watch::Receiver<bool>) {
        let Traps { answering, prefixes, memory, installed } = self;
        let counts = answering.counts();
        desk.show_traps(Some(&memory), move || counted(&counts, &prefixes));
        let (hits, incoming) = mpsc::channel(HITS);
        let (told, heard) = mpsc::channel(HITS);
        let (desk, engine_stops, desk_stops) = (desk.clone(), stop.clone(), stop.clone());
        parts.spawn(well(hand_on(incoming, told)));
        parts.spawn(well(async move { desk.keep_traps(heard, desk_stops).await }));
        parts.spawn(async move {
            let answered = answering.run(hits, engine_stops).await;
            // The rules go when nobody answers any more.
            drop(installed);
            answered
        });
    }
}

/// Ends when the traps do.
async fn hand_on(mut incoming: mpsc::Receiver<Hit>, told: mpsc::Sender<TrapHit>) {
    while let Some(hit) = incoming.recv().await {
        match serde_json::to_string(&hit) {
            // The desk takes no more only when everything ends.
            Ok(line) => _ = told.send(in_the_desks_words(hit, line)).await.is_ok(),
            Err(error) => tracing::error!(%error, "a visit to a trap could not be written down"),
        }
    }
}

fn in_the_desks_words(hit: Hit, line: String) -> TrapHit {
    TrapHit {
        at: hit.at,
        source: hit.source,
        trap: hit.trap,
        port: hit.port,
        transport: hit.transport.name(),
        handshake: hit.handshake,
        wanted: hit.wanted.what,
        family: hit.wanted.family.name(),
        said: hit.wanted.by == Basis::Bytes,
        first: hit.first,
        line,
    }
}

fn counted(counts: &Arc<Counts>, prefixes: &[String]) -> TrapCounts {
    let of = |count: &AtomicU64| count.load(Relaxed);
    TrapCounts {
        prefixes: prefixes.to_vec(),
        connections: of(&counts.connections),
        refused: of(&counts.refused),
        datagrams: of(&counts.datagrams),
        answered: of(&counts.answered),
        pings: of(&counts.pings),
        lost: of(&counts.lost),
    }
}
