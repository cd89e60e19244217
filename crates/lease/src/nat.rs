//! Shared addresses: which ports of an outside address an inside address had, from the log of the translator
//! ([`Reader`]), from what it exports as it goes on ([`Exported`]), or by formula ([`Deterministic`]).
//!
//! A log line tells that a block of ports was given to an inside address or taken back. One file per vendor reads its
//! lines; what is here turns them into leases whose subscriber is the inside address. Who held *that* is answered by
//! the leases of the inside address ([`crate::through`]).
//!
//! Lines that speak of something else are passed over. A block that is given to another inside address while it was not
//! seen to be taken back changed hands then.

mod a10;
mod blocks;
mod cisco;
mod deterministic;
mod exported;
mod juniper;
mod nfware;
mod sixwind;
mod stamp;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use deterministic::{Deterministic, DeterministicError};
pub use exported::{Exported, PortEvent};

use self::blocks::{Blocks, Event};
use self::stamp::Stamps;
use crate::lines::{Lines, Numbered};
use crate::{LeaseSource, Row, RowError};

/// Reads a translator's log piece by piece.
#[derive(Debug)]
pub struct Reader {
    lines: Lines,
    stamps: Stamps,
    blocks: Blocks,
}

/// What is wrong and what to do.
type Wrong = (String, String);

impl Reader {
    /// A reader for the log called `name`. `zone` is that of times without an offset from UTC; without one such lines
    /// are errors. `written` is when the log was written at the latest: it gives the year to times without one.
    #[must_use]
    pub fn new(name: &str, zone: Option<TimeZone>, written: Timestamp) -> Reader {
        Reader {
            lines: Lines::default(),
            stamps: Stamps { zone, written },
            blocks: Blocks::new(name, LeaseSource::NatLog),
        }
    }

    /// Takes the next bytes, cut anywhere, and gives the leases that are new or different by them. `now` is the time
    /// where the log is followed as it grows.
    #[must_use]
    pub fn feed(&mut self, bytes: &[u8], now: Option<Timestamp>) -> Vec<Result<Row, RowError>> {
        if let Some(now) = now {
            self.stamps.written = now;
        }
        let lines = self.lines.feed(bytes);
        self.take(lines)
    }

    /// The log has ended, or goes on in another file.
    #[must_use]
    pub fn broke_off(&mut self) -> Vec<Result<Row, RowError>> {
        let last = self.lines.broke_off();
        self.take(last)
    }

    fn take(&mut self, lines: impl IntoIterator<Item = Numbered>) -> Vec<Result<Row, RowError>> {
        let mut rows = Vec::new();
        for (line, text) in lines {
            let read = text.map_err(|what| (what, "the log is at fault: is it damaged?".to_owned()));
            let events = read.and_then(|text| events(&text, &self.stamps));
            match events {
                Ok(events) => {
                    for event in events {
                        let taken = self.blocks.take(&event, line);
                        rows.extend(
                            taken.map_err(|(what, remedy)| RowError { line, what, remedy }).err().map(Err),
                        );
                    }
                }
                Err((what, remedy)) => rows.push(Err(RowError { line, what, remedy })),
            }
        }
        rows.extend(self.blocks.changes().into_iter().map(Ok));
        rows
    }
}

/// What one line tells; nothing where no vendor's words are in it.
fn events(line: &str, stamps: &Stamps) -> Result<Vec<Event>, Wrong> {
    let one = |event: Option<Event>| event.into_iter().collect();
    if line.contains("_NAT_PBA_") || line.contains("_NAT_PORT_BLOCK_") {
        return juniper::read(line, stamps).map(one);
    }
    if line.contains("|A10|") || line.contains("FIXED-NAT-PORTS") {
        return a10::read(line, stamps).map(one);
    }
    if line.contains("[Userbased") || line.contains("[Sessionbased") {
        return cisco::read(line, stamps);
    }
    if line.contains(" BLOCK (pool ") {
        return sixwind::read(line, stamps).map(one);
    }
    if line.contains(" VRF ") && line.contains(" INT ") && line.contains(" EXT ") {
        return nfware::read(line, stamps).map(one);
    }
    Ok(Vec::new())
}

/// Whether a log line is one that is read.
pub(crate) fn knows(line: &str) -> bool {
    let stamps = Stamps { zone: Some(TimeZone::UTC), written: Timestamp::UNIX_EPOCH };
    events(line, &stamps).map_or(true, |events| !events.is_empty())
}
