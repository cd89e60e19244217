//! Who held this address, and this port block, at that moment.
//!
//! In: lines of a lease source (a static CSV, FreeRADIUS `detail` accounting), as bytes.
//! Out: [`Lease`]s, and for a question [`Whose`] an [`Attribution`]: `One`, `Several`, `Nobody` or `Foreign`,
//! always with the reason in words and the distance to the nearest boundary.
//!
//! The types to know: [`Home`] (the prefixes that are ours), [`SubscriberId`], [`Lease`], [`Whose`], [`Attribution`].
//! This crate does no I/O, has no clock and does not know why somebody asks. It is a leaf: it uses no other room.
//!
//! A wrong attribution cuts off an innocent customer, so doubt is an answer here: within the clock uncertainty of a
//! boundary, or without a port where an address is shared, the answer is [`Attribution::Several`], and nobody is
//! contained automatically on that.

mod attribute;
pub mod csv;
pub mod detail;
mod home;
mod record;
mod row;
mod subscriber;

pub use attribute::{Attribution, Whose, attribute};
pub use home::{Home, HomeError};
pub use record::{Lease, LeaseSource, PortBlock};
pub use row::{Row, RowError};
pub use subscriber::{SubscriberId, SubscriberIdError};
