//! Port blocks that translators export as they give them.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use lease::nat::{Exported, PortEvent};
use lease::{Attribution, Home, Lease, LeaseSource, PortBlock, Whose, attribute};

use crate::at;

const TRANSLATOR: &str = "192.0.2.1";
const OUTSIDE: &str = "203.0.113.9";
/// The first and the last port of the block in question.
const BLOCK: (u16, u16) = (1024, 1535);

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn event(given: bool, minute: i64, inside: &str) -> PortEvent {
    PortEvent {
        given,
        at: minutes(minute),
        since: None,
        inside: address(inside),
        domain: 0,
        outside: address(OUTSIDE),
        ports: PortBlock::new(BLOCK.0, BLOCK.1).unwrap(),
        protocol: 0,
    }
}

fn minutes(minute: i64) -> Timestamp {
    at("2026-11-20T10:00:00Z") + SignedDuration::from_mins(minute)
}

/// Leases as a store would keep them: what is told of one again replaces what was told before.
#[derive(Default)]
struct Kept {
    translators: Exported,
    leases: Vec<Lease>,
    wrong: usize,
}

impl Kept {
    fn tell(&mut self, events: &[PortEvent]) {
        for row in self.translators.take(address(TRANSLATOR), events) {
            match row {
                Ok(row) => self.keep(row.lease),
                Err(_) => self.wrong += 1,
            }
        }
    }

    fn lose(&mut self) {
        let rows = self.translators.lost(address(TRANSLATOR));
        rows.into_iter().for_each(|row| self.keep(row.lease));
    }

    fn keep(&mut self, lease: Lease) {
        assert_eq!(lease.source, LeaseSource::NatExport);
        let same = |known: &Lease| (known.from, &known.subscriber) == (lease.from, &lease.subscriber);
        self.leases.retain(|known| !same(known));
        self.leases.push(lease);
    }

    /// Who had a port of the block at a minute: the one it was, or nothing.
    fn who(&self, minute: i64) -> Option<String> {
        let home = Home::new(["203.0.113.0/24".parse().unwrap()]).unwrap();
        let whose = Whose {
            address: address(OUTSIDE),
            port: Some(BLOCK.0),
            at: minutes(minute),
            uncertainty: SignedDuration::from_secs(10),
        };
        match attribute(&home, &self.leases, &whose) {
            Attribution::One { subscriber, .. } => Some(subscriber.to_string()),
            _ => None,
        }
    }
}

#[test]
fn a_block_is_the_one_s_it_was_given_to_until_it_is_taken_back() {
    let mut kept = Kept::default();
    kept.tell(&[event(true, 0, "10.66.0.17")]);
    assert_eq!(kept.who(30).as_deref(), Some("10.66.0.17"), "as soon as it is given");
    kept.tell(&[event(false, 60, "10.66.0.17"), event(true, 90, "10.66.0.18")]);
    let answers: Vec<_> = [30, 75, 120].iter().map(|minute| kept.who(*minute)).collect();
    assert_eq!(answers, [Some("10.66.0.17".to_owned()), None, Some("10.66.0.18".to_owned())]);
}

#[test]
fn after_a_gap_nobody_is_named_until_the_block_is_given_again() {
    let mut kept = Kept::default();
    kept.tell(&[event(true, 0, "10.66.0.17")]);
    let elsewhere = PortBlock::new(2048, 2559).unwrap();
    kept.tell(&[PortEvent { ports: elsewhere, ..event(true, 20, "10.66.0.99") }]);
    kept.lose();
    assert_eq!(kept.who(10).as_deref(), Some("10.66.0.17"), "what was heard before the gap stands");
    assert_eq!(kept.who(40), None, "the gap may have said that it changed hands");
    kept.tell(&[event(true, 60, "10.66.0.18")]);
    assert_eq!(kept.who(90).as_deref(), Some("10.66.0.18"));
    assert_eq!(kept.translators.held(), 1);
}

#[test]
fn who_gives_back_what_another_held_shows_that_nobody_knows_since_when() {
    let mut kept = Kept::default();
    kept.tell(&[event(true, 0, "10.66.0.17")]);
    kept.tell(&[event(false, 60, "10.66.0.18")]);
    assert_eq!((kept.who(30), kept.wrong), (None, 1), "neither of the two is named");
    // Where the event says since when, that is known.
    let mut kept = Kept::default();
    kept.tell(&[event(true, 0, "10.66.0.17")]);
    kept.tell(&[PortEvent { since: Some(minutes(20)), ..event(false, 60, "10.66.0.18") }]);
    assert_eq!((kept.who(30).as_deref(), kept.who(10)), (Some("10.66.0.18"), None));
}

#[test]
fn an_inside_address_of_another_routing_domain_is_no_address_to_ask_for() {
    let mut kept = Kept::default();
    kept.tell(&[PortEvent { domain: 7, ..event(true, 0, "10.66.0.17") }]);
    assert_eq!(kept.who(30).as_deref(), Some("10.66.0.17 in 7"));
    assert_eq!(kept.leases[0].inside(), None);
}
