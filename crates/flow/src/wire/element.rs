//! Which information element says what of a flow.
//!
//! Numbers are those of IANA's "IPFIX Information Elements" registry, which NetFlow v9's field types (RFC 3954 section 8,
//! Cisco's "NetFlow Version 9 Flow-Record Format") agree with below 128. Elements that say nothing a
//! [`Flow`](crate::Flow) holds are not listed: their bytes are passed over.

/// Enterprise of the reverse direction of a biflow (RFC 5103 section 6.1).
const REVERSE: u32 = 29305;
/// CERT/SEI, whose YAF tells TCP flags in elements of its own (CERT IPFIX registry).
const CERT: u32 = 6871;
/// What an enterprise element of CERT's reverse direction has in addition (same registry).
const CERT_REVERSE: u16 = 0x4000;

/// An element: the enterprise that numbered it (0 is IANA) and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Element {
    pub(super) enterprise: u32,
    pub(super) number: u16,
}

/// What of a flow a number in a record tells. A record may tell one thing by several elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Slot {
    Source4,
    Destination4,
    SourcePort,
    DestinationPort,
    Protocol,
    Flags,
    Packets,
    Bytes,
    // From here on, what most templates do not have.
    IpVersion,
    ReverseFlags,
    ReversePackets,
    ReverseBytes,
    OutPackets,
    OutBytes,
    IcmpTypeCode,
    IcmpType,
    IcmpCode,
    Sampler,
    Interface,
    Rate,
    Event,
    NatEvent,
    PostSource4,
    PostSourcePort,
    Boot,
    DurationMillis,
    DurationMicros,
    FrameBytes,
    FirstFlags,
    ReverseFirstFlags,
    PortRangeStart,
    PortRangeEnd,
    PortRangeStep,
    PortRangeCount,
    RoutingDomain,
}

impl Slot {
    /// How many there are.
    pub(super) const COUNT: usize = 35;

    /// This slot as a bit of a set of slots.
    pub(super) const fn bit(self) -> u64 {
        1 << (self as u8)
    }
}

/// How a moment is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// Milliseconds since 1970.
    Millis,
    /// NTP's 64 bits: seconds since 1900 and a fraction (RFC 7011 sections 6.1.9 and 6.1.10). The unit is what writers
    /// count in who write a plain number since 1970 instead: so many to a millisecond.
    Ntp(u64),
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since the exporter's start.
    Uptime,
    /// Microseconds before the export.
    MicrosBefore,
}

/// Which end of the flow a moment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    First,
    Last,
}

/// What an element tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A number, and which to believe first where several tell the same: the lower rank.
    Number(Slot, u8),
    /// A moment, ranked in the same way.
    Moment(End, Clock, u8),
    /// The source, 16 bytes.
    Source6,
    /// The destination, 16 bytes.
    Destination6,
    /// The source after translation, 16 bytes.
    PostSource6,
    /// The first bytes of a packet, from its link header on.
    Frame,
    /// The first bytes of a packet, from its IP header on.
    Packet,
}

/// What this element tells of a flow; `None` if nothing.
pub(super) fn meaning(element: Element) -> Option<Meaning> {
    match element.enterprise {
        0 => counted(element.number).or_else(|| moment(element.number)).or_else(|| spoken(element.number)),
        REVERSE => reverse(element.number),
        CERT => cert(element.number),
        _ => None,
    }
}

/// Who spoke with whom, and what became of it.
fn spoken(number: u16) -> Option<Meaning> {
    let (slot, rank) = match number {
        8 => (Slot::Source4, 0),
        12 => (Slot::Destination4, 0),
        27 => return Some(Meaning::Source6),
        28 => return Some(Meaning::Destination6),
        7 => (Slot::SourcePort, 0),
        180 | 182 => (Slot::SourcePort, 1), // one of UDP's alone, one of TCP's
        11 => (Slot::DestinationPort, 0),
        181 | 183 => (Slot::DestinationPort, 1),
        4 => (Slot::Protocol, 0),
        6 => (Slot::Flags, 0),
        60 => (Slot::IpVersion, 0),
        32 | 139 => (Slot::IcmpTypeCode, 0),
        176 | 178 => (Slot::IcmpType, 0),
        177 | 179 => (Slot::IcmpCode, 0),
        48 => (Slot::Sampler, 0),
        302 => (Slot::Sampler, 1),
        10 => (Slot::Interface, 0),
        34 => (Slot::Rate, 0),
        50 => (Slot::Rate, 1),
        225 => (Slot::PostSource4, 0),
        227 => (Slot::PostSourcePort, 0),
        281 => return Some(Meaning::PostSource6),
        230 => (Slot::NatEvent, 0),
        // Of port blocks (RFC 8158 section 5.6): first, last, step and how many; and ingressVRFID.
        361 => (Slot::PortRangeStart, 0),
        362 => (Slot::PortRangeEnd, 0),
        363 => (Slot::PortRangeStep, 0),
        364 => (Slot::PortRangeCount, 0),
        234 => (Slot::RoutingDomain, 0),
        233 => (Slot::Event, 0),
        // Cisco ASA before 8.4, "Implementation Note for NetFlow Collectors": NF_F_XLATE_SRC_ADDR_IPV4,
        // NF_F_XLATE_SRC_PORT, NF_F_FW_EVENT.
        40001 => (Slot::PostSource4, 1),
        40003 => (Slot::PostSourcePort, 1),
        40005 => (Slot::Event, 1),
        104 | 315 => return Some(Meaning::Frame),
        313 => return Some(Meaning::Packet),
        _ => return None,
    };
    Some(Meaning::Number(slot, rank))
}

/// How much. Deltas before totals: a total since the flow began would count again what was told before. What was
/// counted for each side by itself before what may be a sum of both (ASA tells both kinds).
fn counted(number: u16) -> Option<Meaning> {
    let (slot, rank) = match number {
        231 => (Slot::Bytes, 0),
        1 => (Slot::Bytes, 1),
        85 => (Slot::Bytes, 2),
        352 => (Slot::Bytes, 3), // with link headers: better than nothing
        353 => (Slot::Bytes, 4),
        298 => (Slot::Packets, 0),
        2 => (Slot::Packets, 1),
        86 => (Slot::Packets, 2),
        232 => (Slot::ReverseBytes, 0),
        299 => (Slot::ReversePackets, 0),
        23 => (Slot::OutBytes, 0),
        171 => (Slot::OutBytes, 1),
        24 => (Slot::OutPackets, 0),
        172 => (Slot::OutPackets, 1),
        312 => (Slot::FrameBytes, 0),
        103 => (Slot::FrameBytes, 1),
        _ => return None,
    };
    Some(Meaning::Number(slot, rank))
}

/// When.
fn moment(number: u16) -> Option<Meaning> {
    let (end, clock, rank) = match number {
        152 => (End::First, Clock::Millis, 0),
        153 => (End::Last, Clock::Millis, 0),
        154 => (End::First, Clock::Ntp(1000), 1),
        155 => (End::Last, Clock::Ntp(1000), 1),
        156 => (End::First, Clock::Ntp(1_000_000), 2),
        157 => (End::Last, Clock::Ntp(1_000_000), 2),
        22 => (End::First, Clock::Uptime, 3),
        21 => (End::Last, Clock::Uptime, 3),
        150 => (End::First, Clock::Seconds, 4),
        151 => (End::Last, Clock::Seconds, 4),
        158 => (End::First, Clock::MicrosBefore, 6),
        159 => (End::Last, Clock::MicrosBefore, 6),
        323 => (End::Last, Clock::Millis, 7),
        324 => (End::Last, Clock::Ntp(1000), 8),
        325 => (End::Last, Clock::Ntp(1_000_000), 8),
        322 => (End::Last, Clock::Seconds, 9),
        160 => return Some(Meaning::Number(Slot::Boot, 0)),
        161 => return Some(Meaning::Number(Slot::DurationMillis, 0)),
        162 => return Some(Meaning::Number(Slot::DurationMicros, 0)),
        _ => return None,
    };
    Some(Meaning::Moment(end, clock, rank))
}

/// The same of the way back (RFC 5103).
fn reverse(number: u16) -> Option<Meaning> {
    let (slot, rank) = match number {
        1 => (Slot::ReverseBytes, 1),
        85 => (Slot::ReverseBytes, 2),
        2 => (Slot::ReversePackets, 1),
        86 => (Slot::ReversePackets, 2),
        6 => (Slot::ReverseFlags, 0),
        _ => return None,
    };
    Some(Meaning::Number(slot, rank))
}

/// `initialTCPFlags` and `unionTCPFlags`: those of the first packet and those of all others.
fn cert(number: u16) -> Option<Meaning> {
    let slot = match (number & !CERT_REVERSE, number & CERT_REVERSE != 0) {
        (14, false) => Slot::FirstFlags,
        (15, false) => Slot::Flags,
        (14, true) => Slot::ReverseFirstFlags,
        (15, true) => Slot::ReverseFlags,
        _ => return None,
    };
    Some(Meaning::Number(slot, 1))
}
