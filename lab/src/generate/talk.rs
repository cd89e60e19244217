//! Connections as flow records tell of them.

use std::net::IpAddr;

use flow::{ExporterId, Flow, Millis, Way, protocol, tcp};

/// What a packet carries at most, on a line with PPPoE.
const SEGMENT: u64 = 1412;

/// Both ends, the one who calls first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) from: IpAddr,
    pub(super) from_port: u16,
    pub(super) to: IpAddr,
    pub(super) to_port: u16,
}

/// When, and how long in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    pub(super) at: Millis,
    pub(super) length: i64,
}

fn flow(ends: Ends, when: When, protocol: u8, forward: Way, reverse: Way) -> Flow {
    Flow {
        first: when.at,
        last: when.at.plus(when.length.max(0)),
        source: ends.from,
        destination: ends.to,
        source_port: ends.from_port,
        destination_port: ends.to_port,
        protocol,
        both_ways: true,
        forward,
        reverse,
        sampling: 1,
        exporter: ExporterId::default(),
        translated: None,
    }
}

/// A TCP connection that was made, carried this much payload each way, and was closed.
pub(super) fn tcp(ends: Ends, when: When, up: u64, down: u64) -> Flow {
    piece(ends, when, (up, down), tcp::SYN | tcp::ACK | tcp::PSH | tcp::FIN, 3)
}

/// What one record tells of a TCP connection that goes on, as exporters cut it by their active timeout.
pub(super) fn going_on(ends: Ends, when: When, up: u64, down: u64, begins: bool) -> Flow {
    piece(ends, when, (up, down), tcp::ACK | tcp::PSH | if begins { tcp::SYN } else { 0 }, 0)
}

/// Each way has its own segments, acknowledges every second one of the other's, and says `greetings` more.
fn piece(ends: Ends, when: When, (up, down): (u64, u64), flags: u8, greetings: u64) -> Flow {
    let way = |mine: u64, other: u64| {
        let packets = mine.div_ceil(SEGMENT).max(other.div_ceil(SEGMENT) / 2).max(1) + greetings;
        Way { packets, bytes: mine + packets * 40, flags }
    };
    flow(ends, when, protocol::TCP, way(up, down), way(down, up))
}

/// A TCP connection that was refused.
pub(super) fn refused(ends: Ends, at: Millis) -> Flow {
    let when = When { at, length: 20 };
    let way = |flags, bytes| Way { packets: 1, bytes, flags };
    flow(ends, when, protocol::TCP, way(tcp::SYN, 60), way(tcp::RST | tcp::ACK, 40))
}

/// Attempts of TCP that nobody answered.
pub(super) fn unanswered(ends: Ends, at: Millis, attempts: u64) -> Flow {
    let length = if attempts > 1 { 3000 } else { 0 };
    let forward = Way { packets: attempts, bytes: attempts * 60, flags: tcp::SYN };
    flow(ends, When { at, length }, protocol::TCP, forward, Way::default())
}

/// Datagrams each way: how many, and how many bytes of payload each has.
pub(super) fn udp(ends: Ends, when: When, up: (u64, u64), down: (u64, u64)) -> Flow {
    let way = |(packets, payload): (u64, u64)| Way { packets, bytes: packets * (payload + 28), flags: 0 };
    flow(ends, when, protocol::UDP, way(up), way(down))
}
