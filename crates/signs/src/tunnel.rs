//! back-connect: a long connection out whose bytes follow those of many others going out.
//!
//! A proxy that cannot be reached from outside keeps a connection to its master open. What the master's customers ask for
//! comes down that connection and goes out again to the web; what the web answers goes up it. So, minute by minute, what
//! goes up the tunnel is what comes in from everywhere else, and the other way round. A person's own tunnel does the
//! opposite: what is in it is nowhere else.

use std::collections::BTreeMap;
use std::net::IpAddr;

use flow::{Flow, Millis};

use crate::contact::Contact;
use crate::line::View;
use crate::minutes::{Minute, Minutes};
use crate::sketch;
use crate::{Sign, SignKind, ports};

/// Long connections kept for a line.
const KEPT: usize = 4;
/// A connection is long from here, and worth a look once so many bytes went up.
const LONG: i64 = 45_000;
const WORTH: u64 = 20_000;
/// Fewer places called meanwhile are no fan-out.
const PLACES: u32 = 4;
/// Bytes in a minute below which it says nothing.
const BUSY: u64 = 2_000;

#[derive(Debug, Clone)]
struct Tunnel {
    flow: Flow,
    minutes: Minutes,
}

/// What goes out of a line by the minute, and its long connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tunnels {
    all: Minutes,
    long: Vec<Tunnel>,
}

/// How two series of bytes agree.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Agreement {
    /// Shared bytes over all bytes, what goes up beside what comes in and what comes down beside what goes out (Ruzicka's
    /// similarity): 1 where equal.
    up: f64,
    down: f64,
    /// Stretches in which both were busy, and of how many minutes each is.
    busy: u32,
    step: i64,
    places: u32,
    bytes: u64,
}

impl Tunnels {
    /// Looks at a connection that the line began.
    pub(crate) fn see(&mut self, contact: &Contact) {
        if !contact.answered || ports::is_infrastructure(contact.service()) {
            return;
        }
        let (sent, received) = contact.grown();
        let from = contact.since;
        let mark = if ports::is_usual_target(contact.service()) { contact.peer_mark() } else { 0 };
        let called = if mark == 0 { 0 } else { 1 << (mark & 63) };
        self.all.add(from, contact.last(), sent, received, called);
        if contact.last().since(contact.first()) >= LONG && contact.sent().bytes >= WORTH {
            self.long(contact, from, sent, received);
        }
    }

    fn long(&mut self, contact: &Contact, from: Millis, sent: u64, received: u64) {
        let flow = &contact.flow;
        let same = |tunnel: &&mut Tunnel| {
            tunnel.flow.source_port == flow.source_port
                && tunnel.flow.destination == flow.destination
                && tunnel.flow.destination_port == flow.destination_port
                && tunnel.flow.first == flow.first
        };
        if let Some(tunnel) = self.long.iter_mut().find(same) {
            tunnel.minutes.add(from, flow.last, sent, received, 0);
            tunnel.flow = *flow;
            return;
        }
        let mut minutes = Minutes::default();
        minutes.add(flow.first, flow.last, contact.sent().bytes, contact.received().bytes, 0);
        if self.long.len() >= KEPT
            && let Some((least, weakest)) =
                self.long.iter().enumerate().min_by_key(|(_, one)| one.flow.forward.bytes)
        {
            if weakest.flow.forward.bytes >= flow.forward.bytes
                && weakest.flow.last.since(flow.last) > -1_800_000
            {
                return;
            }
            self.long.swap_remove(least);
        }
        self.long.push(Tunnel { flow: *flow, minutes });
    }

    pub(crate) fn signs(&self, view: &View<'_>, out: &mut Vec<Sign>) {
        let allowed = |flow: &Flow| view.allows(flow.destination, Some(flow.destination_port));
        let best = self
            .long
            .iter()
            .filter(|tunnel| !allowed(&tunnel.flow))
            .map(|tunnel| (tunnel, self.agreement(tunnel)))
            .map(|(tunnel, agreement)| (tunnel, agreement, agreement.score() * view.peer_to_peer()))
            .max_by(|a, b| a.2.total_cmp(&b.2));
        if let Some((tunnel, agreement, score)) = best.filter(|(_, _, score)| *score >= 0.2) {
            out.push(tunnel.sign(view, &agreement, score));
        }
    }

    /// Minute by minute, and three by three: an active timeout of two minutes blurs single ones.
    fn agreement(&self, tunnel: &Tunnel) -> Agreement {
        let [fine, coarse] = [1, 3].map(|step| self.compared(tunnel, step));
        if coarse.score() > fine.score() { coarse } else { fine }
    }

    fn compared(&self, tunnel: &Tunnel, step: i64) -> Agreement {
        let (from, to) = (tunnel.flow.first, tunnel.flow.last);
        let mut bins: BTreeMap<i64, (Minute, Minute)> = BTreeMap::new();
        let sum = |into: &mut Minute, one: &Minute| {
            into.sent = into.sent.saturating_add(one.sent);
            into.received = into.received.saturating_add(one.received);
            into.called |= one.called;
        };
        for (minute, one) in tunnel.minutes.between(from, to) {
            sum(&mut bins.entry(minute.div_euclid(step)).or_default().0, &one);
        }
        for (minute, one) in self.all.between(from, to) {
            sum(&mut bins.entry(minute.div_euclid(step)).or_default().1, &one);
        }
        let (mut up, mut down) = ((0u64, 0u64), (0u64, 0u64));
        let (mut busy, mut called, mut bytes) = (0, 0u64, 0u64);
        for (own, all) in bins.values() {
            let (sent, received) =
                (all.sent.saturating_sub(own.sent), all.received.saturating_sub(own.received));
            shared(&mut up, own.sent, received);
            shared(&mut down, own.received, sent);
            busy += u32::from(own.sent >= BUSY && received >= BUSY);
            called |= all.called;
            bytes = bytes.saturating_add(own.sent);
        }
        Agreement { up: ratio(up), down: ratio(down), busy, step, places: called.count_ones(), bytes }
    }
}

/// Adds what two counts share, and what either has.
fn shared((both, either): &mut (u64, u64), a: u64, b: u64) {
    *both = both.saturating_add(a.min(b));
    *either = either.saturating_add(a.max(b));
}

fn ratio((shared, all): (u64, u64)) -> f64 {
    if all == 0 {
        return 0.0;
    }
    let scaled = u128::from(shared) * 1_000 / u128::from(all);
    f64::from(u32::try_from(scaled).unwrap_or(0)) / 1_000.0
}

impl Agreement {
    /// Nothing below half; more minutes say more. What goes down, requests, is little and has the tunnel's own words beside
    /// it, so it needs to agree less.
    fn score(&self) -> f64 {
        if self.places < PLACES || self.bytes < WORTH || self.down < 0.2 {
            return 0.0;
        }
        let busy = f64::from(self.busy);
        ((self.up - 0.45) / 0.35).clamp(0.0, 1.0) * (busy / (busy + 0.6)).min(0.92)
    }
}

impl Tunnel {
    fn sign(&self, view: &View<'_>, agreement: &Agreement, score: f64) -> Sign {
        let peer: IpAddr = self.flow.destination;
        Sign {
            sign: SignKind::BackConnect,
            address: view.address,
            score: sketch::score(score),
            peer: Some(peer),
            port: Some(self.flow.destination_port),
            first: self.flow.first,
            last: self.flow.last,
            flows: 1,
            why: format!(
                "A connection to {peer} port {} stands for {} min; what goes up it is what comes in from everywhere else: \
                 {} in a hundred bytes agree over {} busy stretches of {} min ({} the other way), {} bytes in all, \
                 {} places called or more.",
                self.flow.destination_port,
                self.flow.last.since(self.flow.first) / 60_000,
                sketch::rounded(agreement.up * 100.0),
                agreement.busy,
                agreement.step,
                sketch::rounded(agreement.down * 100.0),
                agreement.bytes,
                agreement.places,
            ),
            proof: vec![self.flow],
        }
    }
}
