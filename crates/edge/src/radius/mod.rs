//! A line led into a walled garden by its access server: Change-of-Authorization and Disconnect (RFC 5176).
//!
//! The server is told to put the session of an address under a filter of ours (Filter-Id, RFC 2865 section 5.11), or to end
//! it so that it logs in again and gets that filter. Its acknowledgement is no proof: accounting is ([`Sessions`]). A line
//! counts as contained once its own access server reports the filter, or that it is off line. A session under our filter
//! that nothing planned explains is put back under the usual one; sessions without it are never touched.

mod packet;
mod sessions;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use std::collections::BTreeSet;

use case::{Plan, RuleKey};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use tokio::net::UdpSocket;

use crate::bgp::unplanned;
use crate::diff::{Change, Edge, Standing};
use crate::error::EdgeError;
use crate::round::{Kept, Peer};
use packet::{Answer, Request};
pub use sessions::Sessions;

/// How long one answer may take, and how often it is asked for (RFC 5080 section 2.2.1 backs off; a reconcile round does
/// that here).
const DEADLINE: Duration = Duration::from_secs(1);
const TRIES: u8 = 3;

/// Requests under way at once: fewer than there are identifiers, and few enough for a small server's socket.
const AT_ONCE: usize = 128;

/// How long accounting may take to show what was just acknowledged, before the round goes on without it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long an acknowledgement that accounting neither bears out nor denies keeps us from asking again: as long as access
/// servers usually take between two interim updates (RFC 2869 section 5.16 asks for ten minutes at least).
const ASK_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// What an access server is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To change the session where it is.
    Coa,
    /// To end it; the next login gets the filter from the authentication server.
    Disconnect,
}

/// One access server.
#[derive(Clone, PartialEq, Eq)]
pub struct RadiusConfig {
    /// Where it takes requests, usually at port 3799.
    pub server: SocketAddr,
    /// The shared secret.
    pub secret: Vec<u8>,
    /// The prefixes of the lines it serves; empty: all of home.
    pub only: Vec<IpNet>,
    /// What it is asked for.
    pub action: Action,
    /// The filter of a contained line. It is our mark: nothing else may use it.
    pub garden: String,
    /// The filter of any other line.
    pub usual: String,
    /// Off: what would be asked is said, and nothing is.
    pub live: bool,
}

impl std::fmt::Debug for RadiusConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secret stays out of every log.
        f.debug_struct("RadiusConfig")
            .field("server", &self.server)
            .field("garden", &self.garden)
            .finish_non_exhaustive()
    }
}

/// What was last acknowledged for an address.
#[derive(Debug, Clone, Copy)]
struct Acked {
    in_garden: bool,
    at: Timestamp,
}

/// An access server as a peer.
#[derive(Debug)]
pub struct Radius {
    config: RadiusConfig,
    sessions: Sessions,
    planned: BTreeMap<IpAddr, Vec<RuleKey>>,
    acked: BTreeMap<IpAddr, Acked>,
    /// What the server said no to, in words.
    refused: BTreeMap<IpAddr, String>,
}

/// A request that waits for its answer.
#[derive(Debug)]
struct Asked {
    address: IpAddr,
    in_garden: bool,
    request: Request,
}

impl Radius {
    pub(crate) fn new(config: RadiusConfig, sessions: Sessions) -> Radius {
        let (planned, acked, refused) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Radius { config, sessions, planned, acked, refused }
    }

    /// Whether an acknowledgement still stands in for what accounting has not told since.
    fn is_believed(&self, address: IpAddr, in_garden: bool, now: Timestamp) -> bool {
        self.acked.get(&address).is_some_and(|acked| {
            let told_since = self.sessions.told(address).is_some_and(|at| at > acked.at);
            acked.in_garden == in_garden && !told_since && now.duration_since(acked.at) < ASK_AGAIN
        })
    }

    /// Takes it that these lines are in the garden, though no accounting has told so yet.
    pub(crate) fn remember(&mut self, plan: &Plan) {
        for rule in plan.rules() {
            self.acked.insert(rule.key.address, Acked { in_garden: true, at: Timestamp::now() });
        }
    }

    pub(crate) fn sessions(&self) -> Sessions {
        self.sessions.clone()
    }

    fn serves(&self, address: IpAddr) -> bool {
        self.config.only.is_empty() || self.config.only.iter().any(|net| net.contains(&address))
    }

    /// Asks for some addresses at once, from a port of its own: identifiers are one octet, and a server that sees one again
    /// may take it for the request before. A refusal is noted and is no failure of the round.
    async fn ask(&mut self, some: &[(IpAddr, bool)]) -> Result<(), EdgeError> {
        let action = self.config.action;
        let request = |(identifier, (address, in_garden)): (u8, &(IpAddr, bool))| {
            let filter = if *in_garden { &self.config.garden } else { &self.config.usual };
            // What cannot be named any more was ended: its session is gone.
            let name = self.sessions.name(*address)?;
            let request = Request::new(identifier, action, name, filter, &self.config.secret);
            Some((identifier, Asked { address: *address, in_garden: *in_garden, request }))
        };
        let mut open: BTreeMap<u8, Asked> = (0..=u8::MAX).zip(some).filter_map(request).collect();
        let went = self.exchange(&mut open).await;
        let said = match went {
            Ok(()) if open.is_empty() => return Ok(()),
            Ok(()) => format!("no answer that fits the secret in {TRIES} tries of {} s", DEADLINE.as_secs()),
            Err(error) => error.to_string(),
        };
        let peer = self.config.server.to_string();
        Err(EdgeError::Peer { doing: "have sessions changed", peer, said })
    }

    /// Sends what is open until each has an answer that fits, three times at most.
    async fn exchange(&mut self, open: &mut BTreeMap<u8, Asked>) -> std::io::Result<()> {
        let from: SocketAddr =
            if self.config.server.is_ipv4() { ([0; 4], 0).into() } else { ([0u16; 8], 0).into() };
        let socket = UdpSocket::bind(from).await?;
        socket.connect(self.config.server).await?;
        let mut buffer = [0; packet::LONGEST];
        for _ in 0..TRIES {
            for asked in open.values() {
                socket.send(&asked.request.bytes).await?;
            }
            let deadline = tokio::time::Instant::now() + DEADLINE;
            while !open.is_empty() {
                let Ok(length) = tokio::time::timeout_at(deadline, socket.recv(&mut buffer)).await else {
                    break;
                };
                self.take(open, buffer.get(..length?).unwrap_or_default());
            }
        }
        Ok(())
    }

    fn take(&mut self, open: &mut BTreeMap<u8, Asked>, datagram: &[u8]) {
        let Some(identifier) = datagram.get(1) else { return };
        let fits = |asked: &Asked| {
            Some((asked.address, asked.in_garden, asked.request.answer(datagram, &self.config.secret)?))
        };
        let Some((address, in_garden, answer)) = open.get(identifier).and_then(fits) else { return };
        open.remove(identifier);
        match answer {
            Answer::Ack => {
                self.refused.remove(&address);
                self.acked.insert(address, Acked { in_garden, at: Timestamp::now() });
            }
            Answer::Nak(why) => {
                self.acked.remove(&address);
                self.refused.insert(address, format!("the access server said no: {why}"));
            }
        }
    }

    fn shown(&self, wanted: &[Kept]) -> BTreeSet<RuleKey> {
        let keys = wanted.iter().map(|kept| kept.rule.key);
        keys.filter(|key| self.sessions.is_contained(key.address)).collect()
    }
}

impl Peer for Radius {
    fn takes(&self, key: &RuleKey) -> Result<(), String> {
        match self.sessions.name(key.address) {
            Some(_) => Ok(()),
            None => Err("no accounting has told yet which session holds this IPv6 address: it is asked for once its access \
                         server tells of the prefix"
                .to_owned()),
        }
    }

    fn expect(&mut self, plan: &Plan) {
        self.planned.clear();
        for rule in plan.rules() {
            self.planned.entry(rule.key.address).or_default().push(rule.key);
        }
        self.sessions.watch(self.planned.keys().copied());
        self.refused.retain(|address, _| self.planned.contains_key(address));
    }

    async fn look(&mut self) -> Result<Edge, EdgeError> {
        let now = Timestamp::now();
        let standing = Standing { until: None, since: None };
        let planned = self.planned.iter().filter(|(address, _)| {
            self.sessions.is_contained(**address) || self.is_believed(**address, true, now)
        });
        let mut edge: Edge = planned.flat_map(|(_, keys)| keys.iter().map(|key| (*key, standing))).collect();
        let explains = |net: IpNet| self.planned.range(net.network()..=net.broadcast()).next().is_some();
        let strays = self.sessions.strays(explains).into_iter();
        let strays =
            strays.filter(|address| self.serves(*address) && !self.is_believed(*address, false, now));
        edge.extend(strays.map(|address| (unplanned(address), standing)));
        // What we had acknowledged and accounting has not told of yet is let go by the plan as well.
        let unheard = self.acked.iter().filter(|(address, acked)| {
            acked.in_garden && !self.planned.contains_key(address) && self.sessions.told(**address).is_none()
        });
        edge.extend(unheard.map(|(address, _)| (unplanned(*address), standing)));
        Ok(edge)
    }

    fn refusal(&self, key: &RuleKey) -> Option<String> {
        self.refused.get(&key.address).cloned()
    }

    async fn apply(&mut self, wanted: &[Kept], change: &Change, _now: Timestamp) -> Result<(), EdgeError> {
        let wanted: BTreeSet<IpAddr> = wanted.iter().map(|kept| kept.rule.key.address).collect();
        let fresh: BTreeSet<IpAddr> = change.add.iter().map(|rule| rule.key.address).collect();
        let gone: BTreeSet<IpAddr> = change.remove.iter().map(|key| key.address).collect();
        let gone = gone.difference(&wanted).map(|address| (*address, false));
        let all: Vec<(IpAddr, bool)> = gone.chain(fresh.into_iter().map(|address| (address, true))).collect();
        for some in all.chunks(AT_ONCE) {
            self.ask(some).await?;
        }
        Ok(())
    }

    async fn verify(&mut self, wanted: &[Kept]) -> Result<BTreeSet<RuleKey>, EdgeError> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let shown = self.shown(wanted);
            let open = wanted.iter().filter(|kept| {
                !shown.contains(&kept.rule.key) && !self.refused.contains_key(&kept.rule.key.address)
            });
            if open.count() == 0 || tokio::time::Instant::now() >= deadline {
                return Ok(shown);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
