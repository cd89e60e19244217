//! Cisco: NAT44 and DS-Lite events of IOS XR, several to a line. "Cisco IOS XR Carrier Grade NAT Configuration Guide",
//! External Logging, Syslog Message Format:
//!
//! `1 2026 May 31 11:30:00 HOST - - NAT44 - [UserbasedA - 10.0.0.2 VRF - 192.0.2.1 - 22345 23001]`
//!
//! In brackets: event, protocol, inside address, its VRF, its IPv6 address, outside address, inside port, first and last
//! outside port, and for sessions the destination. `UserbasedA` gives a block, `UserbasedW` takes it back; `Sessionbased…`
//! do so with one port.

use super::Wrong;
use super::blocks::{Event, What};
use super::juniper::odd;
use super::stamp::Stamps;
use crate::PortBlock;

/// The most events of one line.
const EVENTS_AT_MOST: usize = 256;

pub(super) fn read(line: &str, stamps: &Stamps) -> Result<Vec<Event>, Wrong> {
    let mut events = Vec::new();
    for part in line.split('[').skip(1).take(EVENTS_AT_MOST) {
        let fields: Vec<&str> = part.split(']').next().unwrap_or_default().split_ascii_whitespace().collect();
        let [event, protocol, inside, vrf, inside6, outside, _port, first, rest @ ..] = fields.as_slice()
        else {
            continue;
        };
        let what = match *event {
            "UserbasedA" | "SessionbasedA" | "SessionbasedAD" => What::Given,
            "UserbasedW" | "SessionbasedW" | "SessionbasedWD" => What::Taken,
            _ => continue,
        };
        let last = rest.first().filter(|last| **last != "-").unwrap_or(first);
        let ports = first.parse().ok().zip(last.parse().ok());
        let ports = ports.and_then(|(first, last)| PortBlock::new(first, last));
        let inside = if *inside == "-" { inside6 } else { inside };
        let (Some(ports), Ok(inside), Ok(outside)) = (ports, inside.parse(), outside.parse()) else {
            return Err(odd());
        };
        let domain = Some((*vrf).to_owned()).filter(|vrf| vrf != "-");
        let protocol = Some((*protocol).to_owned()).filter(|protocol| protocol != "-");
        let at = stamps.of(line)?;
        events.push(Event { what, at, since: None, inside, domain, outside, ports, protocol });
    }
    Ok(events)
}
