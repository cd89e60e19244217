//! Argus's flows as `ra` prints them, the `binetflow` of the CTU data sets and their labelling tools.
//!
//! Source: ra(1) of argus-clients. A record tells of both ways; `SrcBytes` and `SrcPkts` are the source's part of the
//! totals. Bytes are of whole Ethernet frames: an NTP exchange, 48 bytes of payload each way, stands as 90 and 90.

use std::net::IpAddr;

use super::Reading;
use super::doubt::DoubtKind;
use super::plain::{self, Times};
use super::row::{Row, Slot};
use super::value;
use crate::{ExporterId, Flow, Way, protocol, tcp};

/// The frame's header, which is no part of the IP packet.
const ETHERNET: u64 = 14;

/// Reads one record; notes what is unsure of it, at `line`.
pub(super) fn record(row: &Row<'_>, line: u64, reading: &mut Reading<'_>) {
    // ARP, LLC and Argus's own management records have no IP addresses or no IP protocol.
    let ends = |slot| row.get(slot).and_then(value::address);
    let Some((source, destination)) = ends(Slot::Source).zip(ends(Slot::Destination)) else {
        reading.pass();
        return;
    };
    let Some(protocol) = row.get(Slot::Protocol).and_then(|text| value::ip_protocol(text, source)) else {
        reading.pass();
        return;
    };
    let Some(times) = plain::times(row, line, reading) else {
        reading.doubts.note(DoubtKind::Incomplete, line);
        return;
    };
    let flow = flow(row, (source, destination, protocol), times, line, reading);
    let flow = match arrow(row) {
        Arrow::Forward => flow,
        Arrow::Backward => plain::turned(&flow),
        Arrow::Unknown => plain::answering_last(flow, line, reading),
    };
    reading.give(flow);
}

enum Arrow {
    Forward,
    Backward,
    /// With a question mark: Argus has not seen the beginning.
    Unknown,
}

fn arrow(row: &Row<'_>) -> Arrow {
    match row.get(Slot::Arrow) {
        Some(arrow) if arrow.contains('?') => Arrow::Unknown,
        Some(arrow) if arrow.contains('<') && !arrow.contains('>') => Arrow::Backward,
        _ => Arrow::Forward,
    }
}

fn flow(
    row: &Row<'_>,
    (source, destination, protocol): (IpAddr, IpAddr, u8),
    times: Times,
    line: u64,
    reading: &mut Reading<'_>,
) -> Flow {
    let (forward, reverse) = ways(row, line, reading);
    let state = row.get(Slot::ArgusState).unwrap_or_default();
    let flags =
        if protocol == protocol::TCP { flags(state, forward.packets, reverse.packets) } else { (0, 0) };
    let (source_port, destination_port) = ports(row, protocol, state);
    Flow {
        first: times.first,
        last: times.last,
        source,
        destination,
        source_port,
        destination_port,
        protocol,
        both_ways: true,
        forward: Way { flags: flags.0, ..forward },
        reverse: Way { flags: flags.1, ..reverse },
        sampling: 1,
        exporter: ExporterId::default(),
        translated: None,
    }
}

/// The source's part is told; the rest of the total is the destination's. Where packets are told in total alone, they are
/// split in halves.
fn ways(row: &Row<'_>, line: u64, reading: &mut Reading<'_>) -> (Way, Way) {
    let number = |slot| row.get(slot).and_then(value::number);
    let source_bytes = number(Slot::ForwardBytes).unwrap_or(0);
    let other_bytes = number(Slot::ReverseBytes)
        .or_else(|| number(Slot::TotalBytes)?.checked_sub(source_bytes))
        .unwrap_or(0);
    let total = number(Slot::TotalPackets);
    let (source_packets, other_packets) =
        match (number(Slot::ForwardPackets), number(Slot::ReversePackets), total) {
            (Some(source), Some(other), _) => (source, other),
            (Some(source), None, Some(total)) => (source, total.saturating_sub(source)),
            (_, _, total) => {
                let total = total.unwrap_or_else(|| source_bytes.saturating_add(other_bytes).div_ceil(1000));
                if source_bytes > 0 && other_bytes > 0 {
                    reading.doubts.note(DoubtKind::PacketsEstimated, line);
                }
                split(total, source_bytes, other_bytes)
            }
        };
    (way(source_packets, source_bytes), way(other_packets, other_bytes))
}

/// Halves, as far as they can be: a way's packets are no longer than Ethernet's longest and no shorter than its shortest.
/// In TCP each way answers the other's packets, whatever the bytes.
fn split(total: u64, source: u64, other: u64) -> (u64, u64) {
    const LONGEST: u64 = 1514;
    const SHORTEST: u64 = 42;
    match (source, other) {
        (_, 0) => (total, 0),
        (0, _) => (0, total),
        _ => {
            let least = source.div_ceil(LONGEST).max(total.saturating_sub(other / SHORTEST)).max(1);
            let most = total.saturating_sub(other.div_ceil(LONGEST)).min(source / SHORTEST).max(least);
            let share = total.div_ceil(2).clamp(least, most);
            (share, total.saturating_sub(share).max(1))
        }
    }
}

fn way(packets: u64, frames: u64) -> Way {
    let bytes =
        frames.saturating_sub(packets.saturating_mul(ETHERNET)).max(packets.saturating_mul(20)).min(frames);
    Way { packets, bytes, flags: 0 }
}

/// The flags of both ways: letters of each side with `_` between, or one word for how the connection stands.
fn flags(state: &str, forward: u64, reverse: u64) -> (u8, u8) {
    let (forward_flags, reverse_flags) = match state.split_once('_') {
        Some((source, other)) => return (letters(source), letters(other)),
        None => match state {
            "REQ" => (tcp::SYN, 0),
            "ACC" => (tcp::SYN, tcp::SYN | tcp::ACK),
            "EST" | "CON" => (tcp::ACK, tcp::ACK),
            "FIN" | "CLO" => (tcp::FIN | tcp::ACK, tcp::FIN | tcp::ACK),
            "RST" => (tcp::SYN, tcp::RST),
            _ => (0, 0),
        },
    };
    (if forward > 0 { forward_flags } else { 0 }, if reverse > 0 { reverse_flags } else { 0 })
}

fn letters(side: &str) -> u8 {
    side.bytes().fold(0, |flags, letter| {
        flags
            | match letter {
                b'F' => tcp::FIN,
                b'S' => tcp::SYN,
                b'R' => tcp::RST,
                b'P' => tcp::PSH,
                b'A' => tcp::ACK,
                b'U' => tcp::URG,
                _ => 0,
            }
    })
}

fn ports(row: &Row<'_>, protocol: u8, state: &str) -> (u16, u16) {
    let port = |slot| row.get(slot).and_then(value::port).unwrap_or(0);
    match protocol {
        protocol::ICMP | protocol::ICMPV6 => {
            let [kind, code] =
                icmp(state, protocol).unwrap_or_else(|| [port(Slot::SourcePort).to_be_bytes()[1], 0]);
            (0, u16::from_be_bytes([kind, code]))
        }
        _ => (port(Slot::SourcePort), port(Slot::DestinationPort)),
    }
}

/// Type and code of Argus's words for ICMP; the numbers in the place of ports differ between its versions.
fn icmp(state: &str, protocol: u8) -> Option<[u8; 2]> {
    if protocol == protocol::ICMPV6 {
        return Some(match state {
            "ECO" => [128, 0],
            "ECR" => [129, 0],
            "NRS" => [133, 0],
            "NRA" => [134, 0],
            "NNS" => [135, 0],
            "NNA" => [136, 0],
            "MHR" => [143, 0],
            _ => return None,
        });
    }
    Some(match state {
        "ECR" => [0, 0],
        "URN" => [3, 0],
        "URH" => [3, 1],
        "URO" => [3, 2],
        "URP" => [3, 3],
        "URF" => [3, 4],
        "URS" => [3, 5],
        "SRC" => [4, 0],
        "RED" => [5, 0],
        "ECO" => [8, 0],
        "RTA" => [9, 0],
        "RTS" => [10, 0],
        "TXD" => [11, 0],
        "PAR" => [12, 0],
        "TST" => [13, 0],
        "TSR" => [14, 0],
        _ => return None,
    })
}
