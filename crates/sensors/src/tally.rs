//! What happened at the doors, counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;

use crate::How;

/// Why something was turned away. One count each in [`Tally`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// RCPT for an address that is not ours (550 5.1.1). Relay attempts are counted here.
    UnknownRecipient,
    /// A message, HTTP body or file over the size limit.
    TooLarge,
    /// More recipients than allowed in one message (452 4.5.3).
    TooManyRecipients,
    /// A connection over the total or the per-address limit (421 4.7.0).
    TooManyConnections,
    /// A session ended for its many errors (421 4.7.0).
    TooManyErrors,
    /// A session ended because nothing was heard (421 4.4.2).
    Idle,
    /// A session ended at the limit of its total time (421 4.4.2).
    SessionTooLong,
    /// The disk had no room ([`Acceptance::Full`](crate::Acceptance::Full)).
    DiskFull,
    /// Writing failed ([`Acceptance::Failed`](crate::Acceptance::Failed)), or no answer came in time.
    NotWritten,
    /// The channel stayed full, or memory for messages in flight ran out.
    Busy,
    /// The TLS handshake failed.
    TlsFailed,
    /// A command that was not understood or not in order.
    BadCommand,
    /// An HTTP report without a known token (401).
    Unauthorised,
    /// An HTTP report of a media type we do not take (415).
    WrongMediaType,
    /// A file or a message in a mailbox that could not be read or moved, or an HTTP body that broke off.
    Unreadable,
}

impl Refusal {
    /// Every reason there is, in a fixed order.
    pub const ALL: [Refusal; 15] = [
        Refusal::UnknownRecipient,
        Refusal::TooLarge,
        Refusal::TooManyRecipients,
        Refusal::TooManyConnections,
        Refusal::TooManyErrors,
        Refusal::Idle,
        Refusal::SessionTooLong,
        Refusal::DiskFull,
        Refusal::NotWritten,
        Refusal::Busy,
        Refusal::TlsFailed,
        Refusal::BadCommand,
        Refusal::Unauthorised,
        Refusal::WrongMediaType,
        Refusal::Unreadable,
    ];
}

/// Counts since the start, shared by all sensors; every field is its own atomic, so a reading may be a message or
/// two apart between fields. Make one, put clones of the `Arc` into each sensor's configuration, read it anywhere.
#[derive(Debug, Default)]
pub struct Tally {
    accepted: [AtomicU64; How::ALL.len()],
    refused: [AtomicU64; Refusal::ALL.len()],
    connections: AtomicU64,
    open: AtomicU64,
    bytes: AtomicU64,
    long_lines: AtomicU64,
}

/// A reading of a [`Tally`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Messages accepted, that is on disk, by the way they came.
    pub accepted: BTreeMap<&'static str, u64>,
    /// What was turned away, by reason; reasons that never occurred are absent.
    pub refused: BTreeMap<Refusal, u64>,
    /// SMTP and LMTP connections taken, refused ones included.
    pub connections: u64,
    /// SMTP and LMTP sessions open at this moment.
    pub open: u64,
    /// Bytes of accepted messages.
    pub bytes: u64,
    /// Accepted SMTP and LMTP messages with a line over the 1000 octets of RFC 5321 4.5.3.1.6.
    pub long_lines: u64,
}

impl Tally {
    /// Messages accepted that way.
    #[must_use]
    pub fn accepted(&self, how: How) -> u64 {
        self.accepted.get(place(&How::ALL, &how)).map_or(0, |count| count.load(Relaxed))
    }

    /// How often that reason occurred.
    #[must_use]
    pub fn refused(&self, reason: Refusal) -> u64 {
        self.refused.get(place(&Refusal::ALL, &reason)).map_or(0, |count| count.load(Relaxed))
    }

    /// SMTP and LMTP sessions open at this moment.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.open.load(Relaxed)
    }

    /// Everything at once.
    #[must_use]
    pub fn read(&self) -> Counts {
        Counts {
            accepted: How::ALL.iter().map(|how| (how.as_str(), self.accepted(*how))).collect(),
            refused: Refusal::ALL
                .iter()
                .map(|reason| (*reason, self.refused(*reason)))
                .filter(|(_, count)| *count > 0)
                .collect(),
            connections: self.connections.load(Relaxed),
            open: self.open(),
            bytes: self.bytes.load(Relaxed),
            long_lines: self.long_lines.load(Relaxed),
        }
    }

    pub(crate) fn count_accepted(&self, how: How, bytes: usize) {
        if let Some(count) = self.accepted.get(place(&How::ALL, &how)) {
            count.fetch_add(1, Relaxed);
        }
        self.bytes.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Relaxed);
    }

    pub(crate) fn count_refused(&self, reason: Refusal) {
        if let Some(count) = self.refused.get(place(&Refusal::ALL, &reason)) {
            count.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn count_connection(&self) {
        self.connections.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_long_line(&self) {
        self.long_lines.fetch_add(1, Relaxed);
    }

    /// Counts one session as open for as long as the value lives.
    pub(crate) fn session(self: &std::sync::Arc<Self>) -> OpenSession {
        self.open.fetch_add(1, Relaxed);
        OpenSession(std::sync::Arc::clone(self))
    }
}

/// One open session; dropping it takes it off the count.
#[derive(Debug)]
pub(crate) struct OpenSession(std::sync::Arc<Tally>);

impl Drop for OpenSession {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

/// Where a value stands in the list of all its kind.
fn place<T: PartialEq>(all: &[T], one: &T) -> usize {
    all.iter().position(|other| other == one).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_and_way_has_its_own_count() {
        let tally = Tally::default();
        for (times, reason) in Refusal::ALL.iter().enumerate() {
            for _ in 0..=times {
                tally.count_refused(*reason);
            }
        }
        for how in How::ALL {
            tally.count_accepted(how, 10);
        }
        let counts = tally.read();
        assert_eq!(counts.refused.values().copied().collect::<Vec<_>>(), (1..=15).collect::<Vec<u64>>());
        assert_eq!(counts.accepted.values().copied().collect::<Vec<_>>(), vec![1; How::ALL.len()]);
        assert_eq!(counts.bytes, 60);
    }
}
