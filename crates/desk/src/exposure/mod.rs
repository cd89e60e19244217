//! A scanner outside was seen: whom of our own did it touch, and who let it in (P13, P14)?
//!
//! The question is asked by itself, once for each scanner, neighbourhood and hour, from whatever tells of a scanner: a
//! report of somebody whose firewall kept it out, a trap, our own flows. It is a row of the outbox, so that a restart loses
//! none, and only so many are taken an hour, so that a flood of forged reports asks little. What the flows on disk show
//! becomes signs on the lines that let the scanner in: the word of whoever told of it makes no case.

mod found;
mod looking;
mod quota;
mod reported;
mod trapped;

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use case::{CaseId, Errand, ScannerHeard};
use store::NewErrand;

use crate::desk::Desk;
use crate::error::DeskError;
pub(crate) use looking::Name;
use quota::Lane;
pub(crate) use quota::Quota;
pub(crate) use reported::tells_of_scanners;

/// How long before and after it was seen a scanner is looked for: one that goes through a /24 slowly is an hour at it.
const WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// Flows are on disk half a minute after the exporter told of them, and it does so a minute late where it is set so; a
/// question about this very moment waits so long.
const FLOWS_SETTLE: SignedDuration = SignedDuration::from_secs(90);
/// The longest prefix whose addresses are one neighbourhood: a /24, and a subscriber's /64 (RFC 6177 has no use for more).
const NEIGHBOURS: (u8, u8) = (24, 64);

/// An address outside that was seen to try ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScannerSeen {
    /// Who scans.
    pub scanner: IpAddr,
    /// Which of our addresses it came to.
    pub ours: IpAddr,
    /// The port it came for, where that is known.
    pub port: Option<u16>,
    /// When.
    pub at: Timestamp,
    /// How we know.
    pub by: ScannerHeard,
}

/// What became of a scanner that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScannerTaken {
    /// Its question is in the outbox.
    Asked,
    /// The same was asked within the hour.
    Known,
    /// Enough is asked in this hour of what is known in this way.
    Enough,
    /// It is no scanner from outside that came to one of our addresses, or no flows are kept that could tell.
    NotAsked,
}

impl Desk {
    /// Takes in that a scanner was seen; asks whom it touched. `Ok` with [`ScannerTaken::Asked`] means that the question
    /// is on disk.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be written.
    pub async fn scanner_seen(&self, seen: ScannerSeen) -> Result<ScannerTaken, DeskError> {
        let lane = match seen.by {
            ScannerHeard::Trap => Lane::Trap,
            ScannerHeard::Flows => Lane::Flows,
            ScannerHeard::Report(_) => Lane::Stranger,
        };
        let (taken, errand) = self.question_of(seen, WITHIN, lane);
        let Some(errand) = errand.filter(|_| taken == ScannerTaken::Asked) else { return Ok(taken) };
        let key = errand.key.clone();
        if let Err(error) = self.commit_errand(errand).await {
            // Whoever sees it next may ask.
            self.exposure_quota().forget(&key);
            return Err(error);
        }
        Ok(taken)
    }

    /// The question that follows from a scanner that was seen, where one does.
    fn question_of(
        &self,
        seen: ScannerSeen,
        within: SignedDuration,
        lane: Lane,
    ) -> (ScannerTaken, Option<NewErrand>) {
        let home = &self.settings().territory.home;
        let (scanner, ours) = (seen.scanner.to_canonical(), seen.ours.to_canonical());
        let possible = scanner.is_ipv4() == ours.is_ipv4() && !scanner.is_unspecified();
        if !possible || home.contains(scanner) || !home.contains(ours) || self.lake().is_none() {
            return (ScannerTaken::NotAsked, None);
        }
        let now = self.now();
        let at = seen.at.min(now);
        let net = self.neighbourhood(ours, seen.by);
        let key = format!("exposure/{scanner}/{net}/{}", at.as_second().div_euclid(3600));
        let taken = self.exposure_quota().take(&key, lane, now);
        // A message may be read twice before what follows from it is on disk: the same question is the same row.
        if !matches!(taken, ScannerTaken::Asked | ScannerTaken::Known) {
            return (taken, None);
        }
        let settled = at.saturating_add(FLOWS_SETTLE).unwrap_or(at);
        let errand = Errand::FindExposed {
            scanner,
            net,
            at,
            within: within.max(WITHIN),
            port: seen.port,
            heard: seen.by,
            again: false,
        };
        (taken, Some(NewErrand { case: CaseId::NONE, due: settled.max(now), key, errand }))
    }

    /// Whose exposure is asked about: those beside the address. A trap has no neighbours but traps: who came to one of a
    /// prefix went through all of it.
    fn neighbourhood(&self, ours: IpAddr, by: ScannerHeard) -> IpNet {
        let length = if ours.is_ipv4() { NEIGHBOURS.0 } else { NEIGHBOURS.1 };
        let beside = IpNet::new(ours, length).map_or(IpNet::from(ours), |net| net.trunc());
        let home = &self.settings().territory.home;
        let prefix = home.prefixes().iter().find(|net| net.contains(&ours)).copied();
        match (by, prefix) {
            (ScannerHeard::Trap, Some(prefix)) => prefix,
            _ => beside,
        }
    }
}
