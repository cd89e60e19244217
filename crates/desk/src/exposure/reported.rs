//! Scanners that reports tell of: somebody's firewall kept one out and its owner wrote to us. The reporter is the one who
//! escaped; the question is about those beside them (P14).

use std::collections::BTreeSet;
use std::net::IpAddr;

use case::{ScannerHeard, Source, Voice};
use report::{Claim, Kind, Reading, Role};
use store::{Entry, NewErrand};

use crate::desk::Desk;
use crate::exposure::ScannerSeen;
use crate::exposure::quota::Lane;
use crate::translate;

/// How many scanners of one message are asked about.
const SCANNERS: usize = 8;

impl Desk {
    /// The questions that follow from a message that tells of scanners outside home which came to one of our addresses:
    /// the one its log names, or the line it was written from.
    pub(crate) fn exposure_errands(
        &self,
        entry: &Entry,
        reading: &Reading,
        source: &Source,
    ) -> Vec<NewErrand> {
        let home = &self.settings().territory.home;
        if !reading.is_report || self.lake().is_none() {
            return Vec::new();
        }
        let peer = entry.envelope.get("peer").and_then(|peer| peer.as_str()?.parse::<IpAddr>().ok());
        let writer = peer.filter(|peer| home.contains(peer.to_canonical()));
        let known = writer.is_some() || source.voice() == Voice::Established;
        let lane = if known { Lane::Known } else { Lane::Stranger };
        let mut named = BTreeSet::new();
        let scans = reading.claims.iter().filter(|claim| tells_of_a_scanner(claim));
        let scans = scans.filter(|claim| !home.contains(claim.address) && named.insert(claim.address));
        let asked = scans.take(SCANNERS).filter_map(|claim| {
            let victim = victim(reading, claim, |address| home.contains(address));
            let whose = translate::whose(claim, entry.received, self.settings().clock_skew);
            let seen = ScannerSeen {
                scanner: claim.address,
                ours: victim.map(|victim| victim.address).or(writer)?,
                port: victim.and_then(|victim| victim.port),
                at: whose.at,
                by: ScannerHeard::Report(entry.id),
            };
            self.question_of(seen, whose.uncertainty, lane).1
        });
        asked.collect()
    }
}

/// Whether a message tells of a scanner at all, so that it is worth knowing who sent it.
pub(crate) fn tells_of_scanners(reading: &Reading) -> bool {
    let victims = reading.claims.iter().any(|claim| claim.role == Role::Victim);
    reading.is_report && victims && reading.claims.iter().any(tells_of_a_scanner)
}

fn tells_of_a_scanner(claim: &Claim) -> bool {
    claim.role == Role::Offender && matches!(claim.kind, Kind::Scan | Kind::TrojanScan)
}

/// Which of our addresses a scanner of a report came to: the one named beside it, at the same moment where several are.
fn victim<'r>(reading: &'r Reading, scan: &Claim, ours: impl Fn(IpAddr) -> bool) -> Option<&'r Claim> {
    let mut victims = reading.claims.iter().filter(|one| one.role == Role::Victim && ours(one.address));
    let first = victims.clone().next();
    victims.find(|one| one.time.is_some() && one.time == scan.time).or(first)
}
