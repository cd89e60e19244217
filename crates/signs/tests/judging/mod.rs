//! What a case would make of a line's signs alone: what tests ask of a detector. The detectors themselves judge nothing.

#![allow(dead_code, reason = "each test asks for a part")]

use std::net::IpAddr;

use case::{EvidenceId, Playbook, Sighting, Source, Stage, Transport};
use signs::{Detector, Sign};

/// A home address with something to say.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) address: IpAddr,
    pub(crate) stage: Stage,
    /// The probability that a case would put on it.
    pub(crate) score: f64,
    pub(crate) signs: Vec<Sign>,
}

/// What there is to say of one address now.
pub(crate) fn host(detector: &Detector, address: IpAddr) -> Host {
    let signs = detector.signs(address);
    let now = detector.now().timestamp().unwrap_or_default();
    let sightings = (0..).zip(&signs).map(|(claim, sign)| sighting(claim, sign, now));
    let judgement = case::judge_alone(sightings, &Playbook::default(), now);
    Host { address, stage: judgement.stage, score: 1.0 / (1.0 + (-judgement.odds).exp()), signs }
}

/// Every address with anything to say, the worst first.
pub(crate) fn hosts(detector: &Detector) -> Vec<Host> {
    let all = detector.addresses().into_iter().map(|address| host(detector, address));
    let mut hosts: Vec<Host> = all.filter(|host| !host.signs.is_empty()).collect();
    hosts.sort_by(|a, b| b.stage.cmp(&a.stage).then(b.score.total_cmp(&a.score)));
    hosts
}

fn sighting(claim: u32, sign: &Sign, now: jiff::Timestamp) -> Sighting {
    let kind = case::SignKind::ALL.into_iter().find(|kind| kind.name() == sign.sign.name()).unwrap();
    let happened = sign.last.timestamp().unwrap_or(now).min(now);
    let port = sign.port.filter(|_| kind.is_of_our_port());
    let thousandths = (f64::from(sign.score) * 1000.0).round().to_string();
    Sighting {
        evidence: EvidenceId([0; 32]),
        claim,
        span: None,
        source: Source::Sign {
            sign: kind,
            score: thousandths.parse().unwrap(),
            peer: sign.peer,
            peer_port: sign.port.filter(|_| port.is_none()),
            first: sign.first.timestamp().unwrap_or(happened),
            flows: sign.flows,
            why: sign.why.clone(),
        },
        kind: kind.kind(),
        address: sign.address,
        port,
        protocol: port.map(|_| Transport::Tcp),
        happened: Some(happened),
        received: happened,
        attributed: String::new(),
        report: None,
        malware: None,
        spotted: false,
    }
}
