//! The traps of the in-memory night.

use desk::{TrapCounts, TrapNetwork, TrapPort, TrapVisit, TrapWanted, TrapsView};
use jiff::SignedDuration;

use super::now;

/// A search for SOCKS proxies, one of our lines among the visitors, and a datagram whose source nobody has shown.
pub fn usual() -> TrapsView {
    let wanted = |what, family, hour, day, new| TrapWanted { what, family, hour, day, new };
    let port = |port, transport, hour, day, new| TrapPort { port, transport, hour, day, new };
    let network = |network: &str, hour, day, ours| TrapNetwork {
        network: network.to_owned(),
        hour,
        day,
        new: hour > 900,
        ours,
    };
    TrapsView {
        since: now() - SignedDuration::from_hours(30),
        now: now(),
        counts: TrapCounts {
            prefixes: vec!["203.0.113.240/28".to_owned()],
            connections: 84_212,
            refused: 3,
            datagrams: 1_204,
            answered: 12,
            pings: 77,
            lost: 0,
        },
        kept: 512,
        wanted: vec![
            wanted("socks5", "proxy", 1_204, 8_112, true),
            wanted("telnet", "login", 990, 31_000, false),
            wanted("netbus", "trojan", 3, 41, false),
        ],
        ports: vec![
            port(48_613, "tcp", 1_204, 8_000, true),
            port(23, "tcp", 990, 31_000, false),
            port(2048, "icmp", 2, 77, false),
        ],
        networks: vec![
            network("198.51.100.0/24", 1_204, 8_112, false),
            network("203.0.113.0/24", 4, 4, true),
        ],
        recent: vec![
            visit(0, true, "socks5", "proxy", b"\x05\x01\x00"),
            visit(4, true, "http", "web", b"GET /<script>alert(1)</script> H"),
            visit(9, false, "unknown", "other", b"hello?"),
            visit(12, true, "netbus", "trojan", b""),
        ],
        crowded_out: 0,
    }
}

fn visit(seconds: i64, handshake: bool, what: &'static str, family: &'static str, first: &[u8]) -> TrapVisit {
    TrapVisit {
        at: now() - SignedDuration::from_secs(seconds),
        source: [198, 51, 100, 9].into(),
        trap: [203, 0, 113, 241].into(),
        port: 48_613,
        transport: if handshake { "tcp" } else { "udp" },
        handshake,
        what,
        family,
        said: !first.is_empty() && handshake,
        hex: first.iter().map(|byte| format!("{byte:02x}")).collect(),
        text: first.escape_ascii().to_string(),
    }
}
