//! What an address translator tells of the ports it gives to inside addresses (RFC 8158).

use std::net::{IpAddr, Ipv4Addr};

use super::element::Slot;
use super::plan::Plan;
use super::record::{byte, canonical, port, times};
use super::scene::{Scene, Sink, low};
use crate::Millis;

/// Whether ports were given or taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NatChange {
    /// Given to the inside address.
    Given,
    /// Taken back from it.
    Taken,
}

/// Ports of an outside address that were given to an inside address or taken back: a block of them, or the one of a
/// binding or session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NatEvent {
    /// Which of the two.
    pub change: NatChange,
    /// When, by our clock.
    pub at: Millis,
    /// Since when the inside address had had them, where an event that they were taken back says so.
    pub since: Option<Millis>,
    /// The inside address.
    pub inside: IpAddr,
    /// `ingressVRFID`, where it is not 0: in a routing domain of its own an inside address may stand for other people.
    pub domain: u32,
    /// The outside address.
    pub outside: IpAddr,
    /// The first port.
    pub first_port: u16,
    /// The last port, never below the first.
    pub last_port: u16,
    /// How far apart the ports are: 1 where all from the first to the last are meant.
    pub step: u16,
    /// The IP protocol number; 0 where it is all of them.
    pub protocol: u8,
    /// The other end, of a session: the same port may be given to others for other destinations.
    pub destination: Option<(IpAddr, u16)>,
}

/// What `natEvent` says happened (IANA, "NAT Event Type"; RFC 8158 section 4.1): creations and deletions of
/// translations, NAT44 and NAT64 sessions and bindings (BIB), and of port blocks. That an address was bound is passed
/// over: others may be bound to the same one.
fn change(event: u64) -> Option<NatChange> {
    match event {
        1 | 4 | 6 | 8 | 10 | 16 => Some(NatChange::Given),
        2 | 5 | 7 | 9 | 11 | 17 => Some(NatChange::Taken),
        _ => None,
    }
}

/// Notes the event that a record tells of, where events are wanted.
pub(super) fn note(plan: &Plan, window: &[u8], scene: &Scene, sink: &mut Sink<'_>) {
    if let Some(events) = sink.nat.as_deref_mut() {
        events.extend(event(plan, window, scene));
    }
}

fn event(plan: &Plan, window: &[u8], scene: &Scene) -> Option<NatEvent> {
    let change = change(plan.number(Slot::NatEvent, window))?;
    let inside = address(plan, window, Slot::Source4, plan.source6.sixteen(window))?;
    let outside6 = plan.post_source6.and_then(|column| column.sixteen(window));
    let outside = address(plan, window, Slot::PostSource4, outside6)?;
    let (first_port, last_port, step) = ports(plan, window)?;
    let (first, last, _) = times(plan, window, scene);
    let since = (change == NatChange::Taken && first < last).then_some(first);
    let at = if change == NatChange::Given { first } else { last };
    let destination = address(plan, window, Slot::Destination4, plan.destination6.sixteen(window))
        .map(|address| (address, port(plan.number(Slot::DestinationPort, window))));
    Some(NatEvent {
        change,
        at,
        since,
        inside,
        domain: low(plan.number(Slot::RoutingDomain, window)),
        outside,
        first_port,
        last_port,
        step,
        protocol: byte(plan.number(Slot::Protocol, window)),
        destination,
    })
}

/// The IPv4 address if there is one, or else the IPv6 one.
fn address(plan: &Plan, window: &[u8], slot: Slot, six: Option<[u8; 16]>) -> Option<IpAddr> {
    let four = Ipv4Addr::from_bits(low(plan.number(slot, window)));
    let six = six.map(canonical).filter(|six| !six.is_unspecified());
    if four.is_unspecified() { six } else { Some(IpAddr::V4(four)) }
}

/// First port, last port and step: of a block by its end, or by how many there are (RFC 8158 sections 5.6.9 and
/// 5.6.10); else the one port after translation.
fn ports(plan: &Plan, window: &[u8]) -> Option<(u16, u16, u16)> {
    let number = |slot| port(plan.number(slot, window));
    let (start, single) = (number(Slot::PortRangeStart), number(Slot::PostSourcePort));
    if start == 0 {
        return (single != 0).then_some((single, single, 1));
    }
    let step = number(Slot::PortRangeStep).max(1);
    let last = match (number(Slot::PortRangeEnd), number(Slot::PortRangeCount)) {
        (0, 0) => return None,
        (0, count) => start.checked_add(count.checked_sub(1)?.checked_mul(step)?)?,
        (end, _) => end,
    };
    (start <= last).then_some((start, last, step))
}
