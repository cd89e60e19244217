//! Records of a template to flows.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::element::Slot;
use super::nat;
use super::packet;
use super::plan::{BEFORE, Begins, Family, Gather, Moments, Place, Plan, VARIABLE};
use super::sampling::Rates;
use super::scene::{Scene, Sink, Told, low};
use crate::{Translated, Way, protocol};

const ICMP: u64 = Slot::IcmpTypeCode.bit() | Slot::IcmpType.bit() | Slot::IcmpCode.bit();
const BACK: u64 = Slot::ReversePackets.bit()
    | Slot::ReverseBytes.bit()
    | Slot::ReverseFlags.bit()
    | Slot::ReverseFirstFlags.bit();
const OUT: u64 = Slot::OutPackets.bit() | Slot::OutBytes.bit();
const SAMPLED: u64 = Slot::Sampler.bit() | Slot::Interface.bit() | Slot::Rate.bit();
const EVENTS: u64 = Slot::Event.bit() | Slot::NatEvent.bit();
const LASTED: u64 = Slot::DurationMillis.bit() | Slot::DurationMicros.bit();
const RARE: u64 = ICMP | BACK | OUT | EVENTS | Slot::FirstFlags.bit() | POST;
const POST: u64 = Slot::PostSource4.bit() | Slot::PostSourcePort.bit();

/// `firewallEvent` 1: a flow began (IANA registry of its values; NSEL says the same in NF_F_FW_EVENT).
const FLOW_CREATED: u64 = 1;
/// `natEvent`: nothing said, and the beginnings of sessions (RFC 8158 section 4.1). Others are ends, bindings without a
/// destination, and things that ran out.
const SESSION_BEGINS: [u64; 4] = [0, 1, 4, 6];

/// All records of a set. `window` is the set's body with [`BEFORE`] bytes before it. The answer is whether it was sound:
/// no record broke off.
pub(super) fn read_all(
    plan: &Plan,
    window: &[u8],
    scene: &Scene,
    rates: &Rates,
    sink: &mut Sink<'_>,
) -> bool {
    match &plan.gather {
        None => {
            read_fixed(plan, window, scene, rates, sink);
            true
        }
        Some(gather) => read_gathered(plan, gather, window, scene, rates, sink),
    }
}

fn read_fixed(plan: &Plan, mut window: &[u8], scene: &Scene, rates: &Rates, sink: &mut Sink<'_>) {
    let length = plan.length;
    if length == 0 {
        return;
    }
    sink.flows.reserve(window.len() / length);
    while let Some(record) = window.get(..BEFORE + length) {
        read(plan, record, scene, rates, sink);
        window = window.get(length..).unwrap_or_default();
    }
}

/// Gathers the known fields of each record and reads them from there.
fn read_gathered(
    plan: &Plan,
    gather: &Gather,
    window: &[u8],
    scene: &Scene,
    rates: &Rates,
    sink: &mut Sink<'_>,
) -> bool {
    let mut left = window.get(BEFORE..).unwrap_or_default();
    let mut layout = vec![0; gather.layout];
    // A template of empty fields alone has records without end.
    while plan.length > 0 && left.len() >= plan.length {
        layout.fill(0);
        let Some((packet, rest)) = gathered(gather, left, &mut layout) else {
            // What breaks off may be padding, which only has to be shorter than a record can be.
            return left.iter().all(|byte| *byte == 0);
        };
        left = rest;
        match (plan.packet, packet) {
            (Some(begins), Some(packet)) if plan.family == Family::None => {
                read_packet(plan, &layout, begins, packet, scene, rates, sink);
            }
            _ => read(plan, &layout, scene, rates, sink),
        }
    }
    true
}

/// One record's known fields to their places: the packet in it, and what follows the record.
fn gathered<'a>(
    gather: &Gather,
    mut left: &'a [u8],
    layout: &mut [u8],
) -> Option<(Option<&'a [u8]>, &'a [u8])> {
    let mut packet = None;
    for (length, place) in &gather.moves {
        let length = if *length == VARIABLE { variable(&mut left)? } else { usize::from(*length) };
        let (value, rest) = left.split_at_checked(length)?;
        left = rest;
        match place {
            None => {}
            Some(Place::Packet) => packet = packet.or(Some(value)),
            Some(Place::Number { end, width }) => {
                let kept = value.len().min(*width);
                let from = value.len() - kept;
                let end = BEFORE + end;
                layout.get_mut(end - kept..end)?.copy_from_slice(value.get(from..)?);
            }
        }
    }
    Some((packet, left))
}

/// The length of a field of variable length (RFC 7011 section 7).
pub(super) fn variable(left: &mut &[u8]) -> Option<usize> {
    let (short, rest) = left.split_first()?;
    *left = rest;
    if *short < u8::MAX {
        return Some(usize::from(*short));
    }
    let (long, rest) = left.split_first_chunk::<2>()?;
    *left = rest;
    Some(usize::from(u16::from_be_bytes(*long)))
}

/// One record.
#[inline]
fn read(plan: &Plan, window: &[u8], scene: &Scene, rates: &Rates, sink: &mut Sink<'_>) {
    sink.records += 1;
    if plan.tells(Slot::NatEvent.bit()) {
        nat::note(plan, window, scene, sink);
    }
    let Some((source, destination)) = ends(plan, window) else {
        sink.others += 1;
        return;
    };
    let mut told = Told {
        source,
        destination,
        source_port: port(plan.number(Slot::SourcePort, window)),
        destination_port: port(plan.number(Slot::DestinationPort, window)),
        protocol: byte(plan.number(Slot::Protocol, window)),
        both_ways: false,
        forward: Way {
            packets: plan.number(Slot::Packets, window),
            bytes: plan.number(Slot::Bytes, window),
            flags: byte(plan.number(Slot::Flags, window)),
        },
        reverse: Way::default(),
        rate: if plan.tells(SAMPLED) { rate(plan, window, rates, scene.rate) } else { scene.rate },
        translated: None,
        times: times(plan, window, scene),
    };
    if (plan.tells(RARE) || plan.post_source6.is_some()) && !rare(plan, window, scene, &mut told) {
        sink.others += 1;
        return;
    }
    sink.push(told, scene.exporter);
}

#[inline]
fn ends(plan: &Plan, window: &[u8]) -> Option<(IpAddr, IpAddr)> {
    match plan.family {
        Family::V4 => Some((v4(plan, Slot::Source4, window), v4(plan, Slot::Destination4, window))),
        Family::V6 => Some(ends6(plan, window)),
        Family::Either => {
            let four = (v4(plan, Slot::Source4, window), v4(plan, Slot::Destination4, window));
            let none = four.0.is_unspecified() && four.1.is_unspecified();
            let six = none || plan.number(Slot::IpVersion, window) == 6;
            Some(if six { ends6(plan, window) } else { four })
        }
        Family::None => None,
    }
}

#[inline]
fn v4(plan: &Plan, slot: Slot, window: &[u8]) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(low(plan.number(slot, window))))
}

fn ends6(plan: &Plan, window: &[u8]) -> (IpAddr, IpAddr) {
    let address = |bytes: Option<[u8; 16]>| canonical(bytes.unwrap_or_default());
    (address(plan.source6.sixteen(window)), address(plan.destination6.sixteen(window)))
}

/// An address as flows have it: what is mapped into IPv6 is IPv4.
pub(super) fn canonical(bytes: [u8; 16]) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "ports have sixteen bits; a wider field has zeros before them"
)]
pub(super) fn port(number: u64) -> u16 {
    number as u16
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the low byte is what is wanted: the flags of RFC 9293, a protocol"
)]
pub(super) fn byte(number: u64) -> u8 {
    number as u8
}

#[inline]
pub(super) fn times(plan: &Plan, window: &[u8], scene: &Scene) -> (crate::Millis, crate::Millis, bool) {
    // IPFIX: the start of the exporter may stand in the record; if nobody tells it, the flow ended when it was sent.
    let boot = plan.number(Slot::Boot, window);
    let uptime = match i64::try_from(boot) {
        Ok(boot) if boot != 0 => since(scene.exported, boot),
        _ => scene.uptime.unwrap_or_else(|| plan.last.best.map_or(0, |(_, column)| low(column.read(window)))),
    };
    let first = moment(&plan.first, window, scene, uptime);
    let last = moment(&plan.last, window, scene, uptime);
    let lasted = plan.tells(LASTED).then(|| lasted(plan, window));
    scene.settle(first, last, lasted)
}

/// Milliseconds from `boot` to `now`, wrapping as an uptime does.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an uptime wraps at 32 bits")]
pub(super) fn since(now: i64, boot: i64) -> u32 {
    now.wrapping_sub(boot) as u32
}

#[inline]
fn moment(moments: &Moments, window: &[u8], scene: &Scene, uptime: u32) -> Option<i64> {
    let (clock, column) = moments.best?;
    let best = scene.moment(clock, column.read(window), uptime);
    if best.is_some() || moments.others.is_empty() {
        return best;
    }
    let mut others = moments.others.iter();
    others.find_map(|(clock, column)| scene.moment(*clock, column.read(window), uptime))
}

fn lasted(plan: &Plan, window: &[u8]) -> i64 {
    let millis = plan.number(Slot::DurationMillis, window);
    let told = if millis > 0 { millis } else { plan.number(Slot::DurationMicros, window) / 1000 };
    i64::try_from(told).unwrap_or(0)
}

/// The sampling rate of a record that tells its sampler, its interface or the rate itself.
fn rate(plan: &Plan, window: &[u8], rates: &Rates, otherwise: u32) -> u32 {
    match low(plan.number(Slot::Rate, window)) {
        0 => {}
        told => return told,
    }
    let number = |slot: Slot| plan.tells(slot.bit()).then(|| plan.number(slot, window));
    rates.of(number(Slot::Sampler), number(Slot::Interface)).unwrap_or(otherwise)
}

/// What most records do not have. `false` when it shows that the record is no flow.
fn rare(plan: &Plan, window: &[u8], scene: &Scene, told: &mut Told) -> bool {
    told.forward.flags |= byte(plan.number(Slot::FirstFlags, window));
    if plan.tells(ICMP) && matches!(told.protocol, protocol::ICMP | protocol::ICMPV6) {
        icmp(plan, window, told);
    }
    if plan.tells(BACK) {
        told.both_ways = true;
        let flags = plan.number(Slot::ReverseFlags, window) | plan.number(Slot::ReverseFirstFlags, window);
        told.reverse = Way {
            packets: plan.number(Slot::ReversePackets, window),
            bytes: plan.number(Slot::ReverseBytes, window),
            flags: byte(flags),
        };
    }
    if plan.tells(OUT) && !told.both_ways {
        out(plan, window, scene, told);
    }
    told.translated = translated(plan, window, told);
    !plan.tells(EVENTS) || is_traffic(plan, window, told)
}

fn icmp(plan: &Plan, window: &[u8], told: &mut Told) {
    let separate =
        plan.number(Slot::IcmpType, window) << 8 | plan.number(Slot::IcmpCode, window) & u64::from(u8::MAX);
    let told_together = plan.number(Slot::IcmpTypeCode, window);
    match port(if separate > 0 { separate } else { told_together }) {
        // An echo reply, or not told: then the port may tell it, as in NetFlow v5.
        0 => {}
        type_and_code => told.destination_port = type_and_code,
    }
    told.source_port = 0;
}

/// Outgoing counters (elements 23, 24): alone, they are the flow's. Beside incoming ones they are the way back where a
/// firewall or probe writes them with NetFlow v9 (Fortinet, nProbe), and the same packets again behind a middlebox where
/// IPFIX is kept to. The same figures are the same packets; in IPFIX, so is what a few header bytes a packet explain.
fn out(plan: &Plan, window: &[u8], scene: &Scene, told: &mut Told) {
    let way = Way {
        packets: plan.number(Slot::OutPackets, window),
        bytes: plan.number(Slot::OutBytes, window),
        flags: 0,
    };
    let flags = told.forward.flags;
    let alone = !scene.out_is_back || !plan.tells(Slot::Packets.bit() | Slot::Bytes.bit());
    if alone && told.forward.packets == 0 && told.forward.bytes == 0 {
        told.forward = Way { flags, ..way };
        return;
    }
    let headers = if scene.out_is_back { 0 } else { way.packets.saturating_mul(40) };
    let same = way.packets == told.forward.packets && way.bytes.abs_diff(told.forward.bytes) <= headers;
    if way.bytes > 0 && !same {
        told.both_ways = true;
        told.reverse = way;
    }
}

fn translated(plan: &Plan, window: &[u8], told: &Told) -> Option<Translated> {
    let four = IpAddr::V4(Ipv4Addr::from_bits(low(plan.number(Slot::PostSource4, window))));
    let six = || plan.post_source6.and_then(|column| column.sixteen(window)).map(canonical);
    let address = Some(four)
        .filter(|address| !address.is_unspecified())
        .or_else(six)
        .filter(|six| !six.is_unspecified());
    let port = port(plan.number(Slot::PostSourcePort, window));
    let changed = |address: &IpAddr| *address != told.source || (port != 0 && port != told.source_port);
    address.filter(changed).map(|address| Translated { address, port })
}

/// Whether a record of an event tells of traffic. That a flow began is told again, with its counts, when it ends. What
/// was denied is an attempt and a flow without packets. Of translations without counts the beginning is one, the end is
/// not.
fn is_traffic(plan: &Plan, window: &[u8], told: &Told) -> bool {
    let counted = told.forward.packets | told.forward.bytes | told.reverse.packets | told.reverse.bytes != 0;
    let begins = plan.number(Slot::Event, window) == FLOW_CREATED;
    let session = SESSION_BEGINS.contains(&plan.number(Slot::NatEvent, window));
    counted || (session && !begins)
}

/// A record that tells of one packet by its first bytes (PSAMP, RFC 5477; Cisco's and Juniper's inline sampling).
fn read_packet(
    plan: &Plan,
    layout: &[u8],
    begins: Begins,
    packet: &[u8],
    scene: &Scene,
    rates: &Rates,
    sink: &mut Sink<'_>,
) {
    sink.records += 1;
    let read = match begins {
        Begins::Link => packet::ethernet(packet),
        Begins::Ip => packet::ip(packet),
    };
    let Some(packet) = read else {
        sink.others += 1;
        return;
    };
    let rate = if plan.tells(SAMPLED) { rate(plan, layout, rates, scene.rate) } else { scene.rate };
    sink.push(packet.told(rate, times(plan, layout, scene)), scene.exporter);
}
