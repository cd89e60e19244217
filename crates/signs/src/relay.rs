//! relay-shape: connections go out while answered ones come in, and the bytes of the two match.
//!
//! What a proxy does for a stranger is two connections: one in, one out that begins just after, each way carrying what the
//! other carries. One pair is chance; many different pairs are not. How much chance there is on this very line is measured
//! on the line itself: the same comparison made ten seconds out of step, where no proxy can be at work.

use std::net::IpAddr;

use flow::{Flow, Millis};

use crate::contact::{Contact, payload};
use crate::line::View;
use crate::proof::Proof;
use crate::sketch::{self, Distinct};
use crate::{Sign, SignKind, ports};

/// Connections of each direction kept for comparison.
const KEPT: usize = 40;
/// Ports of ours for which pairs are counted.
const PORTS: usize = 4;
/// The outward connection begins so many milliseconds after the inward one. A proxied request takes the time of a name
/// look-up and a handshake. NetFlow v9 tells the exporter's clock in whole seconds (RFC 3954, section 5.1), so two records
/// of one exporter may be a second off each other.
const AFTER: std::ops::RangeInclusive<i64> = -1_100..=2_200;
/// How far out of step the control comparison is.
const OUT_OF_STEP: i64 = 12_000;
/// The outward connection ends with the inward one, or this much later.
const TAIL: i64 = 5_000;
/// Less came back than this: too little to compare.
const LEAST: u64 = 100;
/// The proxy's own words (a SOCKS greeting is some bytes, RFC 1928; an HTTP CONNECT and its headers some hundred).
const OWN_WORDS: u64 = 400;
/// Fewer matched pairs, or fewer places they go to, are no sign.
const FEWEST: u32 = 3;

#[derive(Debug, Clone, Copy)]
struct Leg {
    flow: Flow,
    /// Towards home's peer, and from it: payload.
    sent: u64,
    received: u64,
    timed: bool,
    matched: bool,
    control: bool,
}

/// What was counted for one port of ours.
#[derive(Debug, Clone)]
struct Shape {
    port: u16,
    timed: u32,
    matched: u32,
    /// Of those, the ones that go to ports where no service is usual.
    odd: u32,
    control: u32,
    strangers: Distinct,
    targets: Distinct,
    first: Millis,
    last: Millis,
    proof: Proof,
}

/// The recent connections of a line that has answered somebody, and the pairs found among them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Relay {
    inward: Vec<Leg>,
    outward: Vec<Leg>,
    turn: (usize, usize),
    shapes: Vec<Shape>,
}

impl Relay {
    /// Looks at an answered TCP connection.
    pub(crate) fn see(&mut self, contact: &Contact) {
        if !contact.answered
            || !contact.is_tcp()
            || (!contact.inward && ports::is_infrastructure(contact.service()))
        {
            return;
        }
        let leg = Leg {
            flow: *contact.flow,
            sent: payload(&contact.sent()),
            received: payload(&contact.received()),
            timed: false,
            matched: false,
            control: false,
        };
        let (mine, turn) = if contact.inward {
            (&mut self.inward, &mut self.turn.0)
        } else {
            (&mut self.outward, &mut self.turn.1)
        };
        let at = keep(mine, turn, leg);
        self.compare(contact.inward, at);
    }

    fn compare(&mut self, inward: bool, at: usize) {
        let others = if inward { self.outward.len() } else { self.inward.len() };
        for other in 0..others {
            let (coming, going) = if inward { (at, other) } else { (other, at) };
            let (Some(coming), Some(going)) = (self.inward.get_mut(coming), self.outward.get_mut(going))
            else {
                return;
            };
            if let Some(found) = relation(coming, going) {
                note(&mut self.shapes, coming, going, found);
            }
        }
    }

    pub(crate) fn signs(&self, view: &View<'_>, out: &mut Vec<Sign>) {
        for shape in &self.shapes {
            if view.allows_port(shape.port) {
                continue;
            }
            if let Some(score) = shape.score(view.answered_on(shape.port)) {
                out.push(shape.sign(view, score));
            }
        }
    }
}

/// Puts a leg into the ring, or in the place of what was known of the same connection.
fn keep(legs: &mut Vec<Leg>, turn: &mut usize, leg: Leg) -> usize {
    let same = |kept: &Leg| {
        kept.flow.source_port == leg.flow.source_port
            && kept.flow.destination_port == leg.flow.destination_port
            && kept.flow.source == leg.flow.source
            && kept.flow.destination == leg.flow.destination
            && kept.flow.first.since(leg.flow.first).abs() < TAIL
    };
    if let Some(at) = legs.iter().position(same)
        && let Some(kept) = legs.get_mut(at)
    {
        *kept = Leg { timed: kept.timed, matched: kept.matched, control: kept.control, ..leg };
        return at;
    }
    if legs.len() < KEPT {
        legs.push(leg);
        return legs.len() - 1;
    }
    let at = *turn % KEPT;
    *turn = (at + 1) % KEPT;
    if let Some(kept) = legs.get_mut(at) {
        *kept = leg;
    }
    at
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// Begins just after.
    Timed,
    /// That, and its bytes match.
    Matched,
    /// Its bytes match, but it began out of step.
    Control,
}

fn relation(coming: &mut Leg, going: &mut Leg) -> Option<Relation> {
    if peer_in(coming) == going.flow.destination || carries_mail(coming, going) {
        return None;
    }
    let after = going.flow.first.since(coming.flow.first);
    if AFTER.contains(&after) && going.flow.last.since(coming.flow.last) <= TAIL {
        if !going.matched && !coming.matched && alike(coming, going) {
            (going.timed, going.matched, coming.matched) = (true, true, true);
            return Some(Relation::Matched);
        }
        if !going.timed {
            going.timed = true;
            return Some(Relation::Timed);
        }
        return None;
    }
    if AFTER.contains(&(after + OUT_OF_STEP)) && !going.control && !coming.control && alike(coming, going) {
        (going.control, coming.control) = (true, true);
        return Some(Relation::Control);
    }
    None
}

fn peer_in(coming: &Leg) -> IpAddr {
    coming.flow.source
}

/// A mail server hands on what it takes in: that is its work and no relaying for strangers that flows could tell apart.
fn carries_mail(coming: &Leg, going: &Leg) -> bool {
    ports::is_mail(coming.flow.destination_port) && ports::is_mail(going.flow.destination_port)
}

/// Whether each connection carries what the other carries: within a quarter, or the proxy's own words.
fn alike(coming: &Leg, going: &Leg) -> bool {
    let down = coming.sent.max(going.received);
    down >= LEAST
        && going.sent > 0
        && close(coming.sent, going.received, OWN_WORDS.min(down / 2))
        && close(coming.received, going.sent, OWN_WORDS)
}

fn close(a: u64, b: u64, slack: u64) -> bool {
    a.abs_diff(b) <= slack.max(a.max(b) / 4)
}

fn note(shapes: &mut Vec<Shape>, coming: &Leg, going: &Leg, found: Relation) {
    let port = coming.flow.destination_port;
    let Some(shape) = shape_of(shapes, port, coming.flow.first) else { return };
    match found {
        Relation::Control => shape.control += 1,
        Relation::Timed => shape.timed += 1,
        Relation::Matched => {
            shape.timed = shape.timed.max(shape.matched + 1);
            shape.matched += 1;
            shape.odd += u32::from(!ports::is_usual_target(going.flow.destination_port));
            shape.strangers.add(sketch::mark_of(peer_in(coming)));
            shape.targets.add(sketch::mark_of(going.flow.destination));
            shape.first = shape.first.min(coming.flow.first);
            shape.last = shape.last.max(going.flow.last);
            shape.proof.add(&coming.flow);
            shape.proof.add(&going.flow);
        }
    }
}

fn shape_of(shapes: &mut Vec<Shape>, port: u16, at: Millis) -> Option<&mut Shape> {
    if let Some(known) = shapes.iter().position(|shape| shape.port == port) {
        return shapes.get_mut(known);
    }
    if shapes.len() >= PORTS {
        let (weakest, shape) = shapes.iter().enumerate().min_by_key(|(_, shape)| shape.matched)?;
        if shape.matched >= FEWEST {
            return None;
        }
        shapes.swap_remove(weakest);
    }
    shapes.push(Shape {
        port,
        timed: 0,
        matched: 0,
        odd: 0,
        control: 0,
        strangers: Distinct::default(),
        targets: Distinct::default(),
        first: at,
        last: at,
        proof: Proof::default(),
    });
    shapes.last_mut()
}

impl Shape {
    /// From three pairs on, beyond three times what chance gives; halved for a single stranger, who may be the owner away
    /// from home; and less where the pairs are few among all that came in on that port.
    fn score(&self, answered: u32) -> Option<f64> {
        let odd = f64::from(self.odd) * 0.7;
        let pairs = f64::from(self.matched) - odd - 3.0 * f64::from(self.control);
        if pairs < f64::from(FEWEST) || self.targets.count() < FEWEST {
            return None;
        }
        let strangers = match self.strangers.count() {
            0 | 1 => 0.5,
            2 => 0.8,
            _ => 1.0,
        };
        let share = f64::from(self.matched) / f64::from(answered.max(self.matched));
        Some(pairs / (pairs + 3.5) * strangers * (share / 0.05).min(1.0))
    }

    fn sign(&self, view: &View<'_>, score: f64) -> Sign {
        Sign {
            sign: SignKind::RelayShape,
            address: view.address,
            score: sketch::score(score),
            peer: None,
            port: Some(self.port),
            first: self.first,
            last: self.last,
            flows: u64::from(self.matched) * 2,
            why: format!(
                "{} times somebody outside came in on tcp port {} and within two seconds a connection went out that \
                 carried the same bytes both ways; {} callers, {} places called. Out of step by ten seconds the same \
                 comparison finds {}.",
                self.matched,
                self.port,
                self.strangers.count(),
                self.targets.count(),
                self.control,
            ),
            proof: self.proof.flows(),
        }
    }
}
