//! SYN cookies (Bernstein, 1996; RFC 4987 3.6): our first sequence number is a keyed hash of both ends and the minute, so
//! that the acknowledgement of it shows that its sender hears what is sent there. Options of TCP are not kept in it.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;

use jiff::Timestamp;

/// A cookie is good for this long and at most twice: round trips take seconds at most.
const GOOD_FOR: i64 = 64;

/// The secret of this start (SipHash with a random key, as the standard library has it).
#[derive(Debug)]
pub(super) struct Cookies(RandomState);

impl Cookies {
    pub(super) fn new() -> Cookies {
        Cookies(RandomState::new())
    }

    /// The cookie for a connection that is asked for now.
    pub(super) fn of(&self, from: SocketAddr, to: SocketAddr, now: Timestamp) -> u32 {
        self.at(from, to, now.as_second().div_euclid(GOOD_FOR))
    }

    /// Whether it is one that we gave not long ago.
    pub(super) fn is(&self, from: SocketAddr, to: SocketAddr, now: Timestamp, cookie: u32) -> bool {
        let period = now.as_second().div_euclid(GOOD_FOR);
        [period, period.saturating_sub(1)].into_iter().any(|period| self.at(from, to, period) == cookie)
    }

    fn at(&self, from: SocketAddr, to: SocketAddr, period: i64) -> u32 {
        let [a, b, c, d, ..] = self.0.hash_one((from, to, period)).to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}
