//! Who a mail is shown to be from, who answers for an address and whether exchangers greet, asked of servers of our own
//! on loopback.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at the first surprise"
)]

mod arc;
mod blocklists;
mod customers;
mod dkim;
mod exchangers;
mod names;
mod post;
mod registry;
mod spf;
mod trouble;
