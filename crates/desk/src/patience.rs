//! How many tries at a password are looked at, so that guessing is slow and nobody is locked out.
//!
//! Three counts within a quarter of an hour: of one name from one network, of one network whatever the names, and of
//! one name from wherever. The last alone would let anybody lock anybody out, so it does not hold for networks that the
//! name logged in from before (the idea of OWASP's device cookies, with networks in their place).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// The time that is counted within.
pub(crate) const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// Tries of one name from one network.
pub(crate) const OF_BOTH: u32 = 20;
/// Tries from one network, whatever the names: a desk behind one address has a dozen people at most.
pub(crate) const OF_NETWORK: u32 = 60;
/// Tries of one name from networks that it never logged in from, all together.
pub(crate) const OF_NAME: u32 = 100;
/// More of each kind than this are not remembered; the oldest window goes.
const REMEMBERED: usize = 8192;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Counted {
    Both(String, String),
    Network(String),
    Name(String),
}

/// Recent tries.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// Guards a small map for the length of a look-up; never held across an await. A task of its own would only add a
    /// queue in front of it.
    recent: Mutex<HashMap<Counted, (Timestamp, u32)>>,
}

impl Attempts {
    /// Counts one try; `Err` says how long to wait. `known`: whether the name logged in from that network before.
    pub(crate) fn count(
        &self,
        name: &str,
        network: &str,
        known: bool,
        now: Timestamp,
    ) -> Result<(), SignedDuration> {
        let mut limits = vec![
            (Counted::Both(name.to_owned(), network.to_owned()), OF_BOTH),
            (Counted::Network(network.to_owned()), OF_NETWORK),
        ];
        if !known {
            limits.push((Counted::Name(name.to_owned()), OF_NAME));
        }
        let mut recent = self.recent();
        // What is not looked at counts nowhere: who waits is not made to wait for longer by trying.
        for (counted, most) in &limits {
            if let Some((since, tries)) = recent.get(counted)
                && now.duration_since(*since) < WINDOW
                && tries >= most
            {
                return Err(WINDOW - now.duration_since(*since));
            }
        }
        for (counted, _) in limits {
            make_room(&mut recent, now);
            let entry = recent.entry(counted).or_insert((now, 0));
            // A clock that was set back begins a new window.
            if now < entry.0 || now.duration_since(entry.0) >= WINDOW {
                *entry = (now, 0);
            }
            entry.1 += 1;
        }
        Ok(())
    }

    /// A right password forgives the name's tries from there; those of the network and of the name elsewhere stay.
    pub(crate) fn forget(&self, name: &str, network: &str) {
        self.recent().remove(&Counted::Both(name.to_owned(), network.to_owned()));
    }

    fn recent(&self) -> MutexGuard<'_, HashMap<Counted, (Timestamp, u32)>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(recent: &mut HashMap<Counted, (Timestamp, u32)>, now: Timestamp) {
    if recent.len() < REMEMBERED {
        return;
    }
    recent.retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
    if recent.len() >= REMEMBERED
        && let Some(oldest) =
            recent.iter().min_by_key(|(_, (since, _))| *since).map(|(counted, _)| counted.clone())
    {
        recent.remove(&oldest);
    }
}

/// The network that tries are counted by: an IPv4 address, or the /64 of an IPv6 one, which is one line's.
pub(crate) fn network(from: IpAddr) -> String {
    match from.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let kept = u128::from(v6) & !u128::from(u64::MAX);
            format!("{}/64", Ipv6Addr::from(kept))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten thousand tries within an hour of the fake clock; how many were looked at in each quarter of it.
    fn looked_at(who: impl Fn(u32) -> (String, String)) -> Vec<u32> {
        let attempts = Attempts::default();
        let mut quarters = vec![0; 4];
        for round in 0..10_000 {
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(i64::from(round) * 360);
            let (name, network) = who(round);
            if attempts.count(&name, &network, false, now).is_ok() {
                quarters[(round / 2_500) as usize] += 1;
            }
        }
        quarters
    }

    #[test]
    fn of_ten_thousand_tries_few_are_looked_at_however_they_are_spread() {
        let one = looked_at(|_| ("admin".to_owned(), "192.0.2.1".to_owned()));
        assert_eq!(one, [OF_BOTH; 4]);
        let many_names = looked_at(|round| (format!("name{round}"), "192.0.2.1".to_owned()));
        assert_eq!(many_names, [OF_NETWORK; 4]);
        let many_networks = looked_at(|round| ("admin".to_owned(), format!("192.0.2.{}", round % 250)));
        assert_eq!(many_networks, [OF_NAME; 4]);
    }

    #[test]
    fn whom_strangers_try_to_lock_out_still_gets_in_from_where_they_always_do() {
        let attempts = Attempts::default();
        let now = Timestamp::UNIX_EPOCH;
        for round in 0..10_000 {
            let _waits = attempts.count("robin", &format!("198.51.100.{}", round % 250), false, now);
        }
        assert!(attempts.count("robin", "203.0.113.9", false, now).is_err());
        assert!(attempts.count("robin", "203.0.113.9", true, now).is_ok());
        assert!(attempts.count("kim", "203.0.113.9", false, now).is_ok(), "others are not held up at all");
        assert!(attempts.count("robin", "203.0.113.9", false, now + WINDOW).is_ok());
    }

    #[test]
    fn who_waits_waits_no_longer_for_having_tried_meanwhile() {
        let attempts = Attempts::default();
        let now = Timestamp::UNIX_EPOCH;
        for _ in 0..OF_BOTH {
            assert!(attempts.count("robin", "192.0.2.1", true, now).is_ok());
        }
        let later = now + SignedDuration::from_mins(14);
        assert_eq!(attempts.count("robin", "192.0.2.1", true, later), Err(SignedDuration::from_mins(1)));
        assert!(attempts.count("robin", "192.0.2.1", true, now + WINDOW).is_ok());
        attempts.forget("robin", "192.0.2.1");
    }

    #[test]
    fn the_addresses_of_one_line_are_one_network() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2:aaaa::1"), "2001:db8:1:2::/64");
        assert_eq!(of("2001:db8:1:2::2"), of("2001:db8:1:2:ffff::9"));
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
