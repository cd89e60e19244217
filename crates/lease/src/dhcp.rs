//! What DHCP servers keep on disk: [`kea`] and [`isc`].
//!
//! Both servers append what they know of an address each time it changes, and rewrite their file now and then so that
//! only the newest entry of each address is left. So the past is only in what was read before: whoever follows such a
//! file keeps every lease as it was read.

mod holdings;
pub mod isc;
pub mod kea;
mod names;
