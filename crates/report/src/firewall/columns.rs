//! Palo Alto Networks: TRAFFIC and THREAT rows ("Syslog Field Descriptions" of PAN-OS). The addresses behind the first
//! pair are those after NAT and accuse nobody.

use std::net::IpAddr;

use super::{End, Packet, protocol};

pub(super) const MARKS: &[&str] = &[",TRAFFIC,", ",THREAT,"];

/// Where columns stand, counted from the one that says TRAFFIC or THREAT.
const SOURCE: usize = 4;
const DESTINATION: usize = 5;
const SOURCE_PORT: usize = 21;
const DESTINATION_PORT: usize = 22;
const PROTOCOL: usize = 26;
const ACTION: usize = 27;

pub(super) fn read(line: &str) -> Option<Packet> {
    let fields = super::comma_fields(line);
    let kind = fields.iter().position(|(_, field)| matches!(*field, "TRAFFIC" | "THREAT"))?;
    let field = |offset: usize| fields.get(kind + offset).map_or("", |(_, field)| field.trim_matches('"'));
    let end = |at: usize, port: usize| {
        let (range, words) = fields.get(kind + at)?;
        let address: IpAddr = words.parse().ok()?;
        Some(End {
            address: address.to_canonical(),
            range: range.clone(),
            port: field(port).parse().ok().filter(|&port| port > 0),
        })
    };
    Some(Packet {
        source: end(SOURCE, SOURCE_PORT)?,
        destination: end(DESTINATION, DESTINATION_PORT),
        protocol: protocol(field(PROTOCOL)),
        // A threat is one whether or not it was stopped.
        allowed: field(0) == "TRAFFIC" && field(ACTION) == "allow",
        outgoing: false,
    })
}
