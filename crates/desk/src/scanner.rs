//! Scanners outside our home that are reported to us as attacking our lines: told to whoever answers for them.
//!
//! Off unless configured. A stranger's word is never passed on: the report must have been shown to come from whom it
//! says. What is passed on is the claim in our own words, never the report, its headers, or who our subscriber is.
//!
//! By a choice of its own those that came to our traps are reported too: there we have seen it ourselves.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use lettre::Address;

use case::{CaseId, Errand, EvidenceId, Home};
use report::xarf_out::{self, Attack, Party};
use report::{Claim, Kind, Protocol, Reading, Role, TimeBasis};
use sha2::{Digest, Sha256};
use store::{CountedBy, Limit, NewErrand, Posting};

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::notify::{Letter, Mailer, Sent, no_mailer, posting};
use crate::traps::{self, Touched};
use crate::wording;

/// How many scanners of one message are reported.
const SCANNERS: usize = 16;
/// One host is reported once in this time, however often it scans.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// How many different traps within a minute make a scanner of whoever says nothing at them. Fewer may be a wrong address,
/// or a service that looks once at whom it delivers to.
const TRAPS: usize = 8;

/// A scanner that can be reported: which claim, and what it says.
struct Scanner<'r> {
    number: u32,
    claim: &'r Claim,
    victim: &'r Claim,
}

/// The claims of `reading` that an address outside `home` attacked one inside, sure enough to be passed on: with a time
/// the report states with its zone, and a transport.
fn scanners<'r>(reading: &'r Reading, home: &'r Home) -> impl Iterator<Item = Scanner<'r>> {
    let victim = |claim: &Claim| {
        let ours = reading.claims.iter().filter(|one| one.role == Role::Victim && home.contains(one.address));
        let of_that_moment = ours.clone().find(|one| one.time == claim.time);
        of_that_moment.or_else(|| ours.clone().find(|one| one.time.is_none()))
    };
    let attacks = (0u32..).zip(&reading.claims).filter(|(_, claim)| {
        claim.role == Role::Offender
            && xarf_out::attack_type(claim.kind).is_some()
            && !home.contains(claim.address)
            && claim.time.is_some()
            && claim.time_basis == TimeBasis::Stated
    });
    attacks
        .filter(|_| reading.is_report)
        .filter_map(move |(number, claim)| Some(Scanner { number, claim, victim: victim(claim)? }))
        .filter(|scanner| scanner.protocol().is_some())
}

impl Scanner<'_> {
    fn protocol(&self) -> Option<Protocol> {
        let said = self.claim.protocol.or(self.victim.protocol);
        // Nobody logs in by anything else.
        said.or((self.claim.kind == Kind::LoginAttack).then_some(Protocol::Tcp))
    }

    fn seen(&self) -> Option<Seen> {
        Some(Seen {
            source: self.claim.address,
            source_port: self.claim.port,
            destination_port: self.victim.port,
            protocol: self.protocol()?,
            at: self.claim.time?,
            kind: self.claim.kind,
        })
    }
}

/// What is passed on of an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    source: IpAddr,
    source_port: Option<u16>,
    destination_port: Option<u16>,
    protocol: Protocol,
    at: Timestamp,
    kind: Kind,
}

impl Seen {
    fn attack(self, id: [u8; 16], reporter: Party) -> Attack {
        let Seen { source, source_port, destination_port, protocol, at, kind } = self;
        Attack { id, reporter, source, source_port, destination_port, protocol, at, kind }
    }
}

/// What a minute at our traps shows of a scanner, where it is one beyond doubt: it completed handshakes, and it asked for
/// a proxy, a relay, a trojan or a login, or went from trap to trap.
fn trapped(touched: &Touched) -> Option<Seen> {
    (touched.said || touched.at.len() >= TRAPS).then(|| Seen {
        source: touched.source,
        source_port: None,
        // Of several none is the one.
        destination_port: touched.ports.first().copied().filter(|_| touched.ports.len() == 1),
        protocol: Protocol::Tcp,
        at: touched.last,
        kind: Kind::Scan,
    })
}

impl Desk {
    /// The errands that follow from a message that names scanners.
    pub(crate) fn scanner_errands(
        &self,
        evidence: EvidenceId,
        reading: &Reading,
        authenticated: bool,
    ) -> Vec<NewErrand> {
        if !self.settings().answers.xarf_out || !authenticated {
            return Vec::new();
        }
        let errand = |scanner: Scanner<'_>| NewErrand {
            case: CaseId::NONE,
            due: self.now(),
            key: format!("scanner/{evidence}/{}", scanner.number),
            errand: Errand::ReportScanner { evidence, claim: scanner.number },
        };
        let mut named = BTreeSet::new();
        let first = |scanner: &Scanner<'_>| named.insert(scanner.claim.address);
        scanners(reading, &self.settings().territory.home).filter(first).take(SCANNERS).map(errand).collect()
    }

    /// The errand to report a scanner outside that came to our traps, where it is one beyond doubt.
    pub(crate) fn trap_report(&self, evidence: EvidenceId, touched: &Touched) -> Option<NewErrand> {
        (self.settings().answers.xarf_traps && trapped(touched).is_some()).then(|| NewErrand {
            case: CaseId::NONE,
            due: self.now(),
            key: format!("scanner/{evidence}/0"),
            errand: Errand::ReportScanner { evidence, claim: 0 },
        })
    }

    /// Reports the scanner that claim `number` of `evidence` names.
    pub(crate) async fn send_scanner_report(
        &self,
        evidence: EvidenceId,
        number: u32,
        mailer: Option<&Mailer>,
    ) -> Result<Sent, DeskError> {
        let not = |to: &str, why: &str| Ok(Sent::Not { to: to.to_owned(), why: why.to_owned() });
        let answers = &self.settings().answers;
        let key = format!("scanner/{evidence}/{number}");
        let seen = match self.attack_of(evidence, number).await? {
            Ok(seen) => seen,
            Err(why) => return not("abuse contact", why),
        };
        let source = seen.source;
        let contact = match answers.contacts.abuse_mailbox(source).await {
            Ok(Some(contact)) => contact,
            Ok(None) => return not("abuse contact", &format!("nobody is known to answer for {source}")),
            Err(why) => return Ok(Sent::Later { to: format!("the abuse contact of {source}"), why }),
        };
        if answers.is_ours(contact.as_ref()) {
            return not(contact.as_ref(), "not sent: the address is our own");
        }
        let Some(mailer) = mailer else { return Ok(no_mailer(&contact)) };
        let attack = seen.attack(report_id(&key), party(mailer));
        self.send_attack(attack, contact, key, mailer).await
    }

    /// The attack that an entry of the log tells of: a report, or a minute at our traps. Or why it is not to be reported.
    async fn attack_of(
        &self,
        evidence: EvidenceId,
        number: u32,
    ) -> Result<Result<Seen, &'static str>, DeskError> {
        let answers = &self.settings().answers;
        let entry = self.store().entry(&evidence).await.doing("find a report in the log")?;
        let of_traps = entry.is_some_and(|entry| entry.source == traps::evidence::SOURCE);
        if of_traps && !answers.xarf_traps {
            return Ok(Err("traps.report_scanners is off"));
        }
        if !of_traps && !answers.xarf_out {
            return Ok(Err("answers.xarf_out is off"));
        }
        let bytes = self.store().bytes(&evidence).await.doing("fetch a report")?.unwrap_or_default();
        if of_traps {
            let touched = traps::evidence::read(&bytes);
            return Ok(touched.as_ref().and_then(trapped).ok_or("the visits no longer read as they did"));
        }
        let reading = report::read(&bytes);
        let home = &self.settings().territory.home;
        let scanner = scanners(&reading, home).find(|scanner| scanner.number == number);
        Ok(scanner.and_then(|scanner| scanner.seen()).ok_or("the report no longer reads as it did"))
    }

    async fn send_attack(
        &self,
        attack: Attack,
        contact: Address,
        key: String,
        mailer: &Mailer,
    ) -> Result<Sent, DeskError> {
        let json = xarf_out::write_attack(&attack).map(|report| format!("{report:#}\n"));
        let json = json.map(|report| ("xarf.json", report));
        let letter = Letter { json, ..Letter::new(contact, key, wording::scanner(&attack)) };
        let posting = Posting {
            purpose: "scanner-report".to_owned(),
            about: attack.source.to_canonical().to_string(),
            ..posting(CaseId::NONE, &letter, mailer, self.now())
        };
        let limit = |by, at_most| Limit { by, at_most, within: AGAIN_AFTER };
        let daily = self.settings().answers.xarf_per_contact_daily;
        let limits = [limit(CountedBy::Address, daily), limit(CountedBy::About, 1)];
        if let Some(why) = self.post(&posting, &limits).await? {
            return Ok(Sent::Not { to: letter.to.to_string(), why });
        }
        Ok(mailer.send(&letter).await)
    }
}

/// We are whose report it is: what our own reporters say is passed on in our name.
fn party(mailer: &Mailer) -> Party {
    let from = mailer.from();
    let domain = from.email.domain().to_owned();
    let org = from.name.clone().unwrap_or_else(|| domain.clone());
    Party { org, contact: from.email.to_string(), domain }
}

/// The same at every try.
fn report_id(key: &str) -> [u8; 16] {
    let sum = Sha256::digest(key);
    let mut id = [0; 16];
    id.iter_mut().zip(sum).for_each(|(byte, one)| *byte = one);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(address: &str, role: Role, port: u16) -> Claim {
        Claim {
            address: address.parse().expect("an address"),
            port: Some(port),
            protocol: Some(Protocol::Tcp),
            time: Some("2026-03-01T20:00:00Z".parse().expect("a time")),
            time_basis: TimeBasis::Stated,
            kind: Kind::Scan,
            role,
            url: None,
            malware: None,
            xarf: None,
            rsit: None,
            span: 0..1,
        }
    }

    fn reading(claims: Vec<Claim>) -> Reading {
        Reading { is_report: true, claims, ..Reading::unreadable("x") }
    }

    fn named(claims: Vec<Claim>) -> Vec<(IpAddr, Option<u16>)> {
        let home = Home::new(vec!["203.0.113.0/24".parse().expect("a prefix")]).expect("a home");
        let reading = reading(claims);
        scanners(&reading, &home).map(|scanner| (scanner.claim.address, scanner.victim.port)).collect()
    }

    #[test]
    fn a_scanner_outside_that_hit_a_line_of_ours_is_named_with_the_port_it_came_for() {
        let foreign = claim("198.51.100.9", Role::Offender, 40_000);
        let ours = claim("203.0.113.7", Role::Victim, 1080);
        assert_eq!(named(vec![ours, foreign]), [("198.51.100.9".parse().expect("an address"), Some(1080))]);
    }

    #[test]
    fn who_went_from_trap_to_trap_or_said_what_it_wanted_is_reported_and_a_wrong_number_is_not() {
        let minute = |traps: u8, family: &'static str| {
            let mut gathering = traps::gather::Gathering::new(traps::gather::tests::home());
            for last in 1..=traps {
                gathering.take(traps::gather::tests::hit("198.51.100.9", last, 1, family));
            }
            gathering.over(traps::gather::tests::at(99), true).remove(0).touched
        };
        assert_eq!(trapped(&minute(7, "other")), None);
        let seen = trapped(&minute(1, "proxy")).expect("it asked for a proxy");
        assert_eq!((seen.destination_port, seen.protocol, seen.kind), (Some(23), Protocol::Tcp, Kind::Scan));
        assert!(trapped(&minute(8, "other")).is_some());
    }

    #[test]
    fn nothing_is_passed_on_of_home_of_strangers_lines_or_of_what_is_unsure() {
        let foreign = || claim("198.51.100.9", Role::Offender, 40_000);
        let ours = || claim("203.0.113.7", Role::Victim, 1080);
        assert_eq!(named(vec![claim("203.0.113.9", Role::Offender, 1), ours()]), []);
        assert_eq!(named(vec![foreign(), claim("192.0.2.7", Role::Victim, 1080)]), []);
        assert_eq!(named(vec![foreign()]), []);
        assert_eq!(named(vec![Claim { time_basis: TimeBasis::AssumedZone, ..foreign() }, ours()]), []);
        assert_eq!(named(vec![Claim { kind: Kind::SpamSource, ..foreign() }, ours()]), []);
        let unsaid = |claim: Claim| Claim { protocol: None, ..claim };
        assert_eq!(named(vec![unsaid(foreign()), unsaid(ours())]), []);
        assert_eq!(named(vec![Claim { role: Role::Mentioned, ..foreign() }, ours()]), []);
    }
}
