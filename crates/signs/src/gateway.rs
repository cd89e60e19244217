//! back-connect without a tunnel: one outside host is called once for each stranger there.
//!
//! A proxy network's client may open a connection to its gateway for each request, and another one to where the request goes.
//! What the second brings goes up the first, and both begin together. One such pair is chance; many, with one and the same
//! gateway, are not. How much chance there is, the line itself shows: the same comparison, some seconds out of step.

use std::collections::VecDeque;
use std::net::IpAddr;

use flow::{Flow, Millis};

use crate::contact::Contact;
use crate::line::View;
use crate::proof::Proof;
use crate::sketch::{self, Distinct};
use crate::{Sign, SignKind, ports};

/// Connections kept for comparison: those that mostly send, and the others.
const UPLOADS: usize = 12;
const OTHERS: usize = 24;
/// Gateways that pairs are counted for; the one with fewest gives way.
const KEPT: usize = 4;
/// What is sent and is less than this may be any request.
const LEAST: u64 = 2_500;
/// The request goes out so many milliseconds after the gateway was called: a name look-up and a handshake; a second either way
/// for NetFlow v9, which tells the exporter's clock in whole seconds (RFC 3954, section 5.1).
const AFTER: std::ops::RangeInclusive<i64> = -1_100..=2_200;
/// How far out of step the control comparison is.
const OUT_OF_STEP: i64 = 12_000;
/// The gateway's own words: some hundred bytes of greeting each way.
const OWN_WORDS: u64 = 400;
/// Fewer pairs, or fewer places called, are no sign.
const FEWEST: u32 = 3;

#[derive(Debug, Clone, Copy)]
struct Leg {
    flow: Flow,
    sent: u64,
    received: u64,
    matched: bool,
    control: bool,
}

/// What was counted for one outside host.
#[derive(Debug, Clone)]
struct Gateway {
    peer: IpAddr,
    port: u16,
    calls: u32,
    matched: u32,
    /// Pairs, each divided by how many connections it was chosen from.
    weight: f64,
    control: u32,
    places: Distinct,
    first: Millis,
    last: Millis,
    proof: Proof,
}

/// The recent connections of a line that sends more than it gets to somebody.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gateways {
    uploads: VecDeque<Leg>,
    others: VecDeque<Leg>,
    known: Vec<Gateway>,
}

/// Whether a connection may carry to its peer what came from elsewhere.
pub(crate) fn is_upload(contact: &Contact) -> bool {
    let (sent, received) = contact.payload();
    contact.is_tcp()
        && !contact.within
        && sent >= LEAST
        && sent > received
        && !ports::is_mail(contact.service())
        && !ports::is_infrastructure(contact.service())
}

impl Gateways {
    /// Looks at a connection that the line began.
    pub(crate) fn see(&mut self, contact: &Contact) {
        if !contact.answered || !contact.is_tcp() || contact.within {
            return;
        }
        let (sent, received) = contact.payload();
        let leg = Leg { flow: *contact.flow, sent, received, matched: false, control: false };
        if is_upload(contact) {
            let new = keep(&mut self.uploads, leg, UPLOADS);
            let Some(gateway) = known(&mut self.known, contact) else { return };
            gateway.calls = gateway.calls.saturating_add(u32::from(new));
            let Some(up) = self.uploads.iter_mut().find(|kept| same(kept, &leg)) else { return };
            let beside = beside(&self.others, up);
            self.others.iter_mut().for_each(|other| gateway.compare(up, other, beside));
        } else {
            keep(&mut self.others, leg, OTHERS);
            let besides: Vec<u32> = self.uploads.iter().map(|up| beside(&self.others, up)).collect();
            let Some(other) = self.others.iter_mut().find(|kept| same(kept, &leg)) else { return };
            for (up, beside) in self.uploads.iter_mut().zip(besides) {
                let of = |one: &&mut Gateway| one.is(&up.flow);
                if let Some(gateway) = self.known.iter_mut().find(of) {
                    gateway.compare(up, other, beside);
                }
            }
        }
    }

    pub(crate) fn signs(&self, view: &View<'_>, out: &mut Vec<Sign>) {
        let known = self.known.iter().filter(|one| !view.allows(one.peer, Some(one.port)));
        out.extend(known.filter_map(|one| Some(one.sign(view, one.score()?))));
    }
}

/// How many connections began just when an upload did: a page of many objects fits by chance.
fn beside(others: &VecDeque<Leg>, up: &Leg) -> u32 {
    let near = |other: &&Leg| AFTER.contains(&other.flow.first.since(up.flow.first));
    u32::try_from(others.iter().filter(near).count()).unwrap_or(1).max(1)
}

fn same(kept: &Leg, leg: &Leg) -> bool {
    let ends = |flow: &Flow| (flow.source_port, flow.destination_port, flow.destination, flow.first);
    ends(&kept.flow) == ends(&leg.flow)
}

/// Puts a leg where the same connection stood, or in the place of the oldest; whether it is new.
fn keep(legs: &mut VecDeque<Leg>, leg: Leg, most: usize) -> bool {
    if let Some(kept) = legs.iter_mut().find(|kept| same(kept, &leg)) {
        *kept = Leg { matched: kept.matched, control: kept.control, ..leg };
        return false;
    }
    if legs.len() >= most {
        legs.pop_front();
    }
    legs.push_back(leg);
    true
}

fn known<'a>(known: &'a mut Vec<Gateway>, contact: &Contact) -> Option<&'a mut Gateway> {
    if let Some(at) = known.iter().position(|one| one.is(contact.flow)) {
        return known.get_mut(at);
    }
    if known.len() >= KEPT {
        let (least, _) = known.iter().enumerate().min_by_key(|(_, one)| (one.matched, one.last))?;
        known.swap_remove(least);
    }
    known.push(Gateway {
        peer: contact.peer,
        port: contact.service(),
        calls: 0,
        matched: 0,
        weight: 0.0,
        control: 0,
        places: Distinct::default(),
        first: contact.first(),
        last: contact.last(),
        proof: Proof::default(),
    });
    known.last_mut()
}

/// Whether each carries what the other carries: within a tenth or the gateway's own words of what went up, within a quarter or
/// those of what was asked.
fn alike(up: &Leg, other: &Leg) -> bool {
    let close = |a: u64, b: u64, part: u64| a.abs_diff(b) <= OWN_WORDS.max(a.max(b) / part);
    other.sent > 0 && close(up.sent, other.received, 10) && close(up.received, other.sent, 4)
}

impl Gateway {
    fn is(&self, flow: &Flow) -> bool {
        (self.peer, self.port) == (flow.destination, flow.destination_port)
    }

    fn compare(&mut self, up: &mut Leg, other: &mut Leg, beside: u32) {
        if other.flow.destination == self.peer || !alike(up, other) {
            return;
        }
        let after = other.flow.first.since(up.flow.first);
        if AFTER.contains(&after) && !up.matched && !other.matched {
            (up.matched, other.matched) = (true, true);
            self.matched = self.matched.saturating_add(1);
            self.weight += 1.0 / f64::from(beside);
            self.places.add(sketch::mark_of(other.flow.destination));
            self.first = self.first.min(up.flow.first);
            self.last = self.last.max(other.flow.last);
            self.proof.add(&up.flow);
            self.proof.add(&other.flow);
        } else if AFTER.contains(&(after + OUT_OF_STEP)) && !up.control && !other.control {
            (up.control, other.control) = (true, true);
            self.control = self.control.saturating_add(1);
        }
    }

    /// From three pairs on, beyond three times what chance gives, and those that were the only one possible count most; less where the pairs are few among all calls.
    fn score(&self) -> Option<f64> {
        let pairs = self.weight - 3.0 * f64::from(self.control);
        if pairs < 1.5 || self.matched < FEWEST || self.places.count() < FEWEST {
            return None;
        }
        let share = f64::from(self.matched) / f64::from(self.calls.max(self.matched));
        Some(pairs / (pairs + 2.0) * (share / 0.4).min(1.0))
    }

    fn sign(&self, view: &View<'_>, score: f64) -> Sign {
        Sign {
            sign: SignKind::BackConnect,
            address: view.address,
            score: sketch::score(score.min(0.95)),
            peer: Some(self.peer),
            port: Some(self.port),
            first: self.first,
            last: self.last,
            flows: u64::from(self.matched) * 2,
            why: format!(
                "{} port {} was called {} times and sent more than it gave; {} times a connection elsewhere began within two \
                 seconds that brought what went there, and took what came from there; {} places called. Out of step by ten \
                 seconds the same comparison finds {}.",
                self.peer,
                self.port,
                self.calls,
                self.matched,
                self.places.count(),
                self.control,
            ),
            proof: self.proof.flows(),
        }
    }
}
