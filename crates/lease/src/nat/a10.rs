//! A10 Thunder: port batches in the Common Event Format (`CGN 106` given, `CGN 107` freed), and the table of a fixed NAT
//! (`FIXED-NAT-PORTS INSIDE->OUTSIDE:FIRST-LAST`). After A10's "CGNAT Logging" reference.
//!
//! Single ports (`CGN 100`, `CGN 101`) are read too.

use super::Wrong;
use super::blocks::{Event, What};
use super::juniper::odd;
use super::stamp::Stamps;
use crate::PortBlock;

pub(super) fn read(line: &str, stamps: &Stamps) -> Result<Option<Event>, Wrong> {
    if let Some((_, rest)) = line.split_once("FIXED-NAT-PORTS") {
        return fixed(line, rest, stamps);
    }
    let what = if line.contains(" Allocated|") {
        What::Given
    } else if line.contains(" Freed|") {
        What::Taken
    } else {
        return Ok(None);
    };
    let value = |key: &str| {
        let (_, after) = line.split_once(&format!("{key}="))?;
        after.split_ascii_whitespace().next()
    };
    let first = value("sourceTranslatedPort").and_then(|port| port.parse().ok());
    let last = if line.contains("Batch") { value("cn3").and_then(|port| port.parse().ok()) } else { first };
    let ports = first.zip(last).and_then(|(first, last)| PortBlock::new(first, last));
    let inside = value(" src").and_then(|address| address.parse().ok());
    let outside = value("sourceTranslatedAddress").and_then(|address| address.parse().ok());
    let (Some(ports), Some(inside), Some(outside)) = (ports, inside, outside) else { return Err(odd()) };
    let protocol = value("proto").map(str::to_owned);
    let at = stamps.of(line)?;
    Ok(Some(Event { what, at, since: None, inside, domain: None, outside, ports, protocol }))
}

fn fixed(line: &str, rest: &str, stamps: &Stamps) -> Result<Option<Event>, Wrong> {
    let event = || {
        let (inside, rest) = rest.trim_start_matches([':', ' ']).split_once("->")?;
        let (outside, ports) = rest.split_ascii_whitespace().next()?.rsplit_once(':')?;
        let (first, last) = ports.split_once('-')?;
        let ports = PortBlock::new(first.parse().ok()?, last.parse().ok()?)?;
        Some((inside.trim().parse().ok()?, outside.parse().ok()?, ports))
    };
    let Some((inside, outside, ports)) = event() else { return Err(odd()) };
    let (at, what) = (stamps.of(line)?, What::Kept);
    Ok(Some(Event { what, at, since: None, inside, domain: None, outside, ports, protocol: None }))
}
