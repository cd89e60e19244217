//! A virus, then a proxy: the second is likelier for the first (P6).
//!
//! A sign of a proxy or relay that comes while the line is watched for malware, and from somebody else than whoever
//! reported the malware, weighs more than either alone. Both must have a record: two strangers are easily one. Between
//! reports it remains hearsay; our own signs weigh more too, and most on a port that the malware is known for.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::moment::{after, shown};
use crate::proof::Proof;
use crate::{EvidenceId, Family, Kind, Playbook, Sighting, SignKind, Source, Voice, family, weights};

/// How many sightings of each sort are kept, the newest: older ones have faded.
const KEPT: usize = 64;

/// One sighting, as far as it matters here. Ordered by time first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Sign {
    at: Timestamp,
    /// How long what it foretells is expected, where its family says so; for malware.
    watch: Option<SignedDuration>,
    /// Ports its family is known to listen on; for malware.
    ports: Vec<u16>,
    domain: String,
    kind: Kind,
    /// Which sign of our own it is, where it is one.
    own: Option<SignKind>,
    port: Option<u16>,
    address: IpAddr,
    name: (EvidenceId, u32),
}

/// What a sign that followed malware adds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Followed {
    /// To the log-odds.
    pub(crate) weight: f64,
    pub(crate) words: String,
    /// Whether it is a sign of our own and no report.
    pub(crate) own: bool,
}

/// Malware and the signs of proxies of one line. What is kept does not depend on the order they came in.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Follows {
    malware: BTreeSet<Sign>,
    signs: BTreeSet<Sign>,
}

impl Follows {
    /// Takes a sighting in; `domain` says so.
    pub(crate) fn hear(&mut self, sighting: &Sighting, domain: &str) {
        if sighting.source.voice() < Voice::Established {
            return;
        }
        let set = match sighting.kind {
            Kind::Malware => &mut self.malware,
            Kind::OpenProxy
            | Kind::OpenRelay
            | Kind::SpamSource
            | Kind::PhoneHome
            | Kind::TrojanScan
            | Kind::Listener => &mut self.signs,
            Kind::Scan | Kind::Other => return,
        };
        let family = sighting.malware.as_deref().and_then(family);
        let own = match &sighting.source {
            Source::Sign { sign, .. } => Some(*sign),
            Source::Report { .. } => None,
        };
        set.insert(Sign {
            at: sighting.received,
            watch: family.map(Family::watch_for),
            ports: family.map(|family| family.ports.clone()).unwrap_or_default(),
            domain: domain.to_owned(),
            kind: sighting.kind,
            own,
            port: sighting.port,
            address: sighting.address,
            name: (sighting.evidence, sighting.claim),
        });
        if set.len() > KEPT {
            set.pop_first();
        }
    }

    /// It is no sign after all.
    pub(crate) fn withdraw(&mut self, name: (EvidenceId, u32)) {
        self.signs.retain(|sign| sign.name != name);
    }

    /// What the strongest sign that followed malware adds to the log-odds at `now`, and why; signs that our own answers
    /// have dealt with no longer count.
    pub(crate) fn weigh(&self, playbook: &Playbook, now: Timestamp, proof: &Proof) -> Option<Followed> {
        let weighed = self.signs.iter().filter(|sign| !sign.is_answered(proof)).filter_map(|sign| {
            let cause = self.cause(sign, playbook)?;
            Some((sign, cause, sign.follows(cause) * sign.left(now)))
        });
        let (sign, cause, weight) = weighed.max_by(|a, b| a.2.total_cmp(&b.2))?;
        let what = sign.own.map_or_else(|| sign.kind.name(), SignKind::name);
        let words = format!("{what} within the watch for malware seen {} {weight:.1}", shown(cause.at));
        Some(Followed { weight, words, own: sign.own.is_some() })
    }

    /// The malware that foretold a sign: reported before it by somebody else, and still watched for then.
    fn cause(&self, sign: &Sign, playbook: &Playbook) -> Option<&Sign> {
        let until = |one: &Sign| after(one.at, one.watch.unwrap_or(playbook.watch_for));
        let foretold = |one: &&Sign| one.at <= sign.at && sign.at < until(one) && one.domain != sign.domain;
        self.malware.iter().rev().find(foretold)
    }
}

impl Sign {
    /// What it adds when fresh, after that malware.
    fn follows(&self, cause: &Sign) -> f64 {
        let on_its_port = self.own.is_some() && self.port.is_some_and(|port| cause.ports.contains(&port));
        if on_its_port { weights::FOLLOWS_ON_ITS_PORT } else { weights::FOLLOWS_MALWARE }
    }

    /// How much of it is left.
    fn left(&self, now: Timestamp) -> f64 {
        let age = now.duration_since(self.at);
        self.own.map_or_else(|| weights::decay(self.kind, age), |sign| weights::sign_decay(sign, age))
    }

    fn is_answered(&self, proof: &Proof) -> bool {
        let of_our_port = self.own.is_none_or(SignKind::is_of_our_port);
        proof.has_dealt_with(self.address, self.at, of_our_port)
    }
}
