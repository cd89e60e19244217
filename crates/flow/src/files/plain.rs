//! Tables and objects that say plainly what each column is: nfdump's CSV, Suricata's flow events, exports of others.

use std::net::IpAddr;

use super::Reading;
use super::doubt::DoubtKind;
use super::row::{Row, Slot};
use super::value;
use crate::{ExporterId, Flow, Millis, Way, protocol, tcp};

/// When a flow began and ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) first: Millis,
    pub(super) last: Millis,
}

/// Reads one record; notes what is unsure of it, at `line`.
pub(super) fn record(row: &Row<'_>, line: u64, reading: &mut Reading<'_>) {
    match flow(row, line, reading) {
        Some(flow) => reading.give(flow),
        None => reading.doubts.note(DoubtKind::Incomplete, line),
    }
}

fn flow(row: &Row<'_>, line: u64, reading: &mut Reading<'_>) -> Option<Flow> {
    let source = value::address(row.get(Slot::Source)?)?;
    let destination = value::address(row.get(Slot::Destination)?)?;
    let protocol =
        value::ip_protocol(row.get(Slot::Protocol).or_else(|| row.get(Slot::ProtocolNumber))?, source)?;
    let times = times(row, line, reading)?;
    let number = |slot| row.get(slot).and_then(value::number);
    let forward_flags = row.get(Slot::Flags).map_or(0, flags);
    let reverse_flags = row.get(Slot::ReverseFlags).map_or(0, flags);
    let (source_port, destination_port) = ports(row, protocol, source);
    let both_ways = [Slot::ReversePackets, Slot::ReverseBytes].iter().any(|slot| row.get(*slot).is_some())
        && !one_way(row);
    let forward = way(
        number(Slot::ForwardPackets).or(number(Slot::TotalPackets)),
        number(Slot::ForwardBytes).or(number(Slot::TotalBytes)),
        forward_flags,
    );
    let reverse = way(number(Slot::ReversePackets), number(Slot::ReverseBytes), reverse_flags);
    Some(Flow {
        first: times.first,
        last: times.last,
        source,
        destination,
        source_port,
        destination_port,
        protocol,
        both_ways,
        forward,
        reverse,
        sampling: 1,
        exporter: ExporterId::default(),
        translated: None,
    })
}

/// nfdump has columns for the way back in every record, and nothing but zeroes in them unless its exporter counts both.
/// Suricata, which says of what kind its records are, counts both always.
fn one_way(row: &Row<'_>) -> bool {
    row.get(Slot::Kind).is_none()
        && [Slot::ReversePackets, Slot::ReverseBytes]
            .iter()
            .all(|slot| row.get(*slot).and_then(value::number).unwrap_or(0) == 0)
}

fn way(packets: Option<u64>, bytes: Option<u64>, flags: u8) -> Way {
    let bytes = bytes.unwrap_or(0);
    Way { packets: packets.unwrap_or_else(|| bytes.div_ceil(1460)), bytes, flags }
}

/// The times of a record: its beginning, and its end or its length.
pub(super) fn times(row: &Row<'_>, line: u64, reading: &mut Reading<'_>) -> Option<Times> {
    let start = [Slot::Start, Slot::Logged].iter().find_map(|slot| value::moment(row.get(*slot)?))?;
    if start.assumed {
        reading.doubts.note(DoubtKind::ZoneAssumed, line);
    }
    let end = row.get(Slot::End).and_then(value::moment).map(|end| end.micros);
    let length = row.get(Slot::Duration).and_then(value::decimal_micros);
    let end = end.or_else(|| Some(start.micros.saturating_add(length?))).unwrap_or(start.micros);
    if end < start.micros {
        reading.doubts.note(DoubtKind::EndsBefore, line);
    }
    Some(Times {
        first: Millis(start.micros.div_euclid(1000)),
        last: Millis(end.max(start.micros).div_euclid(1000)),
    })
}

fn ports(row: &Row<'_>, protocol: u8, source: IpAddr) -> (u16, u16) {
    let port = |slot| row.get(slot).and_then(value::port).unwrap_or(0);
    let icmp = protocol == protocol::ICMPV6 || (protocol == protocol::ICMP && source.is_ipv4());
    if !icmp {
        return (port(Slot::SourcePort), port(Slot::DestinationPort));
    }
    let byte = |slot| row.get(slot).and_then(value::number).and_then(|number| u8::try_from(number).ok());
    if let Some(kind) = byte(Slot::IcmpType) {
        return (0, u16::from_be_bytes([kind, byte(Slot::IcmpCode).unwrap_or(0)]));
    }
    (0, row.get(Slot::DestinationPort).and_then(type_and_code).unwrap_or(0))
}

/// nfdump prints type and code with a point between.
fn type_and_code(text: &str) -> Option<u16> {
    let Some((kind, code)) = text.split_once('.') else {
        return value::port(text);
    };
    Some(u16::from_be_bytes([kind.trim().parse().ok()?, code.trim().parse().ok()?]))
}

/// Flags as letters in any order (`...AP.SF`), or as a number in hexadecimal, with or without `0x`.
fn flags(text: &str) -> u8 {
    if text.bytes().all(|byte| b".FSRPAUECWX-".contains(&byte)) && !text.is_empty() {
        return text.bytes().fold(0, |flags, letter| flags | letter_flag(letter));
    }
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u8::from_str_radix(digits, 16).unwrap_or(0)
}

fn letter_flag(letter: u8) -> u8 {
    match letter {
        b'F' => tcp::FIN,
        b'S' => tcp::SYN,
        b'R' => tcp::RST,
        b'P' => tcp::PSH,
        b'A' => tcp::ACK,
        b'U' => tcp::URG,
        _ => 0,
    }
}

/// The same flow told from the other end.
pub(super) fn turned(flow: &Flow) -> Flow {
    Flow {
        source: flow.destination,
        destination: flow.source,
        source_port: flow.destination_port,
        destination_port: flow.source_port,
        forward: flow.reverse,
        reverse: flow.forward,
        ..*flow
    }
}

/// A flow whose beginning nobody saw, with the side that has the well-known port (below 1024) as the one that answers.
pub(super) fn answering_last(flow: Flow, line: u64, reading: &mut Reading<'_>) -> Flow {
    let known = |port: u16| port > 0 && port < 1024;
    if known(flow.source_port) && !known(flow.destination_port) {
        reading.doubts.note(DoubtKind::DirectionGuessed, line);
        return turned(&flow);
    }
    flow
}
