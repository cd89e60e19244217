//! What a desk would miss: proxies of every kind found, and what only looks like one left alone.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod lookalikes;
mod proxies;
mod traffic;
