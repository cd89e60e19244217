//! How many records a second one core reads for signs, and what a home address costs in memory.
//!
//! `cargo bench -p signs --bench signs`. 100,000 lines do what lines do: browse, ask names and time, keep a push connection,
//! are scanned; one in ten is a peer-to-peer swarm's member, one in fifty answers strangers, one in a thousand is a proxy.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that cannot be set up has failed")]

use std::net::IpAddr;
use std::time::Instant;

use flow::{ExporterId, Flow, Millis, Way, protocol, tcp};
use signs::{Config, Detector, Sign, SignKind};

const LINES: u32 = 100_000;
const RECORDS: usize = 2_000_000;
const ROUNDS: i64 = 3;
/// The time that one round of records tells of.
const ROUND: i64 = 600_000;

/// Numbers that look like chance, from a seed (SplitMix64, Steele, Lea and Flood 2014).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }

    fn small(&mut self, most: u16) -> u16 {
        u16::try_from(self.below(most.into())).unwrap()
    }
}

fn home(n: u32) -> IpAddr {
    IpAddr::from((0x0a00_0000 + n).to_be_bytes())
}

/// Many addresses outside, few of them called by most: the cube makes the first ones common.
fn outside(chance: &mut Chance) -> IpAddr {
    let far = chance.below(1 << 20);
    let near = far * far / (1 << 20) * far / (1 << 20);
    IpAddr::from((0xc600_0000 + u32::try_from(near).unwrap()).to_be_bytes())
}

fn record(
    at: i64,
    source: (IpAddr, u16),
    destination: (IpAddr, u16),
    kind: u8,
    bytes: u64,
    flags: u8,
) -> Flow {
    let way = Way { packets: 2 + bytes / 900, bytes: bytes + 60 * (2 + bytes / 900), flags };
    Flow {
        first: Millis(at - 300),
        last: Millis(at),
        source: source.0,
        destination: destination.0,
        source_port: source.1,
        destination_port: destination.1,
        protocol: kind,
        both_ways: false,
        forward: way,
        reverse: Way::default(),
        sampling: 1,
        exporter: ExporterId(1),
        translated: None,
    }
}

/// Both records of one connection.
fn connection(
    at: i64,
    source: (IpAddr, u16),
    destination: (IpAddr, u16),
    kind: u8,
    bytes: (u64, u64),
) -> [Flow; 2] {
    let flags = if kind == protocol::TCP { tcp::SYN | tcp::ACK | tcp::PSH | tcp::FIN } else { 0 };
    [
        record(at, source, destination, kind, bytes.0, flags),
        record(at + 1, destination, source, kind, bytes.1, flags),
    ]
}

fn records(chance: &mut Chance) -> Vec<Flow> {
    let mut flows = Vec::with_capacity(RECORDS + 4);
    let steps = i64::try_from(RECORDS).unwrap();
    while flows.len() < RECORDS {
        let at = i64::try_from(flows.len()).unwrap() * ROUND / steps;
        let n = u32::try_from(chance.below(LINES.into())).unwrap();
        let line = (home(n), 20_000 + chance.small(40_000));
        let far = outside(chance);
        let size = (300 + chance.below(2_000), 200 + chance.below(200_000));
        match chance.below(100) {
            0..12 => flows.push(record(
                at,
                (far, line.1),
                (line.0, chance.small(65_000)),
                protocol::TCP,
                0,
                tcp::SYN,
            )),
            12..40 => flows.extend(connection(at, line, (far, 53), protocol::UDP, (60, 200))),
            40..44 => flows.extend(connection(at, (line.0, 123), (far, 123), protocol::UDP, (48, 48))),
            44..54 if n % 10 == 0 => {
                flows.extend(connection(at, (line.0, 51_413), (far, line.1), protocol::UDP, (120, 300)));
            }
            44..56 if n % 50 == 1 => {
                flows.extend(connection(at, (far, line.1), (line.0, 443), protocol::TCP, size));
            }
            44..80 if n % 1_000 == 7 => {
                flows.extend(connection(at, (far, line.1), (line.0, 48_613), protocol::TCP, size));
                flows.extend(connection(
                    at + 5,
                    (line.0, line.1),
                    (outside(chance), 443),
                    protocol::TCP,
                    size,
                ));
            }
            _ => flows.extend(connection(at, line, (far, 443), protocol::TCP, size)),
        }
    }
    flows
}

/// Resident memory of this process in bytes, where the system tells.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) * 1_024
}

/// Seconds this process has had of a core, which a busy machine does not lengthen; of the clock, where the system does not tell.
fn on_a_core(since: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = told.split_whitespace().next().and_then(|text| text.parse::<f64>().ok());
    nanoseconds.map_or_else(|| since.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

fn main() {
    let start = Instant::now();
    let mut flows = records(&mut Chance(7));
    let before = resident();
    let mut detector = Detector::new(Config::new(vec!["10.0.0.0/8".parse().unwrap()]));
    for round in 0..ROUNDS {
        let begun = on_a_core(start);
        flows.iter().for_each(|flow| detector.see(flow));
        let asked = on_a_core(start);
        let new = detector.new_signs().len();
        let (seeing, asking) = (asked - begun, on_a_core(start) - asked);
        let rate = f64::from(u32::try_from(flows.len()).unwrap()) / seeing / 1e6;
        println!(
            "round {round}: {rate:.2} M records/s on one core; {new} new signs asked for in {asking:.2} s"
        );
        for flow in &mut flows {
            (flow.first, flow.last) = (flow.first.plus(ROUND), flow.last.plus(ROUND));
        }
    }
    let counts = detector.counts();
    let used = resident().saturating_sub(before);
    println!(
        "{} lines, {} MB in all, {} bytes for each line and its share of the tables",
        counts.lines,
        used / 1_000_000,
        used / counts.lines.max(1)
    );
    let relays = |sign: &Sign| sign.sign == SignKind::RelayShape && sign.score >= 0.6;
    let seen =
        detector.addresses().into_iter().filter(|line| detector.signs(*line).iter().any(relays)).count();
    println!("{seen} seen relaying of {} planted, {:?}", LINES / 1_000, counts.stitched);
}
