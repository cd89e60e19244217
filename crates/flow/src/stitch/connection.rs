//! One connection as it grows from records.

use crate::stitch::Key;
use crate::stitch::covered::Covered;
use crate::stitch::direction::Told;
use crate::{ExporterId, Flow, Millis, Translated, Way, protocol, tcp};

/// Records of one connection without SYN may lie this far apart: Cisco's default active timeout, the longest in common use.
const TCP_GAP: i64 = 30 * 60_000;
/// Others: twice the usual inactive timeout of 15 s (Cisco's default). A poll each minute stays a connection each minute.
const OTHER_GAP: i64 = 30_000;
/// A SYN that nobody answered is tried again within this (RFC 9293 asks for 3 minutes in all; the first five tries lie
/// within 63 s, RFC 6298 with a timer of 1 s that doubles).
const RETRY_GAP: i64 = 65_000;
/// After an end was seen, only stragglers belong to the connection.
const STRAGGLER_GAP: i64 = 5_000;
/// An exporter that has been silent on a direction for so long no longer owns it.
const OWNER_GAP: i64 = 30 * 60_000;

/// A single packet is seen on its way in and again on its way out this many milliseconds later at most: a router's queue.
const PASSAGE: i64 = 20;

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) way: Way,
    pub(super) first: Millis,
    pub(super) last: Millis,
    /// Where it was told of in more than one stretch: which; else all from the first packet to the last.
    covered: Option<Box<Covered>>,
    owner: ExporterId,
}

impl Side {
    pub(super) fn is_told(&self) -> bool {
        self.way.packets > 0 || self.way.bytes > 0
    }

    /// Whether a record tells again of what was told: from another interface of the router, on the way in or out.
    fn repeats(&self, piece: &Piece) -> bool {
        let single = self.way == piece.way && self.first == self.last && piece.first == piece.last;
        if single && piece.first.since(self.first).abs() <= PASSAGE {
            return true;
        }
        match &self.covered {
            Some(covered) => covered.repeats(piece.first, piece.last),
            None => Covered::of(self.first, self.last).repeats(piece.first, piece.last),
        }
    }

    fn cover(&mut self, piece: &Piece) {
        let all = (self.first, self.last);
        let covered = self.covered.get_or_insert_with(|| Box::new(Covered::of(all.0, all.1)));
        covered.add(piece.first, piece.last);
    }
}

/// What one record says of one direction.
#[derive(Debug, Clone, Copy)]
struct Piece {
    way: Way,
    first: Millis,
    last: Millis,
    exporter: ExporterId,
    whole: bool,
}

/// A connection between `low` and `high`, the two ends in order of address and port.
#[derive(Debug)]
pub(super) struct Connection {
    /// From the low end, and from the high end.
    pub(super) sides: [Side; 2],
    /// Whether the low end began it, where a record of both directions said so.
    pub(super) told: Told,
    pub(super) first: Millis,
    pub(super) last: Millis,
    pub(super) sampling: u32,
    pub(super) exporter: ExporterId,
    /// What the low end, or the high one, was translated to: few exporters tell.
    pub(super) translated: Option<Box<(bool, Translated)>>,
}

impl Connection {
    pub(super) fn new(flow: &Flow, from_low: bool) -> Connection {
        let mut connection = Connection {
            sides: [Side::default(), Side::default()],
            told: Told::Nothing,
            first: flow.first,
            last: flow.last,
            sampling: flow.sampling,
            exporter: flow.exporter,
            translated: None,
        };
        connection.add(flow, from_low);
        connection
    }

    /// Whether a record belongs to this connection and is not the beginning of another between the same ends.
    pub(super) fn takes(&self, flow: &Flow, from_low: bool) -> bool {
        let gap = flow.first.since(self.last).max(self.first.since(flow.last));
        if gap <= PASSAGE {
            return true;
        }
        if flow.protocol != protocol::TCP {
            return gap <= OTHER_GAP;
        }
        let flags = self.sides[0].way.flags | self.sides[1].way.flags;
        if flags == 0 || flow.forward.flags == 0 {
            return gap <= 2 * OTHER_GAP;
        }
        let side = if from_low { &self.sides[0] } else { &self.sides[1] };
        if flow.forward.flags & tcp::SYN != 0 && side.way.flags & tcp::SYN != 0 {
            let retry = flags & tcp::ACK == 0 && flow.forward.flags & tcp::ACK == 0;
            return retry && gap <= RETRY_GAP;
        }
        gap <= if self.has_ended() { STRAGGLER_GAP } else { TCP_GAP }
    }

    /// Adds a record; false where it told nothing new.
    pub(super) fn add(&mut self, flow: &Flow, from_low: bool) -> bool {
        let piece = |way: Way| Piece {
            way,
            first: flow.first,
            last: flow.last,
            exporter: flow.exporter,
            whole: flow.both_ways,
        };
        let [low, high] = &mut self.sides;
        let (ahead, back) = if from_low { (low, high) } else { (high, low) };
        let mut new = add_piece(ahead, &piece(flow.forward));
        new |= flow.reverse.packets > 0 && add_piece(back, &piece(flow.reverse));
        if flow.both_ways && self.told == Told::Nothing {
            self.told = if from_low { Told::Low } else { Told::High };
            new = true;
        }
        if let Some(translated) = flow.translated.filter(|_| self.translated.is_none()) {
            self.translated = Some(Box::new((from_low, translated)));
        }
        if new {
            self.first = self.first.min(flow.first);
            self.last = self.last.max(flow.last);
        }
        if self.sampling == 0 {
            self.sampling = flow.sampling;
        }
        new
    }

    /// Whether both directions have been told of, or a record said that one was silent.
    pub(super) fn is_complete(&self) -> bool {
        self.told != Told::Nothing || self.sides.iter().all(Side::is_told)
    }

    /// Whether that, and who began it is known and not guessed: what comes next may be the beginning.
    pub(super) fn is_settled(&self, protocol: u8) -> bool {
        let [low, high] = &self.sides;
        let begun = low.way.flags & high.way.flags & tcp::SYN != 0 || low.way.flags | high.way.flags == 0;
        self.is_complete() && (self.told != Told::Nothing || protocol != protocol::TCP || begun)
    }

    /// Whether its end was seen: it was torn, or both sides have finished.
    pub(super) fn has_ended(&self) -> bool {
        let [low, high] = [&self.sides[0], &self.sides[1]].map(|side| side.way.flags);
        (low | high) & tcp::RST != 0 || low & high & tcp::FIN != 0
    }

    /// Whether nothing but a first packet of TCP was told of.
    pub(super) fn is_unanswered(&self) -> bool {
        (self.sides[0].way.flags | self.sides[1].way.flags) == tcp::SYN
    }

    /// The connection so far as a flow whose source is the low end, or the high one.
    pub(super) fn flow(&self, key: &Key, low_began: bool) -> Flow {
        let Key { low, high, protocol } = *key;
        let [from_low, from_high] = &self.sides;
        let (source, destination, forward, reverse) =
            if low_began { (low, high, from_low, from_high) } else { (high, low, from_high, from_low) };
        Flow {
            first: self.first,
            last: self.last,
            source: source.address,
            destination: destination.address,
            source_port: source.port,
            destination_port: destination.port,
            protocol,
            both_ways: self.is_complete(),
            forward: forward.way,
            reverse: reverse.way,
            sampling: self.sampling,
            exporter: self.exporter,
            translated: self.translated.as_deref().filter(|one| one.0 == low_began).map(|one| one.1),
        }
    }
}

/// Adds to one direction what a record says of it, unless another has said so.
fn add_piece(side: &mut Side, piece: &Piece) -> bool {
    if !side.is_told() {
        *side = Side {
            way: piece.way,
            first: piece.first,
            last: piece.last,
            owner: piece.exporter,
            covered: None,
        };
        return true;
    }
    if side.owner != piece.exporter && piece.first.since(side.last) < OWNER_GAP {
        return false;
    }
    side.owner = piece.exporter;
    // A record of the whole connection that begins where it began tells of all of it: the larger counts.
    if piece.whole && piece.first == side.first {
        return replace(side, piece);
    }
    if side.repeats(piece) {
        return false;
    }
    side.cover(piece);
    side.way.packets = side.way.packets.saturating_add(piece.way.packets);
    side.way.bytes = side.way.bytes.saturating_add(piece.way.bytes);
    side.way.flags |= piece.way.flags;
    side.first = side.first.min(piece.first);
    side.last = side.last.max(piece.last);
    true
}

fn replace(side: &mut Side, piece: &Piece) -> bool {
    if piece.way.packets <= side.way.packets && piece.way.bytes <= side.way.bytes {
        return false;
    }
    side.way.packets = side.way.packets.max(piece.way.packets);
    side.way.bytes = side.way.bytes.max(piece.way.bytes);
    side.way.flags |= piece.way.flags;
    side.cover(piece);
    side.last = side.last.max(piece.last);
    true
}
