//! One line of a log of connections to one flow.

use std::net::IpAddr;

use crate::files::Reading;
use crate::files::doubt::DoubtKind;
use crate::files::row::{Row, Slot};
use crate::files::value;
use crate::{ExporterId, Flow, Millis, Way, protocol};

use super::history::{self, Flags};

/// No protocol: Zeek's `unknown_transport` without a number beside it. IANA keeps 255 free.
const NO_PROTOCOL: u8 = 255;

/// Reads one record; notes what is unsure of it, at `line`.
pub(in crate::files) fn connection(row: &Row<'_>, line: u64, reading: &mut Reading<'_>) {
    match flow(row, line, reading) {
        Some(flow) => reading.give(flow),
        None => reading.doubts.note(DoubtKind::Incomplete, line),
    }
}

fn flow(row: &Row<'_>, line: u64, reading: &mut Reading<'_>) -> Option<Flow> {
    let source = value::address(row.get(Slot::Source)?)?;
    let destination = value::address(row.get(Slot::Destination)?)?;
    let start = [Slot::Start, Slot::Logged].iter().find_map(|slot| value::moment(row.get(*slot)?))?;
    if start.assumed {
        reading.doubts.note(DoubtKind::ZoneAssumed, line);
    }
    let protocol = protocol_of(row, source)?;
    let (source_port, destination_port) = ports(row, protocol);
    let flags = if protocol == protocol::TCP { flags_of(row) } else { Flags::default() };
    if row.get(Slot::Missed).and_then(value::number).is_some_and(|missed| missed > 0) {
        reading.doubts.note(DoubtKind::TrafficMissed, line);
    }
    let mut counts = Counts { line, header: value::header_bytes(protocol), reading };
    let forward =
        counts.way(row, [Slot::ForwardPackets, Slot::ForwardBytes, Slot::ForwardPayload], flags.forward != 0);
    let reverse =
        counts.way(row, [Slot::ReversePackets, Slot::ReverseBytes, Slot::ReversePayload], flags.reverse != 0);
    Some(Flow {
        first: Millis(start.micros.div_euclid(1000)),
        last: Millis(start.micros.saturating_add(duration(row)).div_euclid(1000)),
        source,
        destination,
        source_port,
        destination_port,
        protocol,
        both_ways: true,
        forward: Way { flags: flags.forward, ..forward },
        reverse: Way { flags: flags.reverse, ..reverse },
        sampling: 1,
        exporter: ExporterId::default(),
        translated: None,
    })
}

fn duration(row: &Row<'_>) -> i64 {
    let seconds = row.get(Slot::Duration).and_then(value::decimal_micros);
    let nanos = || {
        row.get(Slot::DurationNanos)
            .and_then(value::number)
            .and_then(|nanos| i64::try_from(nanos / 1000).ok())
    };
    seconds.or_else(nanos).unwrap_or(0).max(0)
}

fn protocol_of(row: &Row<'_>, source: IpAddr) -> Option<u8> {
    let number = row.get(Slot::ProtocolNumber).and_then(|text| value::ip_protocol(text, source));
    let named = row.get(Slot::Protocol);
    let by_name = named.and_then(|text| value::ip_protocol(text, source));
    number.or(by_name).or_else(|| named.map(|_| NO_PROTOCOL))
}

fn flags_of(row: &Row<'_>) -> Flags {
    match row.get(Slot::History).map(history::of_history) {
        Some(flags) if flags != Flags::default() => flags,
        _ => row.get(Slot::ZeekState).map(history::of_state).unwrap_or_default(),
    }
}

/// The ports; for ICMP, type and code stand in their place, and become one number of the destination.
fn ports(row: &Row<'_>, protocol: u8) -> (u16, u16) {
    let port = |slot| row.get(slot).and_then(value::port).unwrap_or(0);
    if protocol != protocol::ICMP && protocol != protocol::ICMPV6 {
        return (port(Slot::SourcePort), port(Slot::DestinationPort));
    }
    let of = |slot| row.get(slot).and_then(value::number).and_then(|number| u8::try_from(number).ok());
    let kind = of(Slot::IcmpType).or_else(|| of(Slot::SourcePort)).unwrap_or(0);
    let code = of(Slot::IcmpCode).or_else(|| of(Slot::DestinationPort)).unwrap_or(0);
    let code = if row.get(Slot::IcmpCode).is_none() && answers(protocol, kind, code) { 0 } else { code };
    (0, u16::from_be_bytes([kind, code]))
}

/// Whether `other` is the type that answers `kind`: Zeek writes it in the place of the code where there is such a type.
fn answers(protocol: u8, kind: u8, other: u8) -> bool {
    const V4: [(u8, u8); 5] = [(8, 0), (13, 14), (15, 16), (17, 18), (10, 9)];
    const V6: [(u8, u8); 5] = [(128, 129), (133, 134), (135, 136), (139, 140), (144, 145)];
    let pairs = if protocol == protocol::ICMP { V4 } else { V6 };
    pairs.contains(&(kind, other)) || pairs.contains(&(other, kind))
}

struct Counts<'r, 's> {
    line: u64,
    header: u64,
    reading: &'r mut Reading<'s>,
}

impl Counts<'_, '_> {
    /// Packets and bytes of one way. Bytes with headers are counted by Zeek itself; payload is reckoned from sequence
    /// numbers and can be wildly wrong after a lost packet, so it is asked only where there is nothing else. Where packets
    /// are not counted, who `spoke` sent one at least.
    fn way(&mut self, row: &Row<'_>, [packets, bytes, payload]: [Slot; 3], spoke: bool) -> Way {
        let number = |slot| row.get(slot).and_then(value::number);
        let payload = number(payload).unwrap_or(0);
        let (packets, bytes) = match (number(packets), number(bytes)) {
            (Some(packets), Some(bytes)) => (packets, bytes),
            (Some(packets), None) => (packets, self.with_headers(payload, packets)),
            (None, Some(bytes)) => (self.packets_of(bytes), bytes),
            (None, None) => {
                let packets = self.packets_of(payload).max(u64::from(spoke));
                (packets, self.with_headers(payload, packets))
            }
        };
        Way { packets, bytes, flags: 0 }
    }

    fn with_headers(&mut self, payload: u64, packets: u64) -> u64 {
        if packets > 0 {
            self.reading.doubts.note(DoubtKind::BytesEstimated, self.line);
        }
        payload.saturating_add(packets.saturating_mul(self.header))
    }

    /// As many packets as Ethernet needs for so many bytes, at least one where there are any.
    fn packets_of(&mut self, bytes: u64) -> u64 {
        if bytes > 0 {
            self.reading.doubts.note(DoubtKind::PacketsEstimated, self.line);
        }
        bytes.div_ceil(1460)
    }
}
