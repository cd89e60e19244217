//! Who alleged a proxy or relay, and what our own answers say of their word.
use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::facts::Facts;
use crate::moment::after;
use crate::proof::Proof;
use crate::{Event, EvidenceId, Sighting, Source, Voice};

/// How many reporters of one case are credited, those who came first: one open proxy must not make a record for
/// everybody who names it.
const CONFIRMED_AT_MOST: usize = 10;
/// How many claims of one reporter are held against the answers.
const CLAIMS_OF_ONE: usize = 8;
/// How many reporters without a record are kept for a verdict.
const NEWCOMERS: usize = 64;
/// How many reporters in all.
const REPORTERS: usize = 256;
/// A claim that could not be answered in this time is no longer looked into for its reporter's sake.
const PURSUED_FOR: SignedDuration = SignedDuration::from_hours(72);

/// One claim of a proxy or relay from somebody who was shown to be who they are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Claim {
    evidence: EvidenceId,
    address: IpAddr,
    port: Option<u16>,
    /// When it counts from, as weighing has it.
    at: Timestamp,
    received: Timestamp,
    voice: Voice,
}

/// All such claims of a case by the reporter's domain, and the verdicts given.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Claimants {
    by_domain: BTreeMap<String, Vec<Claim>>,
    judged: BTreeMap<String, bool>,
}

impl Claimants {
    pub(crate) fn note(&mut self, sighting: &Sighting) {
        let Source::Report { domain, authenticated: true, .. } = &sighting.source else { return };
        let voice = sighting.source.voice();
        let limit = if voice == Voice::Established { REPORTERS } else { NEWCOMERS };
        let is_new = !self.by_domain.contains_key(domain);
        if !sighting.kind.is_proxy_or_relay() || (is_new && self.by_domain.len() >= limit) {
            return;
        }
        let claims = self.by_domain.entry(domain.clone()).or_default();
        if claims.len() < CLAIMS_OF_ONE {
            claims.push(Claim {
                evidence: sighting.evidence,
                address: sighting.address.to_canonical(),
                port: sighting.port.filter(|port| *port != 0),
                at: sighting.happened.unwrap_or(sighting.received).min(sighting.received),
                received: sighting.received,
                voice,
            });
        }
    }

    pub(crate) fn judge(&mut self, domain: &str, confirmed: bool) {
        self.judged.insert(domain.to_owned(), confirmed);
    }

    /// Whether a reporter's record still waits for an answer about this address.
    pub(crate) fn wait_for(&self, address: IpAddr, proof: &Proof, now: Timestamp) -> bool {
        let waits = |claim: &Claim| {
            claim.address == address
                && claim.port.is_some()
                && now < after(claim.received, PURSUED_FOR)
                && !proof.answered(claim.address, claim.at)
        };
        let open = self.by_domain.iter().filter(|(domain, _)| !self.judged.contains_key(*domain));
        open.flat_map(|(_, claims)| claims).any(waits)
    }

    fn verdict(&self, domain: &str, claim: &Claim, confirmed: bool) -> Option<Event> {
        let given = self.judged.get(domain);
        // Proof that came after all takes a refutation back, and nothing takes proof back.
        let news = given.is_none_or(|given| !given && confirmed);
        let domain = domain.to_owned();
        news.then_some(Event::ReporterJudged { domain, evidence: claim.evidence, confirmed })
    }
}

/// The verdicts that follow from our own answers and were not given yet.
pub(crate) fn verdicts(facts: &Facts, proof: &Proof) -> Vec<Event> {
    let claimants = &facts.claimants;
    if is_proved(facts) {
        return confirmed(facts);
    }
    let refuted = |claim: &&Claim| claim.port.is_some() && proof.answered(claim.address, claim.at);
    let refuted = claimants
        .by_domain
        .iter()
        .filter_map(|(domain, claims)| claimants.verdict(domain, claims.iter().find(refuted)?, false));
    refuted.collect()
}

/// The verdicts that follow when an operator says it was nothing: every claim of a proxy or relay was wrong, unless it
/// was proved before.
pub(crate) fn dismissed(facts: &Facts) -> Vec<Event> {
    if is_proved(facts) {
        return Vec::new();
    }
    let claimants = &facts.claimants;
    let first = |(domain, claims): (&String, &Vec<Claim>)| claimants.verdict(domain, claims.first()?, false);
    claimants.by_domain.iter().filter_map(first).collect()
}

fn is_proved(facts: &Facts) -> bool {
    facts.answers.iter().any(|answer| answer.counts && answer.verdict.is_proof()) || !facts.by_hand.is_empty()
}

/// Whoever said it before we knew is credited, the first few. Somebody without a record must have named the very port:
/// whoever says it of all our lines is right now and then.
fn confirmed(facts: &Facts) -> Vec<Event> {
    let claimants = &facts.claimants;
    let proofs: Vec<_> =
        facts.answers.iter().filter(|answer| answer.counts && answer.verdict.is_proof()).collect();
    let bears_out = |claim: &&Claim| {
        proofs.iter().any(|proof| {
            let port = claim.port.map_or(claim.voice == Voice::Established, |port| Some(port) == proof.port);
            port && claim.received <= proof.started
        })
    };
    let found = claimants.by_domain.iter().filter_map(|(domain, claims)| {
        claims.iter().find(bears_out).map(|claim| (claim.received, domain, claim))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|(received, domain, _)| (*received, *domain));
    let given = claimants.judged.values().filter(|confirmed| **confirmed).count();
    let news = found.into_iter().filter_map(|(_, domain, claim)| claimants.verdict(domain, claim, true));
    news.take(CONFIRMED_AT_MOST.saturating_sub(given)).collect()
}
