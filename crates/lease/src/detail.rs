//! FreeRADIUS `detail` accounting: what `rlm_detail` writes for each Accounting-Request (RFC 2866).
//!
//! A record is a line with the server's local time, indented `Name = value` lines, and a blank line. What is made of
//! them:
//!
//! * A session is named by `Acct-Unique-Session-Id`, or by the access server and `Acct-Session-Id`.
//! * It holds `Framed-IP-Address`, `Framed-IPv6-Address`, `Framed-IPv6-Prefix` and `Delegated-IPv6-Prefix` from its
//!   `Start`, or from the first record seen of it less `Acct-Session-Time`, until its `Stop`.
//! * A `Stop` that never came is made up for by the next `Start` on the same port of the access server, by another
//!   session with the same address, or by `Accounting-On` or `-Off` of the server; else the lease stays open.
//!
//! An `Interim-Update` that names an address for the first time says nothing of the time before it: the lease begins
//! with it, and what lies between stays unexplained rather than guessed.

mod record;
mod sessions;
mod when;

use crate::{LeaseSource, Row, RowError};

use record::Parser;

pub(crate) use record::Pending;
pub(crate) use sessions::Sessions;

/// Reads a whole file held in memory: first the leases that ended, as they do, then those still open.
pub fn read(bytes: &[u8]) -> impl Iterator<Item = Result<Row, RowError>> + '_ {
    /// So much is taken in before what came of it is handed out.
    const AT_ONCE: usize = 64 * 1024;
    let mut reader = Some(Reader::new());
    let mut chunks = bytes.chunks(AT_ONCE);
    std::iter::from_fn(move || match chunks.next() {
        Some(chunk) => Some(reader.as_mut().map_or_else(Vec::new, |reader| reader.feed(chunk))),
        None => reader.take().map(Reader::finish),
    })
    .flatten()
}

/// Reads a file piece by piece. What it keeps grows with the sessions open at one time, not with the file.
#[derive(Debug, Default)]
pub struct Reader {
    parser: Parser,
    sessions: Sessions,
}

impl Reader {
    /// A reader that has seen nothing.
    #[must_use]
    pub fn new() -> Reader {
        Reader::default()
    }

    /// One that gives leases when they begin, and again when they end, for a file that is followed as it grows.
    #[must_use]
    pub fn live() -> Reader {
        Reader { parser: Parser::default(), sessions: Sessions::live(LeaseSource::RadiusDetail) }
    }

    /// The file has ended and another takes its place; the sessions go on.
    #[must_use]
    pub fn broke_off(&mut self) -> Vec<Result<Row, RowError>> {
        let mut rows = Vec::new();
        match std::mem::take(&mut self.parser).finish() {
            Some(Ok(record)) => self.sessions.take(&record, &mut rows),
            Some(Err(wrong)) => rows.push(Err(wrong)),
            None => {}
        }
        rows
    }

    /// Takes the next bytes of the file, cut anywhere. Gives the leases that ended in them, and what could not be used.
    #[must_use]
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Result<Row, RowError>> {
        let mut rows = Vec::new();
        for record in self.parser.feed(bytes) {
            match record {
                Ok(record) => self.sessions.take(&record, &mut rows),
                Err(wrong) => rows.push(Err(wrong)),
            }
        }
        rows
    }

    /// The file has ended: what came of its last record, and the leases still open.
    #[must_use]
    pub fn finish(mut self) -> Vec<Result<Row, RowError>> {
        let mut rows = self.broke_off();
        self.sessions.finish(&mut rows);
        rows
    }
}
