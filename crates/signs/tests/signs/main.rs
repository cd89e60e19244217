//! What a desk would miss: proxies of every kind found, and what only looks like one left alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

mod hostile;
#[path = "../judging/mod.rs"]
mod judging;
mod knocks;
mod lookalikes;
mod proxies;
mod traffic;
mod tunnels;
