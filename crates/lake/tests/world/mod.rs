//! Flows by hand, and a lake to put them in.

#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a world of our own making")]

use std::net::IpAddr;
use std::path::Path;

use flow::{ExporterId, Flow, Millis, Way, protocol, tcp};
use lake::{Home, Lake, Limits, Writer};

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// 2026-11-23 02:00 UTC.
pub const TWO: Millis = Millis(1_795_399_200_000);

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub fn home() -> Home {
    Home::new([ip_net("203.0.113.0/24"), ip_net("2001:db8:7::/48")])
}

fn ip_net(text: &str) -> ipnet::IpNet {
    text.parse().unwrap()
}

/// A record of one direction: so many packets and bytes with these flags.
pub fn one_way(at: Millis, from: (&str, u16), to: (&str, u16), packets: u64, bytes: u64, flags: u8) -> Flow {
    Flow {
        first: at,
        last: at.plus(800),
        source: ip(from.0),
        destination: ip(to.0),
        source_port: from.1,
        destination_port: to.1,
        protocol: protocol::TCP,
        both_ways: false,
        forward: Way { packets, bytes, flags },
        reverse: Way::default(),
        sampling: 1,
        exporter: ExporterId(3),
        translated: None,
    }
}

/// A SYN that nobody answers.
pub fn knock(at: Millis, from: (&str, u16), to: (&str, u16)) -> Vec<Flow> {
    vec![one_way(at, from, to, 1, 44, tcp::SYN)]
}

/// A SYN and the reset that says the port is closed.
pub fn refusal(at: Millis, from: (&str, u16), to: (&str, u16)) -> Vec<Flow> {
    vec![one_way(at, from, to, 1, 44, tcp::SYN), one_way(at.plus(2), to, from, 1, 40, tcp::RST | tcp::ACK)]
}

/// A whole connection that `from` began, as two records: 1,200 bytes asked, `answer` bytes answered.
pub fn talk(at: Millis, from: (&str, u16), to: (&str, u16), answer: u64) -> Vec<Flow> {
    let flags = tcp::SYN | tcp::ACK | tcp::PSH | tcp::FIN;
    vec![one_way(at, from, to, 9, 1200, flags), one_way(at.plus(3), to, from, 8, answer, flags)]
}

/// A lake in `dir` with these flows on disk, all files of an hour merged.
pub async fn filled(dir: &Path, flows: &[Flow]) -> Lake {
    let mut writer = Writer::open(dir, home(), None).unwrap();
    writer.write(flows).unwrap();
    writer.settle().unwrap();
    Lake::open(dir, Limits::default()).await.unwrap()
}

/// The Parquet files of one order.
pub fn files(dir: &Path, order: &str) -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> =
        std::fs::read_dir(dir.join(order)).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}
