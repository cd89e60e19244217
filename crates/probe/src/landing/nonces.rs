//! The nonces in flight: what was sent out, which secret answers it, and whether it landed.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A number that nobody can guess: 128 random bits, written as 32 hex digits.
pub(super) type Nonce = [u8; 16];

/// Most nonces in flight. One question in progress holds at most 32; beyond this a probe cannot tell, and says so.
const MOST: usize = 4096;

/// How a nonce must arrive to count: each method says which, so that one cannot be mistaken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// As an origin-form request for its path: what a proxy makes of an absolute-form one.
    Request,
    /// As a line of its own on a fresh connection: what comes out of a tunnel.
    Line,
}

/// What became of a nonce so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Nothing.
    NotYet,
    /// It arrived clean, from this address, and its secret was given.
    Landed(IpAddr),
    /// It arrived inside a request in absolute form, as a forwarded port brings it and as few proxies do (haproxy): its
    /// secret was given, and only the decoy tells which of the two it was.
    Unread(IpAddr),
}

#[derive(Debug)]
struct Entry {
    secret: Nonce,
    way: Way,
    expires: Instant,
    arrival: Arrival,
}

/// All nonces in flight.
#[derive(Debug, Default)]
pub(super) struct Nonces {
    table: Mutex<HashMap<Nonce, Entry>>,
}

/// Why no nonce could be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoNonce {
    /// The table is full.
    #[error("too many probes are in flight: no nonce is left, ask again later")]
    Full,
    /// The system gave no random bytes.
    #[error("this system gives no random bytes: no nonce can be made")]
    NoRandom,
}

impl Nonces {
    /// Puts a fresh nonce into the table for as long as the ticket lives, and at most for `life`.
    pub(super) fn issue(self: &Arc<Self>, way: Way, life: Duration) -> Result<Ticket, NoNonce> {
        let (mut nonce, mut secret) = ([0; 16], [0; 16]);
        getrandom::fill(&mut nonce).map_err(|_| NoNonce::NoRandom)?;
        getrandom::fill(&mut secret).map_err(|_| NoNonce::NoRandom)?;
        let entry = Entry { secret, way, expires: Instant::now() + life, arrival: Arrival::NotYet };
        let mut table = self.lock();
        if table.len() >= MOST {
            return Err(NoNonce::Full);
        }
        table.insert(nonce, entry);
        Ok(Ticket { nonce, secret, nonces: Arc::clone(self) })
    }

    /// A nonce arrived clean. Its secret, when it is in flight, was to come this way, and did not come before.
    pub(super) fn land(&self, nonce: &Nonce, way: Way, peer: SocketAddr) -> Option<Nonce> {
        let mut table = self.lock();
        let entry = table.get_mut(nonce)?;
        let fresh = entry.way == way && entry.arrival == Arrival::NotYet && Instant::now() < entry.expires;
        fresh.then(|| {
            entry.arrival = Arrival::Landed(peer.ip().to_canonical());
            entry.secret
        })
    }

    /// A nonce arrived inside a request that may be the very bytes we sent. Its secret, on the same terms.
    pub(super) fn land_unread(&self, nonce: &Nonce, peer: SocketAddr) -> Option<Nonce> {
        let mut table = self.lock();
        let entry = table.get_mut(nonce)?;
        let fresh = entry.arrival == Arrival::NotYet && Instant::now() < entry.expires;
        entry.arrival = Arrival::Unread(peer.ip().to_canonical());
        (fresh && entry.way == Way::Request).then_some(entry.secret)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Nonce, Entry>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One nonce in flight; dropped, it is forgotten.
#[derive(Debug)]
pub(crate) struct Ticket {
    nonce: Nonce,
    secret: Nonce,
    nonces: Arc<Nonces>,
}

impl Ticket {
    /// The nonce in hex, as it goes out.
    pub(crate) fn nonce(&self) -> String {
        hex::encode(self.nonce)
    }

    /// The secret in hex, as it must come back. Nobody but the landing knows it.
    pub(crate) fn secret(&self) -> String {
        hex::encode(self.secret)
    }

    /// What became of it.
    pub(crate) fn arrival(&self) -> Arrival {
        self.nonces.lock().get(&self.nonce).map_or(Arrival::NotYet, |entry| entry.arrival)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.nonces.lock().remove(&self.nonce);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7)), 4711);

    #[tokio::test]
    async fn a_nonce_is_answered_once_and_only_the_way_it_was_sent() {
        let nonces = Arc::new(Nonces::default());
        let ticket = nonces.issue(Way::Line, Duration::from_secs(60)).unwrap();
        assert_eq!(nonces.land(&ticket.nonce, Way::Request, PEER), None, "the wrong way");
        assert_eq!(ticket.arrival(), Arrival::NotYet);
        assert_eq!(nonces.land(&ticket.nonce, Way::Line, PEER), Some(ticket.secret));
        assert_eq!(ticket.arrival(), Arrival::Landed(PEER.ip()));
        assert_eq!(nonces.land(&ticket.nonce, Way::Line, PEER), None, "a second time");
    }

    #[tokio::test(start_paused = true)]
    async fn an_expired_nonce_is_not_answered() {
        let nonces = Arc::new(Nonces::default());
        let ticket = nonces.issue(Way::Line, Duration::from_secs(60)).unwrap();
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(nonces.land(&ticket.nonce, Way::Line, PEER), None);
    }

    #[tokio::test]
    async fn what_came_in_as_we_sent_it_is_told_from_what_was_read() {
        let nonces = Arc::new(Nonces::default());
        let request = nonces.issue(Way::Request, Duration::from_secs(60)).unwrap();
        assert_eq!(nonces.land_unread(&request.nonce, PEER), Some(request.secret));
        assert_eq!(request.arrival(), Arrival::Unread(PEER.ip()));
        assert_eq!(nonces.land(&request.nonce, Way::Request, PEER), None, "a second time");
        let line = nonces.issue(Way::Line, Duration::from_secs(60)).unwrap();
        assert_eq!(nonces.land_unread(&line.nonce, PEER), None, "no tunnel wraps a request around it");
    }

    #[tokio::test]
    async fn the_table_is_bounded_and_forgets_what_is_dropped() {
        let nonces = Arc::new(Nonces::default());
        let mut held = Vec::new();
        for _ in 0..MOST {
            held.push(nonces.issue(Way::Line, Duration::from_secs(60)).unwrap());
        }
        assert_eq!(nonces.issue(Way::Line, Duration::from_secs(60)).err(), Some(NoNonce::Full));
        held.pop();
        assert!(nonces.issue(Way::Line, Duration::from_secs(60)).is_ok());
        drop(held);
        assert_eq!(nonces.lock().len(), 0);
    }
}
