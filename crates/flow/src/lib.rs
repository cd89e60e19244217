//! Datagrams, logs and captures of any exporter to one kind of flow record.
//!
//! In: bytes of NetFlow, IPFIX and sFlow datagrams, of Zeek and Argus logs, of nfdump files and of packet captures.
//! Out: [`Flow`]s. This crate does no I/O and has no clock: it knows no time but what stands in the records.

mod clock;
pub mod files;
mod record;
pub mod stitch;
pub mod wire;

pub use clock::FlowClock;
pub use record::{ExporterId, Flow, Millis, Translated, Way, protocol, tcp};
pub use stitch::{Before, Seen, StitchCounts, StitchLimits, Stitcher};
