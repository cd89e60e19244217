//! The connections that are open, and when each is over.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use crate::files::Reading;
use crate::files::doubt::DoubtKind;
use crate::files::plain;
use crate::tcp::{ACK, FIN, RST, SYN};
use crate::{ExporterId, Flow, Millis, Way, protocol};

use super::ended::Waiting;
use super::packet::Packet;

/// So many connections at a time; each takes some 200 bytes.
const MOST: usize = 1 << 18;
/// A silence after which a connection is another one, in microseconds: Zeek's `tcp_inactivity_timeout`, and its
/// `udp_inactivity_timeout` and `icmp_inactivity_timeout`.
const IDLE_TCP: i64 = 300_000_000;
const IDLE_OTHER: i64 = 60_000_000;
/// A connection is told of in pieces of about this length, as a router would, in microseconds: what a long one did when is then
/// known, and it is heard of before it ends.
const ACTIVE: i64 = 15_000_000;
/// After this much longer than its end, a connection has been looked at for certain.
const LOOKED_AT: i64 = 2 * IDLE_TCP;

/// Both ends, the same for both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    low: (IpAddr, u16),
    high: (IpAddr, u16),
    protocol: u8,
}

/// One connection so far, its source being who is taken for its beginner.
#[derive(Debug, Clone, Copy)]
struct Open {
    flow: Flow,
    last: i64,
    /// Whether its beginning was seen, so that there is no doubt who is who.
    begun: bool,
    /// The sequence number that the source began with: another one is another connection.
    initial: Option<u32>,
    closed: bool,
    /// Flags of each way, in all of it.
    flags: (u8, u8),
    /// When what has not been told of it begins.
    since: i64,
    number: u64,
}

/// All connections that are open.
#[derive(Debug, Default)]
pub(super) struct Table {
    open: HashMap<Key, Open>,
    /// Who is to be looked at when, one queue for each length of silence; each connection stands in one, once.
    tcp: VecDeque<(i64, Key)>,
    other: VecDeque<(i64, Key)>,
    waiting: Waiting,
}

impl Table {
    /// Counts a packet, the `number`th, and gives those connections that are over.
    pub(super) fn add(&mut self, packet: &Packet<'_>, number: u64, reading: &mut Reading<'_>) {
        self.expire(packet.micros, reading);
        let key = key(packet);
        if let Some(open) = self.open.get_mut(&key) {
            if !open.is_over(packet) {
                if packet.micros.saturating_sub(open.since) >= ACTIVE && !open.closed {
                    open.tell(packet.micros, &mut self.waiting, reading);
                }
                open.add(packet);
                return;
            }
            let over = std::mem::replace(open, Open::new(packet, number));
            over.end(&mut self.waiting, reading);
            return;
        }
        if self.open.len() >= MOST {
            reading.doubts.note(DoubtKind::TableFull, number);
            self.evict(reading);
        }
        self.open.insert(key, Open::new(packet, number));
        let queue = if key.protocol == protocol::TCP { &mut self.tcp } else { &mut self.other };
        queue.push_back((packet.micros, key));
    }

    /// Gives all that are left.
    pub(super) fn close(&mut self, reading: &mut Reading<'_>) {
        for (_, open) in self.open.drain() {
            open.end(&mut self.waiting, reading);
        }
        while let Some(flow) = self.waiting.earliest() {
            reading.give(flow);
        }
    }

    /// Looks at those whose time may have come. One that had a packet since is put back.
    fn expire(&mut self, now: i64, reading: &mut Reading<'_>) {
        for (queue, idle) in [(&mut self.tcp, IDLE_TCP), (&mut self.other, IDLE_OTHER)] {
            while let Some((since, key)) = queue.front().copied() {
                if now.saturating_sub(since) <= idle {
                    break;
                }
                queue.pop_front();
                match self.open.get(&key).map(|open| open.last) {
                    Some(last) if now.saturating_sub(last) <= idle => queue.push_back((last, key)),
                    Some(_) => {
                        if let Some(open) = self.open.remove(&key) {
                            open.end(&mut self.waiting, reading);
                        }
                    }
                    None => {}
                }
            }
        }
        while let Some(flow) = self.waiting.next(now.saturating_sub(LOOKED_AT)) {
            reading.give(flow);
        }
    }

    fn evict(&mut self, reading: &mut Reading<'_>) {
        let oldest = self.other.pop_front().or_else(|| self.tcp.pop_front());
        if let Some(open) = oldest.and_then(|(_, key)| self.open.remove(&key)) {
            open.end(&mut self.waiting, reading);
        }
    }
}

/// Questions and answers of ICMP are one connection of the question's type; all else of it has one direction.
fn key(packet: &Packet<'_>) -> Key {
    let source = (packet.source, packet.source_port);
    let destination = (packet.destination, packet.destination_port);
    let icmp = matches!(packet.protocol, protocol::ICMP | protocol::ICMPV6);
    let (low, high) = match icmp.then(|| question(packet)).flatten() {
        Some(port) => {
            let (low, high) = (packet.source.min(packet.destination), packet.source.max(packet.destination));
            ((low, port), (high, port))
        }
        None if icmp => (source, destination),
        None => (source.min(destination), source.max(destination)),
    };
    Key { low, high, protocol: packet.protocol }
}

/// The question that an ICMP packet asks or answers, as a port (RFC 792, RFC 950, RFC 4443, RFC 4861).
fn question(packet: &Packet<'_>) -> Option<u16> {
    let [kind, _] = packet.destination_port.to_be_bytes();
    let asked = match (packet.protocol, kind) {
        (protocol::ICMP, 8 | 0) => 8,
        (protocol::ICMP, 13 | 14) => 13,
        (protocol::ICMP, 17 | 18) => 17,
        (protocol::ICMPV6, 128 | 129) => 128,
        (protocol::ICMPV6, 135 | 136) => 135,
        _ => return None,
    };
    Some(u16::from_be_bytes([asked, 0]))
}

impl Open {
    fn new(packet: &Packet<'_>, number: u64) -> Open {
        let syn = packet.protocol == protocol::TCP && packet.flags & SYN != 0;
        let flow = Flow {
            first: Millis(packet.micros.div_euclid(1000)),
            last: Millis(packet.micros.div_euclid(1000)),
            source: packet.source,
            destination: packet.destination,
            source_port: packet.source_port,
            destination_port: packet.destination_port,
            protocol: packet.protocol,
            both_ways: true,
            forward: Way { packets: 1, bytes: packet.bytes, flags: packet.flags & 0x3f },
            reverse: Way::default(),
            sampling: 1,
            exporter: ExporterId::default(),
            translated: None,
        };
        // A packet with SYN and ACK answers one that was not seen; so does the answer to a question of ICMP.
        let answer = syn && packet.flags & ACK != 0;
        let asked =
            matches!(packet.protocol, protocol::ICMP | protocol::ICMPV6).then(|| question(packet)).flatten();
        let flow = match asked {
            _ if answer => plain::turned(&flow),
            Some(port) if port != packet.destination_port & 0xff00 => {
                Flow { source_port: 0, destination_port: port, ..plain::turned(&flow) }
            }
            _ => flow,
        };
        let initial = (syn && !answer).then_some(packet.sequence);
        let begun = syn || asked.is_some();
        let flags = (flow.forward.flags, flow.reverse.flags);
        Open { flow, initial, last: packet.micros, begun, closed: false, flags, since: packet.micros, number }
    }

    fn add(&mut self, packet: &Packet<'_>) {
        let at = Millis(packet.micros.div_euclid(1000));
        self.flow.first = self.flow.first.min(at);
        self.flow.last = self.flow.last.max(at);
        self.last = self.last.max(packet.micros);
        let way = if self.is_forward(packet) { &mut self.flow.forward } else { &mut self.flow.reverse };
        way.packets = way.packets.saturating_add(1);
        way.bytes = way.bytes.saturating_add(packet.bytes);
        way.flags |= packet.flags & 0x3f;
        self.flags.0 |= self.flow.forward.flags;
        self.flags.1 |= self.flow.reverse.flags;
        let (forward, reverse) = self.flags;
        self.closed |= (forward | reverse) & RST != 0 || forward & reverse & FIN != 0;
    }

    fn is_forward(&self, packet: &Packet<'_>) -> bool {
        packet.source == self.flow.source && packet.source_port == self.flow.source_port
    }

    /// Whether `packet` belongs to another connection between the same ports: one that begins after this has ended, or
    /// comes after a silence. Stragglers after the end belong to what has ended.
    fn is_over(&self, packet: &Packet<'_>) -> bool {
        let idle = if packet.protocol == protocol::TCP { IDLE_TCP } else { IDLE_OTHER };
        let silence = packet.micros.saturating_sub(self.last);
        let begins = packet.protocol == protocol::TCP && packet.flags & (SYN | ACK) == SYN;
        let another =
            self.initial.is_some_and(|initial| initial != packet.sequence && self.is_forward(packet));
        silence > idle || (begins && (self.closed || another))
    }

    /// Tells of it so far; the rest begins now.
    fn tell(&mut self, now: i64, waiting: &mut Waiting, reading: &mut Reading<'_>) {
        self.end(waiting, reading);
        let now_at = Millis(now.div_euclid(1000));
        let (forward, reverse) = (Way::default(), Way::default());
        self.flow = Flow { first: now_at, last: now_at, forward, reverse, ..self.flow };
        self.since = now;
    }

    /// It is over, and waits for its turn.
    fn end(self, waiting: &mut Waiting, reading: &mut Reading<'_>) {
        let flow = match self.begun {
            true => self.flow,
            false => plain::answering_last(self.flow, self.number, reading),
        };
        waiting.put(flow, self.last, self.number);
    }
}
