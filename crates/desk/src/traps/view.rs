//! What pages and metrics show of the traps.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

/// What the engine has counted since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TrapCounts {
    /// The prefixes, as they are configured.
    pub prefixes: Vec<String>,
    /// Connections that were completed.
    pub connections: u64,
    /// Those let go at once, for too many were held.
    pub refused: u64,
    /// Datagrams that came.
    pub datagrams: u64,
    /// Datagrams that were answered.
    pub answered: u64,
    /// ICMP messages that came.
    pub pings: u64,
    /// Datagrams and pings that nobody took fast enough.
    pub lost: u64,
}

/// What is being scanned right now. Counts are of the last hour and the last 24, since the start at most.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrapsView {
    /// Since when visits are counted.
    pub since: Timestamp,
    /// Now, by the desk's clock.
    pub now: Timestamp,
    /// What the engine has counted.
    pub counts: TrapCounts,
    /// Pieces of evidence put in the log.
    pub kept: u64,
    /// By what was wanted, the most of this hour first.
    pub wanted: Vec<TrapWanted>,
    /// By port.
    pub ports: Vec<TrapPort>,
    /// By the /24 or /48 they came from.
    pub networks: Vec<TrapNetwork>,
    /// The newest visits, newest first.
    pub recent: Vec<TrapVisit>,
    /// Kinds, ports and networks that found no room to be counted by themselves.
    pub crowded_out: u64,
}

/// How often one thing was wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrapWanted {
    /// Its short name.
    pub what: &'static str,
    /// What sort of thing that is.
    pub family: &'static str,
    /// In the last hour.
    pub hour: u64,
    /// In the last 24.
    pub day: u64,
    /// Whether it was seen for the first time within the last 24 hours, and not just because counting began.
    pub new: bool,
}

/// How often one port was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrapPort {
    /// The port.
    pub port: u16,
    /// `tcp`, `udp` or `icmp`.
    pub transport: &'static str,
    /// In the last hour.
    pub hour: u64,
    /// In the last 24.
    pub day: u64,
    /// As [`TrapWanted::new`].
    pub new: bool,
}

/// How often one network came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrapNetwork {
    /// The /24 or /48.
    pub network: String,
    /// In the last hour.
    pub hour: u64,
    /// In the last 24.
    pub day: u64,
    /// As [`TrapWanted::new`].
    pub new: bool,
    /// Whether it is ours.
    pub ours: bool,
}

/// One visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrapVisit {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub source: IpAddr,
    /// Which trap.
    pub trap: IpAddr,
    /// On which port.
    pub port: u16,
    /// `tcp`, `udp` or `icmp`.
    pub transport: &'static str,
    /// Whether its source is shown to be real.
    pub handshake: bool,
    /// What it wanted.
    pub what: &'static str,
    /// What sort of thing that is.
    pub family: &'static str,
    /// Whether its own bytes say so.
    pub said: bool,
    /// Its first bytes, as hex, the first 32.
    pub hex: String,
    /// The same as text, with all but plain letters escaped.
    pub text: String,
}
