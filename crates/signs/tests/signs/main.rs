//! What a desk would miss: proxies of every kind found, and what only looks like one left alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

mod hostile;
mod lookalikes;
mod proxies;
mod traffic;
