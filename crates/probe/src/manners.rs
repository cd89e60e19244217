//! How often and how much at once we ask.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

/// Most addresses whose last probe is remembered. Beyond it an unasked-for probe waits for the oldest to be forgotten.
const MOST_REMEMBERED: usize = 65_536;

/// The manners of one prober, kept over all its questions.
#[derive(Debug)]
pub(crate) struct Manners {
    min_gap: Duration,
    between_ports: Duration,
    asked: Mutex<HashMap<IpAddr, Instant>>,
    next_port: Mutex<Option<Instant>>,
    ports: Semaphore,
}

/// Why it is too early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooSoon {
    #[error(
        "the address was probed {ago} s ago and no operator asks: at least {gap} s must lie between two probes"
    )]
    Again { ago: u64, gap: u64 },
    #[error("{0} addresses were probed within the least gap: this one must wait")]
    Crowded(usize),
}

impl Manners {
    pub(crate) fn new(min_gap: Duration, ports_per_second: u32, ports_at_once: usize) -> Self {
        Manners {
            min_gap,
            between_ports: Duration::from_secs(1) / ports_per_second.max(1),
            asked: Mutex::default(),
            next_port: Mutex::default(),
            ports: Semaphore::new(ports_at_once.clamp(1, Semaphore::MAX_PERMITS)),
        }
    }

    /// Whether the address may be asked now; if so, it counts as asked.
    pub(crate) fn begin(&self, address: IpAddr, asked_by_operator: bool) -> Result<(), TooSoon> {
        let now = Instant::now();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if !asked_by_operator {
            let ago = asked.get(&address).map(|last| now.duration_since(*last));
            if let Some(ago) = ago.filter(|ago| *ago < self.min_gap) {
                return Err(TooSoon::Again { ago: ago.as_secs(), gap: self.min_gap.as_secs() });
            }
        }
        if asked.len() >= MOST_REMEMBERED {
            asked.retain(|_, last| now.duration_since(*last) < self.min_gap);
        }
        if asked.len() >= MOST_REMEMBERED && !asked.contains_key(&address) {
            // An operator is not kept waiting; only the memory of that one probe is.
            return if asked_by_operator { Ok(()) } else { Err(TooSoon::Crowded(asked.len())) };
        }
        asked.insert(address, now);
        Ok(())
    }

    /// Waits for a port's turn: its seat among those in progress, and its moment in the global rate. The wait does
    /// not count against the port's deadline. Only a closed semaphore gives `None`, and nobody closes it.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let seat = self.ports.acquire().await.ok()?;
        let mine = {
            let mut next = self.next_port.lock().unwrap_or_else(PoisonError::into_inner);
            let mine = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            *next = Some(mine + self.between_ports);
            mine
        };
        sleep_until(mine).await;
        Some(seat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[tokio::test(start_paused = true)]
    async fn one_address_is_left_in_peace_between_two_probes_unless_an_operator_asks() {
        let manners = Manners::new(Duration::from_secs(600), 20, 32);
        assert_eq!(manners.begin(LINE, false), Ok(()));
        tokio::time::advance(Duration::from_secs(599)).await;
        assert_eq!(manners.begin(LINE, false), Err(TooSoon::Again { ago: 599, gap: 600 }));
        assert_eq!(manners.begin(LINE, true), Ok(()), "an operator may");
        tokio::time::advance(Duration::from_secs(599)).await;
        assert!(manners.begin(LINE, false).is_err(), "the operator's probe counts as one");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(manners.begin(LINE, false), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_of_addresses_is_bounded() {
        let manners = Manners::new(Duration::from_secs(600), 20, 32);
        let address =
            |number: usize| IpAddr::from(std::net::Ipv4Addr::from_bits(u32::try_from(number).unwrap()));
        (0..MOST_REMEMBERED).for_each(|number| manners.begin(address(number), false).unwrap());
        assert_eq!(manners.begin(LINE, false), Err(TooSoon::Crowded(MOST_REMEMBERED)));
        tokio::time::advance(Duration::from_secs(600)).await;
        assert_eq!(manners.begin(LINE, false), Ok(()));
        assert_eq!(manners.asked.lock().unwrap().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn ports_are_begun_at_the_global_rate_and_only_so_many_at_once() {
        let manners = Manners::new(Duration::ZERO, 10, 3);
        let began = Instant::now();
        let mut seats = Vec::new();
        for _ in 0..3 {
            seats.push(manners.turn().await.unwrap());
        }
        assert_eq!(began.elapsed().as_millis(), 200, "at 0, 100 and 200 ms");
        let fourth = tokio::time::timeout(Duration::from_secs(60), manners.turn()).await;
        assert!(fourth.is_err(), "three are in progress");
        seats.pop();
        assert!(manners.turn().await.is_some());
    }
}
