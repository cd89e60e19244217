//! What the flows of the fake night show: a scan of a /24 and the day of a host that became a proxy.

use std::net::{IpAddr, Ipv4Addr};

use desk::{
    Coverage, Exposed, ExposedHost, Exposure, ExposureQuestion, Listener, Millis, Partner, Reply, Step,
    Timeline, TouchedPort, WentTo,
};
use ipnet::IpNet;
use jiff::Timestamp;
use web::OfficeError;

const MINUTE: i64 = 60_000;

/// A scan that touched every third address, was refused by some, answered by few, and left one new listener.
pub(crate) fn exposure(scanner: IpAddr, net: IpNet, at: Timestamp) -> Result<Exposure, OfficeError> {
    let at = Millis::from(at);
    let question = ExposureQuestion { net, ..ExposureQuestion::around(scanner, net.addr(), at, at) };
    let hosts = match net {
        IpNet::V4(net) => net.hosts().filter_map(|address| exposed(address, at)).collect(),
        IpNet::V6(_) => Vec::new(),
    };
    let coverage = Coverage { hours: 3, held: 3 };
    let coverage_before = Coverage { hours: 169, held: 61 };
    Ok(Exposure { question, hosts, coverage, coverage_before, sampling: 1, left_out: 0 })
}

fn exposed(address: Ipv4Addr, at: Millis) -> Option<ExposedHost> {
    let [.., last] = address.octets();
    let (exposed, reply) = match last {
        66 => (Exposed::NewListener, Reply::Answered),
        18 | 200 => (Exposed::Answered, Reply::Answered),
        111 => (Exposed::Opened, Reply::Opened),
        last if last % 7 == 0 => (Exposed::Refused, Reply::Refused),
        last if last % 3 == 0 => (Exposed::Touched, Reply::Silent),
        _ => return None,
    };
    let port = TouchedPort { port: 3128, protocol: 6, reply, first: at, last: at, bytes_out: 0 };
    let new_listeners = if exposed == Exposed::NewListener { vec![listener(48_613, at)] } else { Vec::new() };
    Some(ExposedHost { address: address.into(), exposed, first: at, ports: vec![port], new_listeners })
}

fn listener(port: u16, at: Millis) -> Listener {
    Listener {
        port,
        protocol: 6,
        first: at.plus(40 * MINUTE),
        last: at.plus(600 * MINUTE),
        peers: 214,
        flows: 8120,
        bytes_in: 71_000_000,
        bytes_out: 2_400_000_000,
    }
}

/// A quiet host until half way, then a proxy; addresses that do not end in 66 are not home.
pub(crate) fn timeline(address: IpAddr, since: Timestamp, until: Timestamp) -> Result<Timeline, OfficeError> {
    if !address.to_string().ends_with("66") {
        return Err(OfficeError::CannotSay(format!("{address} is not in the home prefixes")));
    }
    let (since, until) = (Millis::from(since), Millis::from(until));
    let step = 10 * MINUTE;
    let steps = (0..144)
        .map(|n: i64| {
            let busy = if n > 70 { (n * 37 % 23 + 40).unsigned_abs() } else { 0 };
            Step {
                at: since.plus(n * step),
                strangers: usize::try_from(busy / 2).unwrap_or(0),
                came: busy + u64::from(n % 5 == 0),
                answered: busy,
                went: busy + (n % 11).unsigned_abs(),
                bytes_in: 1000 * busy,
                bytes_out: 90_000 * busy,
            }
        })
        .collect();
    let partner = |address: &str, came| Partner {
        address: address.parse().unwrap(),
        connections: 310,
        came,
        bytes_in: 1_900_000,
        bytes_out: 64_000_000,
        first: since.plus(700 * MINUTE),
        last: until.plus(-3 * MINUTE),
    };
    Ok(Timeline {
        address,
        since,
        until,
        step,
        steps,
        listeners: vec![listener(48_613, since.plus(690 * MINUTE)), listener(22, since)],
        partners: vec![partner("198.51.100.7", 0), partner("192.0.2.77", 310)],
        went_to: vec![WentTo { port: 443, protocol: 6, connections: 4100, peers: 811 }],
        flows: 12_345,
        coverage: Coverage { hours: 25, held: 24 },
        left_out: 0,
    })
}
