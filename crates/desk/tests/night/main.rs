//! Nights told as tests: the whole desk with a real store, a real prober on loopback and the dry-run edge.

#![expect(clippy::expect_used, reason = "a test that cannot go on says what it wanted")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the flood says its figures")]

mod edge;
mod ended;
mod exposure;
mod firewall;
mod flood;
mod garden;
mod hooks;
mod house;
mod inbox;
#[path = "../../../lookup/tests/shown/post.rs"]
#[expect(dead_code, reason = "shared with the tests of lookup, which use all of it")]
mod keys;
mod letters;
mod moves;
#[path = "../../../lookup/tests/shown/names.rs"]
mod names;
mod numbers;
mod post;
mod proxy;
mod queue;
mod refile;
#[path = "../../../store/tests/stand/mod.rs"]
#[expect(dead_code, reason = "shared with the tests of the store, which use all of it")]
mod stand;
mod stories;
mod traffic;
mod trust;
