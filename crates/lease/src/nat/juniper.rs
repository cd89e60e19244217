//! Juniper: port block allocation on SRX and MX (`RT_SRC_NAT_PBA_ALLOC`, `_INTERIM`, `_RELEASE`, as a sentence or as
//! structured data), and on services cards (`ASP_NAT_PORT_BLOCK_ALLOC`, `JSERVICES_NAT_PORT_BLOCK_RELEASE`), as Juniper's
//! "Port Block Allocation" pages of Junos OS show them.
//!
//! The epoch at the end is when the block was given, in hexadecimal, and says the same in all lines of one block.

use std::net::IpAddr;

use jiff::Timestamp;

use super::Wrong;
use super::blocks::{Event, What};
use super::stamp::{Stamps, civil};
use crate::PortBlock;

pub(super) fn read(line: &str, stamps: &Stamps) -> Result<Option<Event>, Wrong> {
    let what = if line.contains("_RELEASE") {
        What::Taken
    } else if line.contains("_INTERIM") {
        What::Kept
    } else if line.contains("_ALLOC") {
        What::Given
    } else {
        return Ok(None);
    };
    let found = if line.contains("internal-ip=") {
        structured(line)
    } else if line.contains("Subscriber ") {
        sentence(line)
    } else {
        arrow(line)
    };
    let Some((inside, outside, ports, since)) = found else { return Err(odd()) };
    let at = match (what, since) {
        // The epoch is the time itself, and needs no zone.
        (What::Given | What::Kept, Some(since)) => since,
        _ => card_time(line, stamps).unwrap_or_else(|| stamps.of(line))?,
    };
    Ok(Some(Event { what, at, since, inside, domain: None, outside, ports, protocol: None }))
}

type Found = (IpAddr, IpAddr, PortBlock, Option<Timestamp>);

fn structured(line: &str) -> Option<Found> {
    let value = |key: &str| {
        let (_, after) = line.split_once(&format!("{key}=\""))?;
        after.split_once('"').map(|(value, _)| value)
    };
    let ports = block(value("block-port-low")?, value("block-port-high")?)?;
    let since = value("epoch-time-64").and_then(epoch);
    Some((value("internal-ip")?.parse().ok()?, value("reflexive-ip")?.parse().ok()?, ports, since))
}

/// `Subscriber A used/maximum [1/4] blocks, allocates port block [1024-1151] from B in source pool P … epoch 0x…`.
fn sentence(line: &str) -> Option<Found> {
    let inside = after(line, "Subscriber ")?.parse().ok()?;
    let (_, rest) = line.split_once("port block [")?;
    let (ports, rest) = rest.split_once(']')?;
    let (first, last) = ports.split_once('-')?;
    let outside = after(rest, "from ")?.parse().ok()?;
    Some((inside, outside, block(first, last)?, after(rest, "epoch ").and_then(epoch)))
}

/// `ASP_NAT_PORT_BLOCK_ALLOC: A -> B:1050-1099`.
fn arrow(line: &str) -> Option<Found> {
    let (before, rest) = line.split_once(" -> ")?;
    let inside = before.rsplit([' ', '\t']).next()?.trim_start_matches(':').parse().ok()?;
    let (outside, ports) = rest.split_ascii_whitespace().next()?.rsplit_once(':')?;
    let (first, last) = ports.split_once('-')?;
    let end = last.find(|c: char| !c.is_ascii_digit()).unwrap_or(last.len());
    Some((inside, outside.parse().ok()?, block(first, last.get(..end)?)?, None))
}

/// A services card writes its own time in UTC after the syslog's local one: `… 2026-10-31 04:46:04 [NAT]:`; the colon
/// after a space, as some collectors have it, is taken for none.
fn card_time(line: &str, stamps: &Stamps) -> Option<Result<Timestamp, Wrong>> {
    let (at, _) = line.match_indices("_NAT_PORT_BLOCK_").next()?;
    let head = line.get(..at)?;
    let stamp = head.match_indices("20").filter_map(|(at, _)| {
        let text = head.get(at..)?.replace(": ", ":");
        let is_date = text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-');
        is_date.then(|| civil(&text, 0)).flatten()
    });
    let (time, _) = stamp.last()?;
    Some(stamps.place(time, true))
}

fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    text.split_once(words)?.1.split_ascii_whitespace().next()
}

fn epoch(text: &str) -> Option<Timestamp> {
    let digits = text.trim_start_matches("0x");
    Timestamp::from_second(i64::from_str_radix(digits, 16).ok()?).ok()
}

fn block(first: &str, last: &str) -> Option<PortBlock> {
    PortBlock::new(first.trim().parse().ok()?, last.trim().parse().ok()?)
}

pub(super) fn odd() -> Wrong {
    let what = "the line tells of a port block in words that are not known".to_owned();
    (what, "this version of the translator's log is not read yet".to_owned())
}
