//! Nights told as tests: the whole desk with a real store, a real prober on loopback and the dry-run edge.

mod house;
mod proxy;
mod stories;
