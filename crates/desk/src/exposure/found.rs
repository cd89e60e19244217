//! From what the flows on disk say of a scanner to signs on the lines that let it in.

use std::net::IpAddr;

use flow::protocol;
use jiff::SignedDuration;
use lake::{ExposedHost, Exposure, Listener, Reply, TouchedPort};

use case::{Let, ScannerHeard, exposed};
use signs::{Allowed, Sign, SignKind};

/// An address outside that came to fewer of ours than this is nobody's scanner by our own flows, whatever is said of it: it
/// may be a customer of the one it came to.
const TOUCHED_AT_LEAST: usize = 2;
/// Lines of one question that get a sign. More is a whole network without firewalls, which is not told line by line.
const LINES_AT_MOST: usize = 256;
/// New listeners of one line that get a sign.
const LISTENERS: usize = 2;

/// What is told of a scanner beside the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) heard: ScannerHeard,
    /// Whether it is the second look: the scan itself was told of at the first.
    pub(super) again: bool,
    pub(super) allowed: &'a [Allowed],
}

/// The signs that follow from an answer, without the flows that prove them.
pub(super) fn signs(answer: &Exposure, told: Told<'_>) -> Vec<Sign> {
    if answer.hosts.len() < TOUCHED_AT_LEAST {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut lines = 0;
    for host in &answer.hosts {
        let before = found.len();
        if !told.again {
            found.extend(let_in(answer, host, told));
        }
        let new = host.new_listeners.iter().filter_map(|one| since(answer, host, one, told));
        found.extend(new.take(LISTENERS));
        lines += usize::from(found.len() > before);
        if lines >= LINES_AT_MOST {
            tracing::warn!(
                scanner = %answer.question.scanner, net = %answer.question.net, touched = answer.hosts.len(),
                "so many lines let this scanner in that not all of them get a heads-up"
            );
            break;
        }
    }
    found
}

/// The port that let the scanner in furthest.
fn let_in(answer: &Exposure, host: &ExposedHost, told: Told<'_>) -> Option<Sign> {
    let worth = host.ports.iter().filter_map(|port| Some((worth(host.address, port, told.allowed)?, port)));
    let (score, port) = worth.max_by_key(|(score, port)| (*score, port.bytes_out))?;
    let known =
        signs::sought(port.port, port.protocol).map_or_else(String::new, |one| format!(" ({})", one.name));
    let answered = if port.reply == Reply::Answered {
        format!("was answered with {} bytes", port.bytes_out)
    } else {
        "found it open".to_owned()
    };
    let why = format!(
        "{} came to {} of our addresses in {} and to {} port {}{known} of this one, and {answered}; known from {}.",
        answer.question.scanner,
        answer.hosts.len(),
        answer.question.net,
        transport(port.protocol),
        port.port,
        told.heard,
    );
    Some(Sign {
        sign: SignKind::TrojanScanIn,
        address: host.address,
        score: per_mille(score),
        peer: Some(answer.question.scanner),
        port: Some(port.port),
        first: port.first,
        last: port.last,
        flows: u64::try_from(host.ports.len()).unwrap_or(1),
        why,
        proof: Vec::new(),
    })
}

fn worth(address: IpAddr, port: &TouchedPort, allowed: &[Allowed]) -> Option<u16> {
    let sought = signs::sought(port.port, port.protocol).is_some();
    // A datagram back looks the same from a game, a telephone and a tunnel; of TCP a handshake says that the port is open.
    let tells = port.protocol == protocol::TCP || (port.protocol == protocol::UDP && sought);
    let seen = match port.reply {
        Reply::Answered => Let::Answer,
        Reply::Opened => Let::Open,
        Reply::Refused | Reply::Silent => return None,
    };
    let meant = allowed.iter().any(|one| one.covers(address, Some(port.port)));
    if meant || !tells { None } else { exposed(port.port, seen, sought) }
}

/// A port that answers since the scan.
fn since(answer: &Exposure, host: &ExposedHost, one: &Listener, told: Told<'_>) -> Option<Sign> {
    let meant = told.allowed.iter().any(|allowed| allowed.covers(host.address, Some(one.port)));
    if meant || one.protocol != protocol::TCP {
        return None;
    }
    let score = exposed(one.port, Let::NewListener, signs::sought(one.port, one.protocol).is_some())?;
    let why = format!(
        "Tcp port {} answers {} others since {}, after {} had come to this address; it answered nobody in the days before; known from {}.",
        one.port, one.peers, one.first, answer.question.scanner, told.heard,
    );
    Some(Sign {
        sign: SignKind::NewListener,
        address: host.address,
        score: per_mille(score),
        peer: None,
        port: Some(one.port),
        first: one.first,
        last: one.last,
        flows: one.flows,
        why,
        proof: Vec::new(),
    })
}

fn transport(number: u8) -> &'static str {
    if number == protocol::UDP { "udp" } else { "tcp" }
}

fn per_mille(score: u16) -> f32 {
    f32::from(score) / 1000.0
}

/// How long after a scan it is looked a second time for what listens since: who gets in seldom waits longer.
pub(super) const SECOND_LOOK: SignedDuration = SignedDuration::from_hours(24);

#[cfg(test)]
mod tests {
    use flow::Millis;
    use lake::{Coverage, Exposed, ExposureQuestion};

    use super::*;

    fn port(port: u16, reply: Reply) -> TouchedPort {
        let at = Millis(1_000);
        TouchedPort { port, protocol: protocol::TCP, reply, first: at, last: at, bytes_out: 100 }
    }

    fn host(last: u8, ports: Vec<TouchedPort>) -> ExposedHost {
        ExposedHost {
            address: IpAddr::from([203, 0, 113, last]),
            exposed: Exposed::Touched,
            first: Millis(1_000),
            ports,
            new_listeners: Vec::new(),
        }
    }

    fn found(hosts: Vec<ExposedHost>, allowed: &[Allowed]) -> Vec<(u8, &'static str, u16)> {
        let scanner = IpAddr::from([198, 51, 100, 9]);
        let all = Coverage { hours: 1, held: 1 };
        let question =
            ExposureQuestion::around(scanner, IpAddr::from([203, 0, 113, 1]), Millis(0), Millis(9));
        let answer =
            Exposure { question, hosts, coverage: all, coverage_before: all, sampling: 1, left_out: 0 };
        let told = Told { heard: ScannerHeard::Trap, again: false, allowed };
        let of = |sign: Sign| {
            let IpAddr::V4(address) = sign.address else { panic!("an IPv4 address") };
            (address.octets()[3], sign.sign.name(), sign.port.expect("a port"))
        };
        signs(&answer, told).into_iter().map(of).collect()
    }

    #[test]
    fn who_answered_is_told_once_with_its_worst_port_and_who_hid_or_refused_is_not() {
        let hosts = vec![
            host(1, vec![port(27_374, Reply::Silent)]),
            host(2, vec![port(27_374, Reply::Refused)]),
            host(3, vec![port(5_555, Reply::Opened), port(27_374, Reply::Answered)]),
            host(4, vec![port(443, Reply::Answered)]),
        ];
        assert_eq!(found(hosts, &[]), [(3, "trojan-scan-in", 27_374)]);
    }

    #[test]
    fn a_caller_of_one_line_is_no_scanner_whoever_says_so() {
        assert_eq!(found(vec![host(3, vec![port(27_374, Reply::Answered)])], &[]), []);
    }

    #[test]
    fn what_is_allowed_may_be_scanned() {
        let hosts =
            || vec![host(1, vec![port(3_128, Reply::Silent)]), host(3, vec![port(3_128, Reply::Answered)])];
        assert_eq!(found(hosts(), &["203.0.113.3:3128".parse().expect("an end")]), []);
        assert_eq!(found(hosts(), &[]), [(3, "trojan-scan-in", 3_128)]);
    }

    #[test]
    fn what_listens_since_is_told_of() {
        let since = Listener {
            port: 48_613,
            protocol: protocol::TCP,
            first: Millis(5_000),
            last: Millis(9_000),
            peers: 12,
            flows: 40,
            bytes_in: 1,
            bytes_out: 1,
        };
        let silent = |last| host(last, vec![port(27_374, Reply::Silent)]);
        let hosts = vec![silent(1), ExposedHost { new_listeners: vec![since], ..silent(2) }];
        assert_eq!(found(hosts, &[]), [(2, "new-listener", 48_613)]);
    }
}
