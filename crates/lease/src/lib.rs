//! Who held this address, and this port block, at that moment.
//!
//! In: the bytes of a lease source, as a file or as it grows: a static CSV ([`csv`]), accounting as FreeRADIUS writes it
//! ([`detail`]) or as it comes ([`accounting`]), the lease files of DHCP servers ([`dhcp`]), the log of an address
//! translator or its formula ([`nat`]). [`Reader`] reads any of the files.
//! Out: [`Lease`]s, and for a question [`Whose`] an [`Attribution`]: `One`, `Several`, `Nobody` or `Foreign`,
//! always with the reason in words and the distance to the nearest boundary.
//!
//! The types to know: [`Home`] (the prefixes that are ours), [`SubscriberId`], [`Lease`], [`Whose`], [`Attribution`].
//! This crate does no I/O, has no clock and does not know why somebody asks. It is a leaf: it uses no other room.
//!
//! A wrong attribution cuts off an innocent customer, so doubt is an answer here: within the clock uncertainty of a
//! boundary, or without a port where an address is shared, the answer is [`Attribution::Several`], and nobody is
//! contained automatically on that.

pub mod accounting;
mod attribute;
pub mod csv;
pub mod detail;
pub mod dhcp;
mod home;
mod lines;
pub mod nat;
mod record;
mod row;
mod source;
mod subscriber;
mod through;

pub use attribute::{Attribution, Whose, attribute};
pub use home::{Home, HomeError};
pub use record::{Lease, LeaseSource, PortBlock};
pub use row::{Row, RowError};
pub use source::{Format, Manner, Reader};
pub use subscriber::{SubscriberId, SubscriberIdError};
pub use through::{behind, through};
