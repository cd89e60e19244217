//! Datagrams of flow exporters: NetFlow versions 1, 5, 7 and 9 (RFC 3954), IPFIX (RFC 7011) and sFlow version 5.
//!
//! [`Decoder`] reads them; [`encode`] writes them, for tests, the lab and the generator.
//!
//! Reading is lenient: exporters pad with what they like, lie about lengths, use numbers that nobody registered and send
//! data before its template. One bad set never costs the others of its datagram, and what is lost is counted for each
//! exporter in an [`ExporterReport`].

mod bytes;
mod decoder;
mod element;
pub mod encode;
mod exporter;
mod fixed;
mod limits;
mod losses;
mod nat;
mod packet;
mod plan;
mod record;
mod sampling;
mod scene;
mod sequence;
mod sets;
mod sflow;
mod template;
mod walk;

pub use decoder::{Decoder, Outcome};
pub use limits::Limits;
pub use losses::{ExporterReport, Losses, Version};
pub use nat::{NatChange, NatEvent};
