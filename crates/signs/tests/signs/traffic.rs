//! Flows of a line, put together by hand: who called whom, when, with how many bytes each way.

use std::net::IpAddr;

use flow::{ExporterId, Flow, Millis, Way, protocol, tcp};
use signs::{Config, Detector};

use crate::judging::{self, Host};

/// The line that all stories are about.
pub(crate) const LINE: &str = "198.51.100.66";

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The `n`th stranger outside: distinct networks for distinct numbers.
pub(crate) fn stranger(n: u32) -> IpAddr {
    IpAddr::from([203, 0, 113, u8::try_from(n % 250).unwrap() + 1])
}

/// The `n`th web or mail server outside.
pub(crate) fn server(n: u32) -> IpAddr {
    IpAddr::from([192, 0, 2, u8::try_from(n % 250).unwrap() + 1])
}

/// A number below `most` that looks like chance and is the same in every run.
pub(crate) fn chance(n: u64, most: u64) -> i64 {
    let mixed = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    i64::try_from((mixed ^ (mixed >> 32)) % most).unwrap()
}

/// One whole connection.
pub(crate) fn flow(
    at: i64,
    lasts: i64,
    source: (IpAddr, u16),
    destination: (IpAddr, u16),
    bytes: (u64, u64),
) -> Flow {
    let way = |bytes: u64, begins: bool| Way {
        packets: 4 + bytes / 1_000,
        bytes: bytes + 52 * (4 + bytes / 1_000),
        flags: tcp::ACK | tcp::PSH | tcp::FIN | if begins { tcp::SYN } else { tcp::SYN | tcp::ACK },
    };
    Flow {
        first: Millis(1_700_000_000_000 + at),
        last: Millis(1_700_000_000_000 + at + lasts),
        source: source.0,
        destination: destination.0,
        source_port: source.1,
        destination_port: destination.1,
        protocol: protocol::TCP,
        both_ways: true,
        forward: way(bytes.0, true),
        reverse: way(bytes.1, false),
        sampling: 1,
        exporter: ExporterId(0),
        translated: None,
    }
}

/// A call that nobody answers.
pub(crate) fn call(at: i64, source: (IpAddr, u16), destination: (IpAddr, u16)) -> Flow {
    let way = Way { packets: 1, bytes: 60, flags: tcp::SYN };
    Flow { forward: way, reverse: Way::default(), ..flow(at, 0, source, destination, (0, 0)) }
}

/// The same over UDP.
pub(crate) fn udp(flow: Flow) -> Flow {
    let plain = |way: Way| Way { flags: 0, ..way };
    Flow { protocol: protocol::UDP, forward: plain(flow.forward), reverse: plain(flow.reverse), ..flow }
}

/// What the detector says of the line once it has seen these, in order of their ends.
pub(crate) fn judged(flows: &[Flow]) -> Host {
    judged_by(Config::new(vec!["198.51.100.0/24".parse().unwrap()]), flows)
}

pub(crate) fn judged_by(config: Config, flows: &[Flow]) -> Host {
    let mut detector = Detector::new(config);
    let mut flows = flows.to_vec();
    flows.sort_by_key(|flow| flow.last);
    for flow in &flows {
        detector.see(flow);
    }
    detector.finish();
    judging::host(&detector, address(LINE))
}
