//! How many sessions are open, in total and from each client.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The count of open sessions. A small lock, held for a look-up and never across an await.
#[derive(Debug)]
pub(super) struct Doors {
    total: usize,
    per_client: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    clients: HashMap<IpAddr, usize>,
}

/// One open session; dropping it makes room.
#[derive(Debug)]
pub(super) struct Guest {
    doors: Arc<Doors>,
    client: Option<IpAddr>,
}

impl Doors {
    pub(super) fn new(total: usize, per_client: usize) -> Arc<Doors> {
        Arc::new(Doors { total, per_client, open: Mutex::default() })
    }

    /// Lets a client in, or not.
    pub(super) fn admit(self: &Arc<Self>, peer: Option<IpAddr>) -> Option<Guest> {
        let client = peer.map(client_of);
        let mut open = self.lock();
        if open.total >= self.total {
            return None;
        }
        if let Some(client) = client {
            let sessions = open.clients.entry(client).or_insert(0);
            if *sessions >= self.per_client {
                return None;
            }
            *sessions += 1;
        }
        open.total += 1;
        drop(open);
        Some(Guest { doors: Arc::clone(self), client })
    }

    /// Whether three quarters of the places are taken.
    pub(super) fn crowded(&self) -> bool {
        self.lock().total.saturating_mul(4) >= self.total.saturating_mul(3)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut open = self.doors.lock();
        open.total = open.total.saturating_sub(1);
        if let Some(client) = self.client
            && let Some(sessions) = open.clients.get_mut(&client)
        {
            *sessions = sessions.saturating_sub(1);
            if *sessions == 0 {
                open.clients.remove(&client);
            }
        }
    }
}

/// Whom an address counts as: itself for IPv4, its /64 for IPv6, where one client has 2^64 addresses.
fn client_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn an_ipv6_client_is_its_slash_64_and_a_mapped_one_its_ipv4() {
        let doors = Doors::new(10, 1);
        let _first = doors.admit(peer("2001:db8::1")).unwrap();
        assert!(doors.admit(peer("2001:db8::2")).is_none());
        let _other = doors.admit(peer("2001:db8:0:1::1")).unwrap();
        let _mapped = doors.admit(peer("::ffff:192.0.2.1")).unwrap();
        assert!(doors.admit(peer("192.0.2.1")).is_none());
    }

    #[test]
    fn it_is_crowded_from_three_quarters_on() {
        let doors = Doors::new(4, 4);
        let mut guests = vec![doors.admit(None), doors.admit(None)];
        assert!(!doors.crowded());
        guests.push(doors.admit(None));
        assert!(doors.crowded());
    }

    #[test]
    fn leaving_makes_room_again_and_leaves_nothing_behind() {
        let doors = Doors::new(2, 2);
        let first = doors.admit(peer("192.0.2.1")).unwrap();
        let second = doors.admit(None).unwrap();
        assert!(doors.admit(peer("192.0.2.2")).is_none());
        drop((first, second));
        assert!(doors.lock().clients.is_empty());
        assert!(doors.admit(peer("192.0.2.2")).is_some());
    }
}
