//! Nights told as tests: the whole desk with a real store, a real prober on loopback and the dry-run edge.

#![expect(clippy::expect_used, reason = "a test that cannot go on says what it wanted")]

mod ended;
mod house;
mod letters;
mod moves;
mod post;
mod proxy;
mod stories;
