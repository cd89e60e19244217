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
use crate::sketch::{self, mark, short};
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
/// Calls of a host that mostly says nothing at all come to no more than this: not to `suspected`, whatever a weak sign beside
/// them adds.
const SILENT: f64 = 0.45;
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
    /// Of those, the ones that not even a refusal came back for.
    silent: u32,
    /// Bytes that came back, all together.
    received: u64,
    pace: Pace,
    proof: Option<Box<Proof>>,
}

/// Whom a line calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls {
    /// The first so many places are taken. Each stands by itself: a list that grew by copying took a tenth of the time.
    peers: [Option<Box<Called>>; KEPT],
    len: u8,
    /// Marks of the peers' ends, in the same order: looked through for each call.
    marks: [u32; KEPT],
    /// Marks of peers called once, as bits; emptied when half full.
    once: [u64; 8],
    /// How many bits are set.
    noted: u16,
}

impl Calls {
    /// Looks at a connection that the line began.
    pub(crate) fn see(&mut self, contact: &Contact) {
        let key = (contact.peer, contact.service(), contact.flow.protocol);
        if !is_spoken_of(key.1, key.2) {
            return;
        }
        let end = mark((contact.mark, key.1, key.2));
        let known = |called: &Called| (called.peer, called.port, called.protocol) == key;
        let marked = self.marks.iter().zip(&mut self.peers).filter(|(mark, _)| **mark == short(end));
        if let Some(called) = marked.filter_map(|(_, called)| called.as_mut()).find(|called| known(called)) {
            called.see(contact);
        } else if contact.new && self.was_called(end) {
            self.keep(contact, short(end));
        }
    }

    fn was_called(&mut self, mark: u64) -> bool {
        if self.noted > 256 {
            (self.once, self.noted) = ([0; 8], 0);
        }
        let mut before = true;
        for bits in [mark, mark >> 20] {
            if let Some(word) = usize::try_from((bits >> 6) & 7).ok().and_then(|at| self.once.get_mut(at)) {
                let known = *word >> (bits & 63) & 1 == 1;
                before &= known;
                *word |= 1 << (bits & 63);
                self.noted += u16::from(!known);
            }
        }
        before
    }

    fn keep(&mut self, contact: &Contact, mark: u32) {
        let least = |(_, one): &(usize, &Called)| (one.contacts.min(FEWEST), one.last);
        let full = usize::from(self.len) >= KEPT;
        if full
            && let Some((least, _)) =
                self.peers.iter().flatten().map(Box::as_ref).enumerate().min_by_key(least)
        {
            self.len -= 1;
            self.peers.swap(least, self.len.into());
            self.marks.swap(least, self.len.into());
        }
        let place = usize::from(self.len);
        if let (Some(called), Some(marked)) = (self.peers.get_mut(place), self.marks.get_mut(place)) {
            *called = Some(Box::new(Called::new(contact)));
            *marked = mark;
            self.len += 1;
        }
    }

    /// Whether a peer is called again and again.
    pub(crate) fn contacts(&self, peer: IpAddr) -> u32 {
        self.peers.iter().flatten().filter(|called| called.peer == peer).map(|called| called.contacts).sum()
    }

    pub(crate) fn signs(&self, view: &View<'_>, out: &mut Vec<Sign>) {
        for called in self.peers.iter().flatten().filter(|called| called.contacts >= FEWEST) {
            if view.allows(called.peer, Some(called.port)) {
                continue;
            }
            let Some(rhythm) = called.pace.rhythm() else { continue };
            // A swarm's members and trackers are called by the clock too.
            let swarm = if called.is_odd() { view.peer_to_peer() } else { 1.0 };
            let score = called.score(&rhythm) * view.rarity(called.peer) * swarm;
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
    /// One that is called for the second time.
    fn new(contact: &Contact) -> Called {
        let mut called = Called {
            peer: contact.peer,
            port: contact.service(),
            protocol: contact.flow.protocol,
            first: contact.first(),
            last: contact.first(),
            contacts: 0,
            failed: 0,
            silent: 0,
            received: 0,
            pace: Pace::default(),
            proof: None,
        };
        called.see(contact);
        called
    }

    fn see(&mut self, contact: &Contact) {
        let (_, grown) = contact.grown();
        self.received = self.received.saturating_add(grown);
        if !contact.new {
            return;
        }
        self.contacts = self.contacts.saturating_add(1);
        self.failed = self.failed.saturating_add(u32::from(contact.failed()));
        let silent = contact.failed() && contact.received().packets == 0;
        self.silent = self.silent.saturating_add(u32::from(silent));
        self.first = self.first.min(contact.first());
        self.last = self.last.max(contact.first());
        self.pace.beat(contact.first());
        if self.contacts >= FEWEST {
            self.proof.get_or_insert_default().add(contact.flow);
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
        // Nobody is there: a server that is gone, or a controller. Worth a look and no more.
        if self.silent.saturating_mul(2) > self.contacts && !ports::is_controller(self.port) {
            return rhythmic.min(SILENT);
        }
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
