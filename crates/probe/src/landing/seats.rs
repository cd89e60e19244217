//! How many connections the landing holds, in all and for one peer.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Connections held at once. With the bytes one may hold this bounds the landing's memory to a few megabytes.
const IN_ALL: usize = 512;

/// Connections held at once for one peer (an IPv6 peer is its /64), so that a line cannot keep its own proof out by
/// filling every seat. A question has at most 56 in flight at first.
const FOR_ONE: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Seats {
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// One seat; dropped, it is free again.
#[derive(Debug)]
pub(super) struct Seat {
    peer: IpAddr,
    seats: Arc<Seats>,
}

impl Seats {
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<Seat> {
        let peer = neighbourhood(peer);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let in_all: usize = taken.values().sum();
        let for_one = taken.get(&peer).copied().unwrap_or_default();
        if in_all >= IN_ALL || for_one >= FOR_ONE {
            return None;
        }
        taken.insert(peer, for_one + 1);
        Some(Seat { peer, seats: Arc::clone(self) })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.peer) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.remove(&self.peer)),
        }
    }
}

fn neighbourhood(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_cannot_take_every_seat_and_seats_come_back() {
        let seats = Arc::new(Seats::default());
        let near: IpAddr = "2001:db8::1".parse().unwrap();
        let same_64: IpAddr = "2001:db8::2".parse().unwrap();
        let far: IpAddr = "192.0.2.1".parse().unwrap();
        let mut held: Vec<Seat> = (0..FOR_ONE).map(|_| seats.take(near).unwrap()).collect();
        assert!(seats.take(same_64).is_none(), "the /64 has its share");
        assert!(seats.take(far).is_some(), "others are let in");
        held.pop();
        assert!(seats.take(same_64).is_some());
        drop(held);
        assert!(seats.taken.lock().unwrap().is_empty());
    }
}
