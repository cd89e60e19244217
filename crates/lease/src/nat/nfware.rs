//! NFWare vCGNAT: `A VRF 0 INT 10.0.0.1 EXT 192.0.2.1:1024-1535` gives a block, `D …` takes it back; with a protocol before
//! `INT` it is one port. NFWare's documentation of NAT logging, "Message format".

use super::Wrong;
use super::blocks::{Event, What};
use super::juniper::odd;
use super::stamp::Stamps;
use crate::PortBlock;

pub(super) fn read(line: &str, stamps: &Stamps) -> Result<Option<Event>, Wrong> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let Some(at) = words.windows(2).position(|two| matches!(two, ["A" | "D", "VRF"])) else {
        return Ok(None);
    };
    let word = |offset: usize| words.get(at.saturating_add(offset)).copied().unwrap_or_default();
    let what = if word(0) == "A" { What::Given } else { What::Taken };
    let (protocol, inside) = match (word(3), word(4)) {
        ("INT", inside) => (None, inside),
        (protocol, "INT") => (Some(protocol.to_owned()), word(5)),
        _ => return Err(odd()),
    };
    let outside = word(if protocol.is_some() { 7 } else { 6 });
    let Some((outside, ports)) = outside.rsplit_once(':') else { return Ok(None) };
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let ports = first.parse().ok().zip(last.parse().ok());
    let ports = ports.and_then(|(first, last)| PortBlock::new(first, last));
    let inside =
        if protocol.is_some() { inside.rsplit_once(':').map_or(inside, |(host, _)| host) } else { inside };
    let (Some(ports), Ok(inside), Ok(outside)) = (ports, inside.parse(), outside.parse()) else {
        return Err(odd());
    };
    let domain = Some(word(2).to_owned());
    let at = stamps.of(line)?;
    Ok(Some(Event { what, at, since: None, inside, domain, outside, ports, protocol }))
}
