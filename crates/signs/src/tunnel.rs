//! back-connect: a long connection out whose bytes follow those of many others going out.
//!
//! A proxy that cannot be reached from outside keeps a connection to its master open. What the master's customers ask for
//! comes down that connection and goes out again to the web; what the web answers goes up it. So, from minute to minute,
//! what goes up the tunnel is what comes in from everywhere else, and the other way round. A person's own tunnel does the
//! opposite: what is in it is nowhere else.

use std::collections::VecDeque;
use std::net::IpAddr;

use flow::{Flow, Millis, protocol};

use crate::agreement::{self, Agreement, Piece};
use crate::contact::Contact;
use crate::line::View;
use crate::sketch::{self, Distinct};
use crate::slots::{Bytes, Slots};
use crate::{Sign, SignKind, ports};

/// Tunnels kept for a line, and pieces of each: half an hour where an exporter tells each minute.
const KEPT: usize = 4;
const PIECES: usize = 32;
/// A connection is long from here, and a tunnel once so many bytes of payload went up.
const LONG: i64 = 25_000;
const WORTH: u64 = 10_000;
/// Busy slots kept for a line with a tunnel, and for one without: a tunnel is only told of once it has stood for a while, and
/// what went on meanwhile must not be lost.
const SLOTS: usize = 480;
const FEW_SLOTS: usize = 40;
/// Fewer places called meanwhile are no fan-out.
const PLACES: u32 = 4;

/// Whether a contact may be a tunnel of the line's own, or what goes on beside one. Who began a long connection is not always
/// known: by TCP it may be a guess; by UDP both ends may say the first word, and their ports tell more.
pub(crate) fn is_spoken_of(contact: &Contact) -> bool {
    if contact.is_tcp() {
        return !contact.inward || contact.guessed;
    }
    let (own, theirs) = (contact.home_port, contact.peer_port());
    let serves = ports::is_private_network(own) && !ports::is_private_network(theirs);
    let called = own < ports::CALLERS && theirs >= ports::CALLERS;
    !contact.inward || (contact.flow.protocol == protocol::UDP && !serves && !called && own >= 1024)
}

/// All connections to one port of one peer, one after the other or side by side.
#[derive(Debug, Clone)]
struct Tunnel {
    peer: IpAddr,
    port: u16,
    flow: Flow,
    /// Whether who began it is anybody's guess.
    unclear: bool,
    bytes: u64,
    pieces: VecDeque<Piece>,
}

/// What goes out of a line, and its long connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tunnels {
    elsewhere: Slots,
    places: Distinct,
    long: Vec<Tunnel>,
}

impl Tunnels {
    /// Looks at a connection that the line began.
    pub(crate) fn see(&mut self, contact: &Contact) {
        if !contact.answered || contact.within || ports::is_infrastructure(contact.peer_port()) {
            return;
        }
        let carried = contact.carried();
        if let Some(tunnel) = self.long.iter_mut().find(|tunnel| tunnel.is_to(contact)) {
            tunnel.see(contact, carried);
            return;
        }
        if contact.last().since(contact.first()) >= LONG && contact.payload().0 >= WORTH && self.keep(contact)
        {
            return;
        }
        if contact.inward {
            return;
        }
        if ports::is_usual_target(contact.service()) && contact.just_answered() {
            self.places.add(contact.mark);
        }
        let most = if self.long.is_empty() { FEW_SLOTS } else { SLOTS };
        self.elsewhere.add(contact.since, contact.last(), carried, most);
    }

    /// Keeps a long connection in the place of one that carried less; whether it did.
    fn keep(&mut self, contact: &Contact) -> bool {
        let (up, down) = contact.payload();
        if self.long.len() >= KEPT {
            let Some((least, weakest)) = self.long.iter().enumerate().min_by_key(|(_, one)| one.bytes) else {
                return false;
            };
            if weakest.bytes >= up && weakest.flow.last.since(contact.last()) > -1_800_000 {
                return false;
            }
            self.long.swap_remove(least);
        }
        let mut tunnel = Tunnel {
            peer: contact.peer,
            port: contact.peer_port(),
            flow: *contact.flow,
            unclear: !contact.is_tcp() && contact.home_port.min(contact.peer_port()) >= ports::CALLERS,
            bytes: 0,
            pieces: VecDeque::new(),
        };
        tunnel.see(&Contact { since: contact.first(), ..*contact }, (up, down));
        self.long.push(tunnel);
        true
    }

    pub(crate) fn signs(&self, view: &View<'_>, out: &mut Vec<Sign>) {
        if self.places.count() < PLACES {
            return;
        }
        let best = (0..self.long.len())
            .filter_map(|at| Some((self.long.get(at)?, self.agreement(at)?)))
            .filter(|(tunnel, _)| !view.allows(tunnel.peer, Some(tunnel.port)))
            .map(|(tunnel, agreement)| (tunnel, agreement, tunnel.score(&agreement, view)))
            .max_by(|a, b| a.2.total_cmp(&b.2));
        if let Some((tunnel, agreement, score)) = best.filter(|(_, _, score)| *score >= 0.3) {
            out.push(tunnel.sign(view, &agreement, score, self.places.count()));
        }
    }

    fn agreement(&self, at: usize) -> Option<Agreement> {
        let tunnel = self.long.get(at)?;
        let others = || self.long.iter().enumerate().filter(|(other, _)| *other != at);
        let elsewhere = |from: Millis, to: Millis| {
            let mut bytes = self.elsewhere.between(from, to);
            for piece in others().flat_map(|(_, other)| &other.pieces) {
                let more = piece.between(from, to);
                (bytes.sent, bytes.received) = (bytes.sent + more.sent, bytes.received + more.received);
            }
            bytes
        };
        let since = self.elsewhere.since()?;
        let pieces: Vec<Piece> = tunnel.pieces.iter().copied().collect();
        Some(agreement::best(&pieces, since, &elsewhere))
    }
}

impl Tunnel {
    fn score(&self, agreement: &Agreement, view: &View<'_>) -> f64 {
        // Whom one in twenty lines calls is a service; many lines of one proxy network share a master all the same.
        let shared = if view.rarity(self.peer) < 0.3 { 0.6 } else { 1.0 };
        let most = if self.unclear { 0.55 } else { 0.92 };
        (agreement.score() * view.peer_to_peer() * shared).min(most)
    }

    fn is_to(&self, contact: &Contact) -> bool {
        self.peer == contact.peer
            && self.port == contact.peer_port()
            && self.flow.protocol == contact.flow.protocol
    }

    /// Both directions of a piece may come in records of their own: they are one piece where they overlap by half.
    fn see(&mut self, contact: &Contact, (sent, received): (u64, u64)) {
        self.bytes = self.bytes.saturating_add(sent);
        self.flow = Flow { first: self.flow.first.min(contact.first()), ..*contact.flow };
        let bytes = Bytes { sent: sketch::float(sent), received: sketch::float(received) };
        let new = Piece { from: contact.since, to: contact.last(), bytes };
        let length = new.to.since(new.from);
        let same = |piece: &&mut Piece| {
            let shared = piece.to.min(new.to).since(piece.from.max(new.from));
            shared * 2 > length.max(piece.to.since(piece.from))
                || (piece.from, piece.to) == (new.from, new.to)
        };
        if let Some(piece) = self.pieces.iter_mut().rev().take(2).find(same) {
            piece.bytes.sent += bytes.sent;
            piece.bytes.received += bytes.received;
            (piece.from, piece.to) = (piece.from.min(new.from), piece.to.max(new.to));
            return;
        }
        if self.pieces.len() >= PIECES {
            self.pieces.pop_front();
        }
        self.pieces.push_back(new);
    }

    fn sign(&self, view: &View<'_>, agreement: &Agreement, score: f64, places: u32) -> Sign {
        let (peer, port) = (self.peer, self.port);
        Sign {
            sign: SignKind::BackConnect,
            address: view.address,
            score: sketch::score(score),
            peer: Some(peer),
            port: Some(port),
            first: self.flow.first,
            last: self.flow.last,
            flows: 1,
            why: format!(
                "A connection to {peer} port {port} stands for {} min. In {} of {} busy stretches of it as much went up as came in \
                 from everywhere else, in {} more; out of step by minutes that is so in {} and {} of {}. {} bytes went up, and of \
                 a hundred of them {} came in elsewhere meanwhile; {} places were called.",
                self.flow.last.since(self.flow.first) / 60_000,
                agreement.stretches.equal(),
                agreement.stretches.all(),
                agreement.stretches.more(),
                agreement.control.equal(),
                agreement.control.more(),
                agreement.control.all(),
                sketch::rounded(agreement.bytes),
                sketch::rounded(agreement.up * 100.0),
                places,
            ),
            proof: vec![self.flow],
        }
    }
}
