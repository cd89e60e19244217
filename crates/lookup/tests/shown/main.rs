//! Who a mail is shown to be from, asked of a name server of our own on loopback.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod arc;
mod dkim;
mod names;
mod post;
mod spf;
mod trouble;
