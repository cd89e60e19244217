//! Flow records to signs of a proxy or relay on a home address.
//!
//! In: [`flow::Flow`]s, about in order of time. Out: [`Sign`]s, each with the flows that prove it and why in words.
//! One pass, bounded memory for each home address, no clock but the flows' own. It knows no subscribers.

mod sign;

pub use sign::{Sign, SignKind};
