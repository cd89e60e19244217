//! The stateful engine: the kernel's own TCP, on every address and port of the prefixes, through one socket.
//!
//! The rules ([`crate::Rules`]) make the prefixes local and hand their packets to our sockets (TPROXY), so that an accepted
//! connection's own address is the address and port that the visitor asked for. A visitor is a task with a [`Talk`]; while
//! it waits it holds no buffer.

mod icmp;
mod socket;
mod udp;
mod visit;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc::Sender, watch};
use tokio::task::JoinSet;

use crate::caps::{Caps, Limits};
use crate::hit::{Ending, Hit, Transport};

use socket::Sockets;

/// Settings of the engine.
#[derive(Debug, Clone)]
pub struct Config {
    /// The spare prefixes.
    pub prefixes: Vec<IpNet>,
    /// The port of our own that the rules hand packets to, on the loopback addresses; 0 is any.
    pub port: u16,
    /// After so long a visitor who waits is greeted. Scanners that grab greetings wait two seconds and more; those that
    /// speak first do so within a round trip.
    pub silence: Duration,
    /// After so long without a word a visitor is let go.
    pub idle: Duration,
    /// And after so long in any case: whoever sends a byte now and then (slowloris) keeps nothing longer.
    pub longest: Duration,
    /// Hold visitors as long as they let us instead: a small window, and answers a byte a second (LaBrea, endlessh).
    pub tarpit: bool,
    /// How many are held.
    pub limits: Limits,
}

impl Config {
    /// Traps on those prefixes, with the defaults.
    #[must_use]
    pub fn new(prefixes: Vec<IpNet>) -> Config {
        Config {
            prefixes,
            port: 0,
            silence: Duration::from_secs(1),
            idle: Duration::from_secs(15),
            longest: Duration::from_secs(60),
            tarpit: false,
            limits: Limits::default(),
        }
    }

    /// Whether an address is one of the traps.
    pub(crate) fn covers(&self, address: IpAddr) -> bool {
        self.prefixes.iter().any(|prefix| prefix.contains(&address))
    }
}

/// What the engine cannot do.
#[derive(Debug, Error)]
pub enum TrapError {
    /// A socket could not be opened.
    #[error(
        "cannot open a socket for {what}: {source}; traps need the rights of CAP_NET_ADMIN and CAP_NET_RAW"
    )]
    Socket {
        /// What it was for.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// There is nothing to trap.
    #[error("no prefix is given; name spare addresses, such as 198.51.100.0/28")]
    NoPrefix,
}

/// Counts since the start, for whoever wants to show them.
#[derive(Debug, Default)]
pub struct Counts {
    /// Connections that were completed.
    pub connections: AtomicU64,
    /// Those that were let go at once, for too many were held.
    pub refused: AtomicU64,
    /// Datagrams that came.
    pub datagrams: AtomicU64,
    /// Datagrams that were answered.
    pub answered: AtomicU64,
    /// ICMP messages that came.
    pub pings: AtomicU64,
    /// Datagrams and pings that were not told of, for nobody took them fast enough.
    pub lost: AtomicU64,
}

/// Sockets of the engine, open.
#[derive(Debug)]
pub struct Engine {
    config: Arc<Config>,
    sockets: Sockets,
    counts: Arc<Counts>,
}

impl Engine {
    /// Opens the sockets. To be done before rights are given up.
    ///
    /// # Errors
    /// When there is no prefix, or a socket cannot be opened.
    pub fn bind(config: Config) -> Result<Engine, TrapError> {
        if config.prefixes.is_empty() {
            return Err(TrapError::NoPrefix);
        }
        raise_descriptors();
        let sockets = Sockets::open(&config)?;
        Ok(Engine { config: Arc::new(config), sockets, counts: Arc::default() })
    }

    /// The port the rules hand packets to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.sockets.port
    }

    /// The counts, to be read at any time.
    #[must_use]
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Answers until `stop` turns true (or its sender is gone). Every connection becomes a hit, and waits for room in
    /// `hits`; datagrams and pings do not wait, and are counted where there is none.
    ///
    /// # Errors
    /// When the system gives no thread or takes a socket back.
    pub async fn run(self, hits: Sender<Hit>, mut stop: watch::Receiver<bool>) -> Result<(), TrapError> {
        let Engine { config, sockets, counts } = self;
        let ends = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for socket in sockets.udp {
            let reader = udp::Reader::new(socket, Arc::clone(&config), hits.clone(), Arc::clone(&counts));
            threads.push(thread("trap-udp", reader.run(Arc::clone(&ends)))?);
        }
        for socket in sockets.icmp {
            let reader = icmp::Reader::new(socket, Arc::clone(&config), hits.clone(), Arc::clone(&counts));
            threads.push(thread("trap-icmp", reader.run(Arc::clone(&ends)))?);
        }
        let caps = Caps::new(config.limits);
        let mut listeners = JoinSet::new();
        for listener in sockets.tcp {
            let listener = TcpListener::from_std(listener)
                .map_err(|source| TrapError::Socket { what: "TCP", source })?;
            let door = Door {
                config: Arc::clone(&config),
                caps: Arc::clone(&caps),
                hits: hits.clone(),
                counts: Arc::clone(&counts),
                stop: stop.clone(),
            };
            listeners.spawn(door.keep(listener));
        }
        drop(hits);
        let _either_way = stop.wait_for(|stop| *stop).await.is_ok();
        ends.store(true, Relaxed);
        while listeners.join_next().await.is_some() {}
        // Each thread looks several times a second whether it is to end.
        let joined =
            tokio::task::spawn_blocking(move || threads.into_iter().all(|thread| thread.join().is_ok()));
        if !joined.await.unwrap_or(false) {
            tracing::error!("a thread of the traps broke");
        }
        Ok(())
    }
}

/// As many open connections as the system lets us have: each is a descriptor.
fn raise_descriptors() {
    let mut limits = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limits.current = limits.maximum;
    if let Err(error) = rustix::process::setrlimit(rustix::process::Resource::Nofile, limits) {
        tracing::warn!(%error, "fewer connections can be held than there could be");
    }
}

fn thread(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<std::thread::JoinHandle<()>, TrapError> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(work).map_err(|source| TrapError::Socket { what: "a thread", source })
}

/// Who lets visitors of one socket in.
struct Door {
    config: Arc<Config>,
    caps: Arc<Caps>,
    hits: Sender<Hit>,
    counts: Arc<Counts>,
    stop: watch::Receiver<bool>,
}

/// How long accepting rests after the system refused: it is out of descriptors or memory, and some visitors will end.
pub(crate) const REST: Duration = Duration::from_millis(100);

impl Door {
    async fn keep(mut self, listener: TcpListener) {
        let mut visits = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = self.stop.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, from)) => self.let_in(stream, from, &mut visits),
                Err(error) => {
                    tracing::warn!(%error, held = self.caps.count(), "a visitor of a trap could not be let in");
                    tokio::time::sleep(REST).await;
                }
            }
            while visits.try_join_next().is_some() {}
        }
        while visits.join_next().await.is_some() {}
    }

    fn let_in(&self, stream: TcpStream, from: SocketAddr, visits: &mut JoinSet<()>) {
        // Nobody but the rules brings packets here: whoever asked for our own address on the loopback is no visitor.
        let Some(trap) = stream.local_addr().ok().filter(|trap| self.config.covers(trap.ip().to_canonical()))
        else {
            return;
        };
        self.counts.connections.fetch_add(1, Relaxed);
        let mut hit = Hit::new(Timestamp::now(), Transport::Tcp, from, trap);
        hit.handshake = true;
        let hits = self.hits.clone();
        let Some(place) = self.caps.admit(hit.source) else {
            self.counts.refused.fetch_add(1, Relaxed);
            hit.ended = Some(Ending::TooMany);
            hit.wanted = crate::identify(Transport::Tcp, hit.port, &[]);
            visit::reset(stream);
            // Told where there is room; the flood it is part of is told by its count.
            if hits.try_send(hit).is_err() {
                self.counts.lost.fetch_add(1, Relaxed);
            }
            return;
        };
        let visit = visit::Visit::new(stream, hit, Arc::clone(&self.config), self.stop.clone());
        visits.spawn(async move {
            let hit = visit.run().await;
            // Nobody listens only when everything ends.
            let _told = hits.send(hit).await.is_ok();
            drop(place);
        });
    }
}
