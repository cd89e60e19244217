//! beacon: one outside host is called again and again, regularly.
//!
//! Only peers called a second time are kept: most are called once. What counts is rhythm, how long it is kept up, how quick
//! it is (programs that mean well poll every five minutes or less often, or are told), whether the port is one that
//! services use, and how rare the peer is among our own lines.

use std::net::IpAddr;

use flow::{Millis, protocol};

use crate::contact::Contact;
use crate::line::View;
use crate::pace::{Pace, Rhythm};
use crate::proof::Proof;
use crate::sketch::{self, mark};
use crate::{Sign, SignKind, ports};

/// Peers kept for a line; the one called least gives way.
const KEPT: usize = 24;
/// Contacts from which a rhythm is spoken of.
const FEWEST: u32 = 8;
/// Contacts of which half of a rhythm's weight is reached.
const HALF: f64 = 15.0;
/// So many contacts without a pause, each answered in so few bytes, headers and all: no page and no TLS handshake fits.
const RESTLESS: u32 = 50;
const TERSE: u64 = 800;
/// A rhythm must be kept up so long.
const SPAN: f64 = 300_000.0;

/// A peer that was called more than once.
#[derive(Debug, Clone)]
struct Called {
    peer: IpAddr,
    port: u16,
    protocol: u8,
    first: Millis,
    last: Millis,
    contacts: u32,
    /// Contacts nobody answered.
    failed: u32,
    /// Bytes that came back, all together.
    received: u64,
    pace: Pace,
    proof: Option<Box<Proof>>,
}

/// Whom a line calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls {
    peers: Vec<Called>,
    /// Marks of peers called once, as bits; emptied when half full.
    once: [u64; 8],
}

impl Calls {
    /// Looks at a connection that the line began.
    pub(crate) fn see(&mut self, contact: &Contact) {
        let key = (contact.peer, contact.service(), contact.flow.protocol);
        if !is_spoken_of(key.1, key.2) {
            return;
        }
        let known = |called: &Called| (called.peer, called.port, called.protocol) == key;
        if let Some(called) = self.peers.iter_mut().find(|called| known(called)) {
            called.see(contact);
        } else if contact.new && self.was_called(mark(key)) {
            self.keep(contact);
        }
    }

    fn was_called(&mut self, mark: u64) -> bool {
        let set: u32 = self.once.iter().map(|word| word.count_ones()).sum();
        if set > 256 {
            self.once = [0; 8];
        }
        let mut before = true;
        for bits in [mark, mark >> 20] {
            if let Some(word) = usize::try_from((bits >> 6) & 7).ok().and_then(|at| self.once.get_mut(at)) {
                before &= *word & (1 << (bits & 63)) != 0;
                *word |= 1 << (bits & 63);
            }
        }
        before
    }

    fn keep(&mut self, contact: &Contact) {
        if self.peers.len() >= KEPT
            && let Some((least, _)) =
                self.peers.iter().enumerate().min_by_key(|(_, one)| (one.contacts.min(FEWEST), one.last))
        {
            self.peers.swap_remove(least);
        }
        let mut called = Called {
            peer: contact.peer,
            port: contact.service(),
            protocol: contact.flow.protocol,
            first: contact.first(),
            last: contact.first(),
            contacts: 0,
            failed: 0,
            received: 0,
            pace: Pace::default(),
            proof: None,
        };
        called.see(contact);
        self.peers.push(called);
    }

    /// Whether a peer is called again and again.
    pub(crate) fn contacts(&self, peer: IpAddr) -> u32 {
        self.peers.iter().filter(|called| called.peer == peer).map(|called| called.contacts).sum()
    }

    pub(crate) fn signs(&self, view: &View<'_>, out: &mut Vec<Sign>) {
        for called in self.peers.iter().filter(|called| called.contacts >= FEWEST) {
            if view.allows(called.peer, Some(called.port)) {
                continue;
            }
            let Some(rhythm) = called.pace.rhythm() else { continue };
            let score = called.score(&rhythm) * view.rarity(called.peer);
            if score >= 0.1 {
                out.push(called.sign(view, &rhythm, score));
            }
        }
    }
}

/// What a host does for itself by the clock is no beacon: leases, time, neighbours. Names are, where their rhythm is one.
fn is_spoken_of(port: u16, protocol: u8) -> bool {
    match protocol {
        protocol::TCP => port != 179,
        protocol::UDP => !matches!(port, 67 | 68 | 123 | 137 | 138 | 546 | 547 | 1900 | 3702 | 5353 | 5355),
        _ => false,
    }
}

impl Called {
    fn see(&mut self, contact: &Contact) {
        let (_, grown) = contact.grown();
        self.received = self.received.saturating_add(grown);
        if !contact.new {
            return;
        }
        self.contacts = self.contacts.saturating_add(1);
        self.failed = self.failed.saturating_add(u32::from(contact.failed()));
        self.first = self.first.min(contact.first());
        self.last = self.last.max(contact.first());
        self.pace.beat(contact.first());
        if self.contacts >= FEWEST {
            self.proof.get_or_insert_default().add(&contact.flow);
        }
    }

    fn is_odd(&self) -> bool {
        !ports::is_usual_target(self.port)
    }

    fn score(&self, rhythm: &Rhythm) -> f64 {
        let regular = ((rhythm.share - 0.35) / 0.35).clamp(0.0, 1.0);
        let contacts = f64::from(self.contacts);
        let span = f64::from(i32::try_from(self.last.since(self.first)).unwrap_or(i32::MAX));
        let kept_up = contacts / (contacts + HALF) * (span / SPAN).min(1.0);
        // The pace of a person at the other end, of a program that waits for orders, and of one that polls politely.
        let quick = match rhythm.period {
            period if period < 150_000.0 => 0.85,
            period if period < 280_000.0 => 0.75,
            period if period < 1_000_000.0 => 0.5,
            _ => 0.4,
        };
        // A service that is down is called in vain by many; a port that no service uses, by few.
        let in_vain = self.failed.saturating_mul(2) > self.contacts;
        let odd = match (self.is_odd(), in_vain) {
            (true, true) if self.protocol == protocol::UDP => 0.3,
            (true, _) => 1.1,
            (false, true) => 0.5,
            (false, false) => 1.0,
        };
        // Much comes back from streams and pages that renew themselves; orders are short.
        let short = if self.each() > 50_000 { 0.4 } else { 1.0 };
        let rhythmic = regular * kept_up * quick * odd * short;
        if self.is_restless() { rhythmic.max(0.8 * contacts / (contacts + HALF)) } else { rhythmic }
    }

    /// Bytes that come back in one contact, on average.
    fn each(&self) -> u64 {
        self.received / u64::from(self.contacts.max(1))
    }

    /// Calls without rhythm and without a pause, each a connection of its own and each answered in a few words: a program
    /// that asks for orders as fast as it can. People pause; pages are long; programs that mean well keep one connection.
    fn is_restless(&self) -> bool {
        self.protocol == protocol::TCP
            && self.contacts >= RESTLESS
            && self.failed.saturating_mul(4) < self.contacts
            && (1..=TERSE).contains(&self.each())
            && self.last.since(self.first) >= 120_000
            && self.pace.pauses(30_000) < 0.03
    }

    fn sign(&self, view: &View<'_>, rhythm: &Rhythm, score: f64) -> Sign {
        let protocol = if self.protocol == protocol::TCP { "tcp" } else { "udp" };
        let failed =
            if self.failed > 0 { format!(", {} of them unanswered", self.failed) } else { String::new() };
        Sign {
            sign: SignKind::Beacon,
            address: view.address,
            score: sketch::score(score),
            peer: Some(self.peer),
            port: Some(self.port),
            first: self.first,
            last: self.last,
            flows: u64::from(self.contacts),
            why: format!(
                "{} was called {} times on {protocol} port {}{failed}; {} in a hundred calls came about {} after the one \
                 before. {} of our lines call it.",
                self.peer,
                self.contacts,
                self.port,
                sketch::rounded(rhythm.share * 100.0),
                spoken(rhythm.period),
                view.callers(self.peer).max(1),
            ),
            proof: self.proof.as_deref().map(Proof::flows).unwrap_or_default(),
        }
    }
}

/// A length of time in words: `12 s`, `4 min`, `2 h`.
fn spoken(millis: f64) -> String {
    let seconds = millis / 1_000.0;
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else if seconds < 7_200.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.0} h", seconds / 3_600.0)
    }
}
