//! 6WIND: `USER 10.0.0.1 (matching rule 1): NEW BLOCK (pool "p", ip public 192.0.2.33, proto 6, port 1 - 512)`, and
//! `DESTROY BLOCK (…)`. 6WIND's user guide of CG-NAT, "Events".

use super::Wrong;
use super::blocks::{Event, What};
use super::juniper::odd;
use super::stamp::Stamps;
use crate::PortBlock;

pub(super) fn read(line: &str, stamps: &Stamps) -> Result<Option<Event>, Wrong> {
    let what = if line.contains("NEW BLOCK (") {
        What::Given
    } else if line.contains("DESTROY BLOCK (") {
        What::Taken
    } else {
        return Ok(None);
    };
    let after = |words: &str| {
        let (_, rest) = line.split_once(words)?;
        rest.split([' ', ',', ')']).next()
    };
    let ports = || {
        let (_, rest) = line.split_once(", port ")?;
        let (first, rest) = rest.split_once(" - ")?;
        PortBlock::new(first.trim().parse().ok()?, rest.split(')').next()?.trim().parse().ok()?)
    };
    let inside = after("USER ").and_then(|address| address.parse().ok());
    let outside = after("ip public ").and_then(|address| address.parse().ok());
    let (Some(ports), Some(inside), Some(outside)) = (ports(), inside, outside) else { return Err(odd()) };
    let protocol = after("proto ").map(str::to_owned);
    let at = stamps.of(line)?;
    Ok(Some(Event { what, at, since: None, inside, domain: None, outside, ports, protocol }))
}
