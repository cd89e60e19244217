//! What exporters do, rightly and wrongly, and what becomes of it.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]

mod datagram;
mod fields;
mod nat;
mod sampling;
mod sflow;
mod trouble;
