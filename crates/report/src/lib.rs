//! Complaint bytes in, claims and doubts out, each with the byte span it was read from.
//!
//! [`read`] takes the bytes of one message as it was accepted and returns a [`Reading`]. It never fails: a malformed
//! report yields the claims it has and [`Doubt`]s for the rest. A wrong accusation is worse than none: outer Received
//! headers, HELO names and version numbers are not addresses.
//!
//! This crate is a leaf: no clock, no files, no network, no knowledge of subscribers or of what is ours.

mod reading;

pub use reading::{Claim, Doubt, Format, Kind, Protocol, Reading, Reporter, Role, TimeBasis};

/// Reads one complaint. Never fails and never panics; bounded in depth, size and time.
#[must_use]
pub fn read(bytes: &[u8]) -> Reading {
    let _ = bytes;
    Reading::unreadable("not read yet")
}
