//! One observation about a subscriber's line, in our own words.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::moment::after;
use crate::{EvidenceId, Kind, SignKind, Transport, weights};

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

/// What a reporter is known for beside its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing.
    #[default]
    Unknown,
    /// It is a feed that the configuration names, and was shown to be it.
    NamedFeed,
    /// It came to an unpublished address that only trusted feeds know (P12).
    UnpublishedBox,
}

impl Standing {
    /// Whether there is none, and nothing to keep.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Standing::Unknown
    }
}

/// How much of a record whoever says so has: what its words are summed and capped with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Voice {
    /// Nothing shows it to be from whom it says.
    Unauthenticated,
    /// It is who it says, and has little or no record.
    Newcomer,
    /// It has a record of its own, is a named feed, or came to an unpublished box.
    Established,
    /// We saw it ourselves.
    Own,
}

/// Who says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Source {
    /// A message from outside: hearsay, however trusted.
    Report {
        /// The reporter's organizational domain in lower case (`spamcop.net`); weights are capped per domain.
        domain: String,
        /// Whether the message was shown to come from that domain.
        authenticated: bool,
        /// What became of that domain's earlier reports.
        trust: Trust,
        /// What the reporter is known for.
        #[serde(default, skip_serializing_if = "Standing::is_unknown")]
        standing: Standing,
        /// The network it came from (`AS64500`, `192.0.0.0/16`), where nothing shows more of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        network: Option<String>,
    },
    /// A sign in our own flow records: first-party observation, though not yet proof.
    Sign {
        /// Which.
        sign: SignKind,
        /// How sure it is by itself, in thousandths.
        score: u16,
        /// The other side, where it is one.
        peer: Option<IpAddr>,
        /// The other side's port, where the sign is about that.
        peer_port: Option<u16>,
        /// When its first flow began; the last ended when the sighting happened.
        first: Timestamp,
        /// How many flows belong to it.
        flows: u64,
        /// Why, in plain words with the figures.
        why: String,
    },
}

impl Source {
    /// Whether it is somebody else's word and not our own observation.
    #[must_use]
    pub fn is_hearsay(&self) -> bool {
        match self {
            Source::Report { .. } => true,
            Source::Sign { .. } => false,
        }
    }

    /// How far it is trusted, 0 to 1, by its record and what it is known for.
    #[must_use]
    pub fn trust(&self) -> f64 {
        weights::trust(self)
    }

    /// Whether it is believed for itself or as one of a crowd.
    #[must_use]
    pub fn voice(&self) -> Voice {
        let Source::Report { authenticated, standing, .. } = self else { return Voice::Own };
        if weights::trust(self) >= weights::ESTABLISHED {
            return Voice::Established;
        }
        if *authenticated || *standing == Standing::UnpublishedBox {
            Voice::Newcomer
        } else {
            Voice::Unauthenticated
        }
    }

    /// What stands for one speaker: the domain of whoever was shown to be it, else the network it came from.
    pub(crate) fn speaker(&self) -> &str {
        match self {
            Source::Report { network: Some(network), .. } if self.voice() == Voice::Unauthenticated => {
                network
            }
            Source::Report { domain, .. } => domain,
            Source::Sign { sign, .. } => sign.name(),
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
    /// The reporter's own number for the report, or its Message-ID: the same one by two ways is one report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// The malware it names, as the reader gives it; see [`crate::family`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub malware: Option<String>,
    /// Whether the reporter's own words speak of a proxy or relay, whatever the kind (P12).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spotted: bool,
}

impl Sighting {
    /// When it counts from: when it happened, but never later than it came nor long before.
    pub(crate) fn counts_from(&self) -> Timestamp {
        let earliest = after(self.received, -weights::OLDEST_AT_ARRIVAL);
        self.happened.unwrap_or(self.received).min(self.received).max(earliest)
    }

    /// Whether it speaks of a proxy or relay: such a report goes above all else (P12).
    #[must_use]
    pub fn speaks_of_proxy(&self) -> bool {
        self.kind.is_proxy_or_relay() || self.spotted
    }
}
