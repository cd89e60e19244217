//! What is so of a generated night, as JSON lines.

use std::io::Write;

use anyhow::{Context, Result};
use flow::Millis;
use serde_json::json;

use super::night::Night;
use super::place;

/// Writes a line for each planted line, and for each that only looks as if: `kind`, `proxy` (whether it relays),
/// `harmless`, the port where there is one, and from when to when.
pub(super) fn write(night: &Night, begin: Millis, end: Millis, out: &mut impl Write) -> Result<()> {
    let mut tell = |line: serde_json::Value| writeln!(out, "{line}").context("cannot write the truth");
    for planted in night.planted() {
        tell(json!({
            "address": place::home(planted.line), "kind": planted.plant.name(), "proxy": planted.plant.relays(),
            "harmless": false, "port": planted.port, "from": planted.from.to_string(), "to": end.to_string(),
        }))?;
    }
    let planted: Vec<u32> = night.planted().iter().map(|planted| planted.line).collect();
    for line in night.lines().iter().filter(|line| !planted.contains(&line.number)) {
        let Some(kind) = line.kind.look_alike() else { continue };
        tell(json!({
            "address": place::home(line.number), "kind": kind, "proxy": false, "harmless": true,
            "port": (line.port > 0).then_some(line.port), "from": begin.to_string(), "to": end.to_string(),
        }))?;
    }
    Ok(())
}
