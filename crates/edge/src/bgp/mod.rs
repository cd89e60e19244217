//! Routes that stop a line's traffic in the network: RTBH (RFC 5635, RFC 7999) and FlowSpec (RFC 8955, RFC 8956).
//!
//! A BGP speaker that is already a neighbour of the routers is told what to announce: GoBGP through its gRPC API, or
//! ExaBGP through its pipes. Neither keeps a route over its own restart, so what stands there is read every round and put
//! back. Every route of ours carries two large communities (RFC 8092) as its mark: when it was first announced, and when
//! its block ends. A route without them is another hand's and is never touched.
//!
//! That the speaker has acknowledged a route says nothing of the router: what counts is the router's own table, which is
//! read there ([`neighbour`]).

mod exabgp;
mod gobgp;
mod mark;
mod neighbour;
mod route;
mod speaker;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use case::{Plan, RuleKey};
use jiff::Timestamp;

use crate::diff::{Change, Edge, Standing};
use crate::error::EdgeError;
use crate::round::{Kept, Peer, no_garden};
pub(crate) use mark::{Mark, Marker};
use neighbour::Asked;
pub(crate) use route::{Route, unplanned};
use speaker::Speaker;

/// How long a router may take to show a route its neighbour has announced.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one look at a router's table may take.
const LOOK: Duration = Duration::from_secs(20);

/// What is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteKind {
    /// A host route with the BLACKHOLE community (RFC 7999): the whole line goes silent.
    Rtbh,
    /// A traffic filter (RFC 8955) that discards one port of one host.
    Flowspec,
}

/// How the speaker is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Api {
    /// GoBGP's gRPC API, of version 3 or 4, such as `http://127.0.0.1:50051`.
    Gobgp(String),
    /// The folder and name of ExaBGP's pipes without their `.in` and `.out`, such as `/run/exabgp/exabgp`.
    Exabgp(PathBuf),
}

/// A router whose own tables show what has arrived, and how its program is called there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Neighbour {
    /// BIRD, asked by `birdc`.
    Bird(Vec<String>),
    /// FRR, asked by `vtysh`.
    Frr(Vec<String>),
}

/// A BGP speaker, what it announces for us, and the router that must show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BgpConfig {
    /// What is announced.
    pub routes: RouteKind,
    /// How the speaker is told.
    pub api: Api,
    /// The AS number and the number after it that mark our routes: `AS:number:since` and `AS:number+1:until`, both times
    /// in seconds since 1970.
    pub mark: (u32, u32),
    /// Communities (RFC 1997) beside those that are always there, each as its two halves.
    pub communities: Vec<(u16, u16)>,
    /// Where a blackholed IPv4 host leads: an address that the routers discard.
    pub next_hop: std::net::Ipv4Addr,
    /// The same for IPv6.
    pub next_hop6: std::net::Ipv6Addr,
    /// The router that must show the routes; `None`: nothing is ever verified.
    pub neighbour: Option<Neighbour>,
    /// Off: what would be announced is said, and nothing is.
    pub live: bool,
}

/// A BGP speaker as a peer.
#[derive(Debug)]
pub struct Bgp {
    config: BgpConfig,
    speaker: Speaker,
    marker: Marker,
    neighbour: Option<Asked>,
    /// Which rules a line's one route stands for, by its address.
    planned: BTreeMap<IpAddr, Vec<case::Rule>>,
    strangers: Vec<String>,
}

impl Bgp {
    pub(crate) fn new(config: BgpConfig) -> Bgp {
        let marker = Marker { asn: config.mark.0, number: config.mark.1 };
        Bgp {
            speaker: Speaker::new(&config, marker),
            marker,
            neighbour: config.neighbour.as_ref().map(Asked::new),
            planned: BTreeMap::new(),
            strangers: Vec::new(),
            config,
        }
    }

    fn route(&self, key: &RuleKey) -> Route {
        match self.config.routes {
            RouteKind::Rtbh => Route::Blackhole(key.address),
            RouteKind::Flowspec => Route::Discard(*key),
        }
    }

    /// The rules one of our routes stands for. One that nothing planned explains stands for a rule nobody can plan, which
    /// the difference then takes away.
    fn rules_of(&self, route: Route, mark: Mark) -> Vec<(RuleKey, Standing)> {
        let standing = |until| Standing { until: Some(until), since: Some(mark.since) };
        match route {
            Route::Discard(key) => vec![(key, standing(mark.until))],
            Route::Blackhole(address) => {
                let rules = self.planned.get(&address).map(Vec::as_slice).unwrap_or_default();
                let last = rules.iter().map(|rule| rule.until).max();
                let is_as_planned = last.is_some_and(|last| mark.tells(last));
                let until = |rule: &case::Rule| if is_as_planned { rule.until } else { mark.until };
                let named: Vec<_> = rules.iter().map(|rule| (rule.key, standing(until(rule)))).collect();
                if named.is_empty() { vec![(unplanned(address), standing(mark.until))] } else { named }
            }
        }
    }

    /// Every route that should stand, with its mark.
    fn wanted(&self, kept: &[Kept]) -> BTreeMap<Route, Mark> {
        let mut wanted: BTreeMap<Route, Mark> = BTreeMap::new();
        for kept in kept {
            let mark = Mark { since: kept.since, until: kept.rule.until };
            let all = wanted.entry(self.route(&kept.rule.key)).or_insert(mark);
            all.until = all.until.max(mark.until);
            all.since = all.since.min(mark.since);
        }
        wanted
    }

    async fn shown(&self, kept: &[Kept]) -> Result<BTreeSet<RuleKey>, EdgeError> {
        let Some(neighbour) = &self.neighbour else { return Ok(BTreeSet::new()) };
        let shown = neighbour.discarded(self.config.routes, self.marker).await?;
        Ok(kept.iter().map(|kept| kept.rule.key).filter(|key| shown.contains(&self.route(key))).collect())
    }
}

impl Peer for Bgp {
    fn takes(&self, key: &RuleKey) -> Result<(), String> {
        no_garden(key, "a route")
    }

    fn expect(&mut self, plan: &Plan) {
        self.planned.clear();
        for rule in plan.rules() {
            self.planned.entry(rule.key.address).or_default().push(*rule);
        }
    }

    async fn look(&mut self) -> Result<Edge, EdgeError> {
        let listed = self.speaker.list(self.config.routes).await?;
        self.strangers = listed.strangers;
        Ok(listed.ours.iter().flat_map(|(route, mark)| self.rules_of(*route, *mark)).collect())
    }

    fn strangers(&self) -> Vec<String> {
        self.strangers.clone()
    }

    async fn apply(&mut self, wanted: &[Kept], change: &Change, _now: Timestamp) -> Result<(), EdgeError> {
        let wanted = self.wanted(wanted);
        let touched = change.touched();
        let routes: BTreeSet<Route> =
            touched.iter().chain(&change.remove).map(|key| self.route(key)).collect();
        let announce = routes.iter().filter_map(|route| Some((*route, *wanted.get(route)?))).collect();
        let withdraw = routes.iter().filter(|route| !wanted.contains_key(route)).copied().collect();
        self.speaker.tell(announce, withdraw).await
    }

    async fn verify(&mut self, wanted: &[Kept]) -> Result<BTreeSet<RuleKey>, EdgeError> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let shown = self.shown(wanted).await?;
            let is_over = self.neighbour.is_none() || tokio::time::Instant::now() >= deadline;
            if shown.len() == wanted.len() || is_over {
                return Ok(shown);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
