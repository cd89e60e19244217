//! One observation about a subscriber's line, in our own words.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{EvidenceId, Kind, Transport};

/// The bytes of the evidence a sighting was read from: `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

/// What became of a reporter's earlier reports, as counted when this one was filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Trust {
    /// Reports that our own proof bore out.
    pub confirmed: u32,
    /// Reports that an operator dismissed or our probes refuted.
    pub refuted: u32,
}

/// Who says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Source {
    /// A message from outside: hearsay, however trusted.
    Report {
        /// The reporter's domain in lower case (`spamcop.net`); weights are capped per domain.
        domain: String,
        /// Whether the message was shown to come from that domain.
        authenticated: bool,
        /// What became of that domain's earlier reports.
        trust: Trust,
    },
}

impl Source {
    /// Whether it is somebody else's word and not our own observation.
    #[must_use]
    pub fn is_hearsay(&self) -> bool {
        match self {
            Source::Report { .. } => true,
        }
    }
}

/// One observation, already attributed to the case's subscriber.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The evidence it was read from.
    pub evidence: EvidenceId,
    /// Which claim of that evidence it is, from 0. Evidence and claim together name a sighting once and for all.
    pub claim: u32,
    /// Where in the evidence it stands.
    pub span: Option<Span>,
    /// Who says so.
    pub source: Source,
    /// What of.
    pub kind: Kind,
    /// The address on our side.
    pub address: IpAddr,
    /// The port on our side, where the evidence names the service's own port.
    pub port: Option<u16>,
    /// The transport of that port.
    pub protocol: Option<Transport>,
    /// When it happened, where the evidence says.
    pub happened: Option<Timestamp>,
    /// When we accepted it.
    pub received: Timestamp,
    /// Why it was attributed to this subscriber, in words.
    pub attributed: String,
    /// The malware it names, as the reader gives it; see [`crate::family`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub malware: Option<String>,
}
