//! How long it takes to find who held an address among many leases, and how many accounting records a second such a
//! store takes in.
//!
//! `cargo bench -p store --bench lookup`. Fills a store, asks random questions through the public API, then the same
//! questions through Python's sqlite3 module on the same file (SQLite alone), and takes in accounting as access servers
//! send it.
//!
//! * `NIGHTDESK_BENCH_LEASES`: how many leases; ten million by default, which is about 2 GB.
//! * `NIGHTDESK_BENCH_STORE`: a store to fill, `sqlite:///path` or `postgres://…`; it is kept, and not filled again when
//!   it has these leases; what was broken off goes on. By default a SQLite file in a temporary folder, which goes afterwards.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints, and stops when it fails"
)]

mod ingest;
mod peer;
mod shape;

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use lease::Lease;
use store::Store;

use shape::Shape;

const QUESTIONS: usize = 50_000;

fn main() {
    let leases = std::env::var("NIGHTDESK_BENCH_LEASES").ok().and_then(|number| number.parse().ok());
    let leases: u32 = leases.unwrap_or(10_000_000);
    let dir = tempfile::tempdir().expect("a folder");
    let own = format!("sqlite://{}", dir.path().join("nightdesk.db").display());
    let url = std::env::var("NIGHTDESK_BENCH_STORE").unwrap_or(own);
    // As the program runs: many threads, the question asked from one of its tasks.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let shape = Shape::of(leases);
    println!("{leases} leases of {} IPv4 addresses and {} /56", shape.v4_addresses, shape.v6_prefixes);
    println!("{QUESTIONS} random questions each, one at a time");
    let v4 = runtime.block_on(runtime.spawn(look_up(url.clone(), shape))).expect("runs");
    if let Some(file) = url.strip_prefix("sqlite://") {
        compare(Path::new(file), &shape, v4);
    }
    runtime.block_on(runtime.spawn(take_in(url, shape))).expect("runs");
}

/// Fills the store where that is to be done, and asks.
async fn look_up(url: String, shape: Shape) -> Times {
    let store = Store::open(&url).await.expect("opens");
    fill(&store, &shape).await;
    let v4 = ask(&store, &shape.questions(false)).await;
    println!("IPv4 address                  {v4}");
    let v6 = ask(&store, &shape.questions(true)).await;
    println!("IPv6 address in a /56         {v6}");
    store.close().await;
    v4
}

fn compare(file: &Path, shape: &Shape, own: Times) {
    match peer::ask(file, &shape.questions(false)) {
        Some(peer) => {
            println!("IPv4, Python sqlite3 module   {peer}");
            println!(
                "ratio nightdesk / Python      p50 {:.2}, p99 {:.2}",
                own.p50.div_duration_f64(peer.p50),
                own.p99.div_duration_f64(peer.p99)
            );
        }
        None => println!("Python with its sqlite3 module is not here: nothing to compare with"),
    }
}

async fn take_in(url: String, shape: Shape) {
    let store = Store::open(&url).await.expect("opens");
    ingest::measure(&store, &shape).await;
    store.close().await;
}

async fn fill(store: &Store, shape: &Shape) {
    let begun = Instant::now();
    let mut done = 0_usize;
    let per_batch = (100_000 / shape.v4_days.max(1)).max(1);
    for first in (0..shape.v4_addresses).step_by(usize::try_from(per_batch).expect("small")) {
        let addresses = first..(first + per_batch).min(shape.v4_addresses);
        let batch: Vec<Lease> = addresses
            .flat_map(|address| (0..shape.v4_days).map(move |day| shape.v4_lease(address, day)))
            .collect();
        import(store, &batch, &mut done, begun).await;
    }
    for first in (0..shape.v6_prefixes).step_by(100_000) {
        let batch: Vec<Lease> =
            (first..(first + 100_000).min(shape.v6_prefixes)).map(|number| shape.v6_lease(number)).collect();
        import(store, &batch, &mut done, begun).await;
    }
    eprintln!("\rfilled {done} leases in {:.0?}, batches of 100,000 rows      ", begun.elapsed());
}

async fn import(store: &Store, batch: &[Lease], done: &mut usize, begun: Instant) {
    let last = batch.last().expect("a batch has leases");
    let there = store.leases_near(last.net.addr(), last.from, last.from).await.expect("looks up");
    if there.iter().all(|lease| lease.from != last.from) {
        store.import_leases(batch, &[]).await.expect("imports");
    }
    *done += batch.len();
    eprint!("\r{done} leases, {:.0?} ", begun.elapsed());
}

/// Asks with the uncertainty the desk asks with, two minutes either way.
async fn ask(store: &Store, questions: &[(IpAddr, Timestamp)]) -> Times {
    let margin = SignedDuration::from_secs(120);
    let mut times = Vec::with_capacity(questions.len());
    for (address, at) in questions {
        let begun = Instant::now();
        let found = store.leases_near(*address, *at - margin, *at + margin).await.expect("looks up");
        times.push(begun.elapsed());
        assert!(!found.is_empty(), "nobody ever held {address}");
    }
    Times::of(times)
}

/// How long questions took.
#[derive(Clone, Copy)]
struct Times {
    p50: Duration,
    p99: Duration,
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Times {
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
        Times { p50: at(50), p99: at(99) }
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p50 {:>8.1?}   p99 {:>8.1?}", self.p50, self.p99)
    }
}
