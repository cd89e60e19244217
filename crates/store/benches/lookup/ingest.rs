//! Accounting taken in by a store that is full: requests to leases to disk, in batches as the listener makes them.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use lease::accounting::Accounting;
use store::Store;

use crate::Times;
use crate::shape::{Chance, DAY, Shape, second};

/// Requests of one batch: as many as the listener of accounting hands on at most.
const BATCH: usize = 4096;
/// Batches that are taken in.
const BATCHES: usize = 60;
/// Sessions that are open at the beginning.
const OPEN: usize = 2 * BATCH;

/// Acct-Status-Type (RFC 2866 section 5.1).
const START: u32 = 1;
const STOP: u32 = 2;
const INTERIM: u32 = 3;

/// An Interim-Update each quarter of an hour, through a lease of six hours: as four leases a day have it.
const INTERIMS: usize = 24;

/// Takes in what access servers commonly send, and the dearest there is.
pub(crate) async fn measure(store: &Store, shape: &Shape) {
    let words = [(INTERIMS, "accounting, 24 Interims a lease"), (0, "accounting, no Interims")];
    for (interims, what) in words {
        let mut bng = AccessServer::new(shape);
        let opening = bng.batch(OPEN, 0, 0);
        bng.take_in(store, &opening).await;
        let changes = BATCH / (2 + interims);
        let mut times = Vec::new();
        let mut rows = 0;
        for _ in 0..BATCHES {
            let requests = bng.batch(changes, changes, BATCH - 2 * changes);
            let begun = Instant::now();
            rows += bng.take_in(store, &requests).await;
            times.push(begun.elapsed());
        }
        let took: Duration = times.iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "some hundred thousand")]
        let records = (BATCH * BATCHES) as f64;
        println!(
            "{what:31} {:.0} records/s ({records} with {rows} changes of leases in {took:.1?}); a batch {}",
            records / took.as_secs_f64(),
            Times::of(times)
        );
    }
}

/// An access server, and what we know of its sessions.
struct AccessServer<'a> {
    shape: &'a Shape,
    sessions: Accounting,
    open: Vec<(u32, u32)>,
    number: u32,
    chance: Chance,
    now: Timestamp,
}

impl<'a> AccessServer<'a> {
    /// Later than all the store has, and than an earlier run on one that is kept.
    fn new(shape: &'a Shape) -> AccessServer<'a> {
        let now = second(Timestamp::now().as_second().max(shape.begin(shape.v4_days) + DAY));
        let (sessions, chance) = (Accounting::default(), Chance::default());
        AccessServer { shape, sessions, open: Vec::new(), number: 0, chance, now }
    }

    /// So many Starts on addresses drawn at random, Stops of sessions that began longest ago, and Interim-Updates.
    fn batch(&mut self, starts: usize, stops: usize, interims: usize) -> Vec<Vec<u8>> {
        self.now += SignedDuration::from_secs(1);
        let mut requests = Vec::new();
        for session in self.open.drain(..stops).collect::<Vec<_>>() {
            requests.push(self.request(STOP, session));
        }
        for _ in 0..starts {
            self.number += 1;
            let session = (self.number, self.chance.below(self.shape.v4_addresses));
            self.open.push(session);
            requests.push(self.request(START, session));
        }
        for _ in 0..interims {
            let one = self.chance.below(u32::try_from(self.open.len()).expect("some thousands"));
            requests.push(self.request(INTERIM, self.open[usize::try_from(one).expect("small")]));
        }
        requests
    }

    /// How many changes of leases came of them.
    async fn take_in(&mut self, store: &Store, requests: &[Vec<u8>]) -> usize {
        let client = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let rows = requests.iter().flat_map(|request| self.sessions.take(request, client, self.now));
        let leases: Vec<_> = rows.flatten().map(|row| row.lease).collect();
        store.import_leases(&leases, &[]).await.expect("imports");
        leases.len()
    }

    /// The attributes of one request.
    fn request(&self, status: u32, (number, address): (u32, u32)) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut put = |kind: u8, value: &[u8]| {
            bytes.extend([kind, u8::try_from(value.len() + 2).expect("short")]);
            bytes.extend(value);
        };
        put(40, &status.to_be_bytes());
        put(44, format!("{number:08x}").as_bytes());
        put(1, self.shape.line(address, self.shape.v4_days).as_bytes());
        put(4, &[192, 0, 2, 1]);
        put(8, &self.shape.v4_address(address).octets());
        put(55, &u32::try_from(self.now.as_second()).expect("before 2106").to_be_bytes());
        bytes
    }
}
