//! When our own flow records prove a line: relaying, and a second sign that does not follow from the same packets.
//!
//! One family's signs, however many, prove nothing; nor does any report without the relaying that we saw ourselves.
use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::moment::shown;
use crate::{EvidenceId, Kind, Sighting, SignFamily, SignKind, Source, Voice, weights};

/// How many observations of each sort are kept, the newest.
const KEPT: usize = 16;

/// What names a sighting: its evidence, and which claim of that.
type Name = (EvidenceId, u32);

/// A sign that shows relaying.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Relaying {
    at: Timestamp,
    name: Name,
    sign: SignKind,
    address: IpAddr,
    port: Option<u16>,
}

/// What may bear it out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Second {
    at: Timestamp,
    name: Name,
    what: What,
    address: IpAddr,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Sign(SignKind),
    /// A report of this kind by a reporter with a record, from this domain.
    Report(Kind, String),
}

/// All that a proof by flows is made of.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct FlowProof {
    relaying: Vec<Relaying>,
    seconds: Vec<Second>,
    /// For each address the moments at which a proxy was seen at work, the newest.
    at_work: BTreeMap<IpAddr, Vec<(Timestamp, Name)>>,
}

/// That a line was seen relaying, borne out by a second sign.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    relaying: &'a Relaying,
    second: &'a Second,
}

impl FlowProof {
    /// Takes a sighting in.
    pub(crate) fn hear(&mut self, sighting: &Sighting) {
        let name = (sighting.evidence, sighting.claim);
        let (at, address) = (sighting.counts_from(), sighting.address.to_canonical());
        let port = sighting.port.filter(|port| *port != 0);
        match &sighting.source {
            Source::Sign { sign, score, .. } => {
                if sign.family() == SignFamily::Relaying && *score >= weights::SURE_OF_RELAYING {
                    keep(&mut self.relaying, Relaying { at, name, sign: *sign, address, port });
                }
                if sign.bears_out() && *score >= weights::SURE_OF_SECOND {
                    keep(&mut self.seconds, Second { at, name, what: What::Sign(*sign), address, port });
                }
                if sign.is_at_work() {
                    keep(self.at_work.entry(address).or_default(), (at, name));
                }
            }
            Source::Report { domain, .. } => {
                if sighting.source.voice() == Voice::Established && bears_out(sighting.kind) {
                    let what = What::Report(sighting.kind, domain.clone());
                    keep(&mut self.seconds, Second { at, name, what, address, port });
                }
            }
        }
    }

    /// It is no sign after all.
    pub(crate) fn withdraw(&mut self, name: Name) {
        self.relaying.retain(|one| one.name != name);
        self.seconds.retain(|one| one.name != name);
        self.at_work.values_mut().for_each(|seen| seen.retain(|one| one.1 != name));
    }

    /// Every pair of relaying and a second sign that bears it out.
    pub(crate) fn shown(&self) -> impl Iterator<Item = Shown<'_>> {
        self.relaying.iter().flat_map(|relaying| {
            let seconds = self.seconds.iter().filter(|second| relaying.by(second));
            seconds.map(move |second| Shown { relaying, second })
        })
    }

    /// When a proxy was seen at work at each address.
    pub(crate) fn at_work(&self) -> impl Iterator<Item = (Timestamp, IpAddr)> {
        self.at_work.iter().flat_map(|(address, seen)| seen.iter().map(|(at, _)| (*at, *address)))
    }
}

impl Relaying {
    /// Whether a second sign bears this one out: near it in time, and not made of the same packets.
    fn by(&self, second: &Second) -> bool {
        let apart = self.at.duration_since(second.at).abs() <= weights::TOGETHER;
        let independent = match second.what {
            // Those whom call-then-served saw coming are the very strangers that were answered.
            What::Sign(SignKind::AnsweredStranger) => {
                self.sign != SignKind::CallThenServed
                    && self.port.is_none_or(|port| second.port == Some(port))
                    && self.address == second.address
            }
            What::Sign(_) | What::Report(..) => true,
        };
        apart && independent
    }
}

impl Shown<'_> {
    /// When both were known.
    pub(crate) fn at(&self) -> Timestamp {
        self.relaying.at.max(self.second.at)
    }

    /// When the first of the two was seen.
    pub(crate) fn since(&self) -> Timestamp {
        self.relaying.at.min(self.second.at)
    }

    /// Where.
    pub(crate) fn address(&self) -> IpAddr {
        self.relaying.address
    }

    /// The line's own port it relays from, where it has one.
    pub(crate) fn port(&self) -> Option<u16> {
        self.relaying.port
    }

    /// Whether the second sign is our own observation too, and no report.
    pub(crate) fn is_first_party(&self) -> bool {
        matches!(self.second.what, What::Sign(_))
    }

    /// The evidence of the relaying.
    pub(crate) fn evidence(&self) -> EvidenceId {
        self.relaying.name.0
    }

    /// What is shown, in words.
    pub(crate) fn in_words(&self) -> String {
        let Relaying { sign, address, .. } = self.relaying;
        let port = self.port().map_or_else(String::new, |port| format!(" on port {port}"));
        let second = match &self.second.what {
            What::Sign(sign) => sign.name().to_owned(),
            What::Report(kind, domain) => {
                let domain: String = domain.chars().filter(|c| c.is_ascii_graphic()).take(80).collect();
                format!("the {kind} that {domain} reports")
            }
        };
        let at = shown(self.at());
        format!("our own flow records show {sign}{port} of {address}, borne out by {second} ({at})")
    }
}

/// Whether a report of this kind can bear out what we saw.
fn bears_out(kind: Kind) -> bool {
    match kind {
        Kind::OpenProxy | Kind::OpenRelay | Kind::SpamSource | Kind::PhoneHome | Kind::Malware => true,
        Kind::TrojanScan | Kind::Scan | Kind::Listener | Kind::Other => false,
    }
}

/// Keeps the newest, in order of time.
fn keep<T: Ord>(kept: &mut Vec<T>, one: T) {
    if let Err(place) = kept.binary_search(&one) {
        kept.insert(place, one);
    }
    if kept.len() > KEPT {
        kept.remove(0);
    }
}
