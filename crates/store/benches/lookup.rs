//! How long it takes to find who held an address, at ten million leases on SQLite.
//!
//! `cargo bench -p store --bench lookup`; `NIGHTDESK_BENCH_LEASES` sets another number of leases. Fills a database in a
//! temporary folder (about 2 GB), asks random questions through the public API, then the same questions through
//! Python's sqlite3 module on the same file, and prints both with their ratio.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints, and stops when it fails"
)]

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use lease::{Lease, LeaseSource};
use store::Store;

/// The benchmarking network, 198.18.0.0/15 (RFC 2544 appendix C.2.2).
const FIRST_V4: u32 = 0xC612_0000;
const V4_ADDRESSES: u32 = 1 << 17;

/// One in fifty leases is a delegated /56 in 2001:db8::/32.
const V6_SHARE: u32 = 50;

const BEGIN: i64 = 1_700_000_000;
const DAY: i64 = 86_400;
const QUESTIONS: usize = 50_000;

fn main() {
    let leases = std::env::var("NIGHTDESK_BENCH_LEASES").ok().and_then(|number| number.parse().ok());
    let leases: u32 = leases.unwrap_or(10_000_000);
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("nightdesk.db");
    // As the program runs: many threads, the question asked from one of its tasks.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let url = format!("sqlite://{}", file.display());
    let task = runtime.spawn(async move {
        let store = Store::open(&url).await.expect("opens");
        let shape = Shape::of(leases);
        fill(&store, &shape).await;
        let v4 = ask(&store, &shape.questions(false)).await;
        let v6 = ask(&store, &shape.questions(true)).await;
        store.close().await;
        (shape, v4, v6)
    });
    let (shape, v4, v6) = runtime.block_on(task).expect("runs");
    println!("{leases} leases, {QUESTIONS} random questions each, one at a time");
    println!("IPv4 address                  {v4}");
    println!("IPv6 address in a /56         {v6}");
    match peer(&file, &shape.questions(false)) {
        Some(peer) => {
            println!("IPv4, Python sqlite3 module   {peer}");
            println!(
                "ratio nightdesk / Python      p50 {:.2}, p99 {:.2}",
                v4.p50.div_duration_f64(peer.p50),
                v4.p99.div_duration_f64(peer.p99)
            );
        }
        None => println!("Python with its sqlite3 module is not here: nothing to compare with"),
    }
}

/// Which leases there are: every address in use was held by one line a day, an hour's gap between two.
struct Shape {
    v4_days: u32,
    v6_prefixes: u32,
}

impl Shape {
    fn of(leases: u32) -> Shape {
        let v6_prefixes = leases / V6_SHARE;
        Shape { v4_days: (leases - v6_prefixes).div_ceil(V4_ADDRESSES), v6_prefixes }
    }

    fn v4_lease(&self, address: u32, day: u32) -> Lease {
        let from = BEGIN + i64::from(day) * DAY;
        let last = day + 1 == self.v4_days;
        let line = address.wrapping_add(day.wrapping_mul(7919)) % V4_ADDRESSES;
        Lease {
            net: IpAddr::V4(Ipv4Addr::from_bits(FIRST_V4 + address)).into(),
            ports: None,
            from: second(from),
            to: (!last).then(|| second(from + DAY - 3600)),
            subscriber: format!("line-{line:06}@dsl.example.net").parse().expect("a name"),
            source: LeaseSource::RadiusDetail,
            record: format!("{address:08x}{day:04x}"),
        }
    }

    fn v6_lease(&self, number: u32) -> Lease {
        let net = ipnet::Ipv6Net::new(Ipv6Addr::from_bits(v6_network(number)), 56).expect("a prefix");
        Lease {
            net: net.into(),
            ports: None,
            from: second(BEGIN),
            to: None,
            subscriber: format!("line-{number:06}@dsl.example.net").parse().expect("a name"),
            source: LeaseSource::Static,
            record: format!("leases.csv:{number}"),
        }
    }

    fn questions(&self, v6: bool) -> Vec<(IpAddr, Timestamp)> {
        let mut seed = 4_2003_u64;
        let mut draw = |below: u32| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u32::try_from(seed >> 33).expect("31 bits") % below.max(1)
        };
        let mut question = || {
            let at = BEGIN + i64::from(draw(self.v4_days)) * DAY + i64::from(draw(86_400));
            let address: IpAddr = if v6 {
                Ipv6Addr::from_bits(v6_network(draw(self.v6_prefixes)) | u128::from(draw(u32::MAX))).into()
            } else {
                Ipv4Addr::from_bits(FIRST_V4 + draw(V4_ADDRESSES)).into()
            };
            (address, second(at))
        };
        (0..QUESTIONS).map(|_| question()).collect()
    }
}

fn v6_network(number: u32) -> u128 {
    0x2001_0db8 << 96 | u128::from(number) << 72
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

async fn fill(store: &Store, shape: &Shape) {
    let begun = Instant::now();
    let mut done = 0_usize;
    let per_batch = (100_000 / shape.v4_days.max(1)).max(1);
    for first in (0..V4_ADDRESSES).step_by(usize::try_from(per_batch).expect("small")) {
        let addresses = first..(first + per_batch).min(V4_ADDRESSES);
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
    store.import_leases(batch, &[]).await.expect("imports");
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

/// What the store asks, written out for Python.
const PEER: &str = r#"
import sqlite3, sys, time
base = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True, isolation_level=None)
base.execute("PRAGMA cache_size = -65536")
C = "net, from_us, to_us, first_port, last_port, subscriber, source, record FROM leases WHERE net = ?1"
L = "172800000000"
sql = f"""SELECT {C} AND from_us <= ?3 AND from_us > ?2 - {L} AND to_us > ?2
UNION ALL SELECT {C} AND from_us <= ?2 - {L} AND to_us > ?2 AND to_us - from_us > {L}
UNION ALL SELECT * FROM (SELECT {C} AND from_us < ?2 AND to_us <= ?2 ORDER BY from_us DESC LIMIT 1)
UNION ALL SELECT * FROM (SELECT {C} AND from_us > ?3 ORDER BY from_us LIMIT 1)"""
times = []
for line in sys.stdin:
    net, at = line.split()
    net, at = bytes.fromhex(net), int(at)
    begun = time.perf_counter_ns()
    rows = base.execute(sql, (net, at - 120000000, at + 120000000)).fetchall()
    times.append(time.perf_counter_ns() - begun)
    assert rows
times.sort()
print(times[len(times) * 50 // 100], times[len(times) * 99 // 100])
"#;

fn peer(file: &Path, questions: &[(IpAddr, Timestamp)]) -> Option<Times> {
    let mut child = Command::new("python3")
        .arg("-c")
        .arg(PEER)
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut lines = String::new();
    for (address, at) in questions {
        let IpAddr::V4(address) = address else { return None };
        let mapped = hex::encode(address.to_ipv6_mapped().octets());
        lines.push_str(&format!("{mapped}80 {}\n", at.as_microsecond()));
    }
    child.stdin.take()?.write_all(lines.as_bytes()).ok()?;
    let said = String::from_utf8(child.wait_with_output().ok()?.stdout).ok()?;
    let mut nanoseconds =
        said.split_whitespace().filter_map(|number| number.parse().ok().map(Duration::from_nanos));
    Some(Times { p50: nanoseconds.next()?, p99: nanoseconds.next()? })
}
