//! Outside addresses that try ports of trojans and proxies at several of our lines (P13). The signs of a line say that it was
//! tried; who goes through a neighbourhood shows only across lines.

use std::collections::HashMap;
use std::net::IpAddr;

use case::{Home, ScannerHeard};
use flow::{Flow, Millis, protocol, tcp};

use crate::exposure::ScannerSeen;

/// So many of our addresses beside each other, within an hour: one is a caller, two may be a mistake.
const LINES: usize = 3;
/// An hour, by the flows.
const HOUR: i64 = 3_600_000;
/// Scanners and neighbourhoods remembered at once; those who come when it is full wait for the next hour.
const REMEMBERED: usize = 16_384;
/// The first bits of an address that make a neighbourhood: 24 of IPv4, 64 of IPv6.
const NEIGHBOURS: (u32, u32) = (8, 64);

/// What one scanner did in one neighbourhood.
#[derive(Debug, Clone, Copy)]
struct Tried {
    lines: [Option<IpAddr>; LINES],
    told: bool,
}

/// Who tries what in this hour.
#[derive(Debug)]
pub(super) struct Scanners {
    home: Home,
    hour: i64,
    tried: HashMap<(IpAddr, u128), Tried>,
    found: Vec<ScannerSeen>,
}

impl Scanners {
    pub(super) fn new(home: Home) -> Scanners {
        Scanners { home, hour: 0, tried: HashMap::new(), found: Vec::new() }
    }

    /// Looks at a flow; `now` is the time by the flows.
    pub(super) fn see(&mut self, flow: &Flow, now: Millis) {
        let Some(port) = signs::sought(flow.destination_port, flow.protocol) else { return };
        if !begins(flow) || !self.home.contains(flow.destination) || self.home.contains(flow.source) {
            return;
        }
        let hour = now.0.div_euclid(HOUR);
        if hour > self.hour {
            (self.hour, self.tried) = (hour, HashMap::new());
        }
        let place = (flow.source, neighbourhood(flow.destination));
        if !self.tried.contains_key(&place) && self.tried.len() >= REMEMBERED {
            return;
        }
        let fresh = Tried { lines: [None; LINES], told: false };
        let tried = self.tried.entry(place).or_insert(fresh);
        if tried.told || !tried.add(flow.destination) {
            return;
        }
        tried.told = true;
        self.found.extend(flow.first.timestamp().map(|at| ScannerSeen {
            scanner: flow.source,
            ours: flow.destination,
            port: Some(port.port),
            at,
            by: ScannerHeard::Flows,
        }));
    }

    /// Those found since the last call.
    pub(super) fn found(&mut self) -> Vec<ScannerSeen> {
        std::mem::take(&mut self.found)
    }
}

impl Tried {
    /// Notes a line; whether there are enough of them now.
    fn add(&mut self, line: IpAddr) -> bool {
        if !self.lines.contains(&Some(line))
            && let Some(free) = self.lines.iter_mut().find(|place| place.is_none())
        {
            *free = Some(line);
        }
        self.lines.iter().all(Option::is_some)
    }
}

/// Whether the source of a flow began it. Of one direction alone only a bare SYN says so: answers have such ports too.
fn begins(flow: &Flow) -> bool {
    if flow.both_ways {
        return true;
    }
    flow.protocol == protocol::TCP && flow.forward.flags & (tcp::SYN | tcp::ACK) == tcp::SYN
}

fn neighbourhood(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits() >> NEIGHBOURS.0),
        IpAddr::V6(v6) => v6.to_bits() >> NEIGHBOURS.1,
    }
}

#[cfg(test)]
mod tests {
    use flow::Way;

    use super::*;
    use crate::traffic::evidence::tests::flow;

    fn knock(from: u8, to: u8, port: u16) -> Flow {
        let syn = Way { packets: 1, bytes: 44, flags: tcp::SYN };
        let (from, to) = (IpAddr::from([198, 51, 100, from]), IpAddr::from([203, 0, 113, to]));
        Flow {
            forward: syn,
            reverse: Way::default(),
            both_ways: false,
            destination_port: port,
            ..flow(from, to)
        }
    }

    fn found(flows: &[Flow]) -> Vec<IpAddr> {
        let home = Home::new(["203.0.113.0/24".parse().expect("a prefix")]).expect("a home");
        let mut scanners = Scanners::new(home);
        flows.iter().for_each(|flow| scanners.see(flow, Millis(HOUR)));
        scanners.found().into_iter().map(|seen| seen.scanner).collect()
    }

    #[test]
    fn whoever_tries_three_lines_beside_each_other_is_told_of_once() {
        let scan: Vec<Flow> = (1..=200).map(|line| knock(9, line, 27_374)).collect();
        assert_eq!(found(&scan), [IpAddr::from([198, 51, 100, 9])]);
        assert_eq!(
            found(&[knock(9, 1, 27_374), knock(9, 2, 27_374), knock(9, 1, 27_374)]),
            [] as [IpAddr; 0]
        );
    }

    #[test]
    fn visitors_of_web_servers_answers_and_our_own_are_no_scanners() {
        let web: Vec<Flow> = (1..=20).map(|line| knock(9, line, 443)).collect();
        let ack = |flow: Flow| Flow { forward: Way { flags: tcp::SYN | tcp::ACK, ..flow.forward }, ..flow };
        let answers: Vec<Flow> = (1..=20).map(|line| ack(knock(9, line, 27_374))).collect();
        let ours = |flow: Flow| Flow { source: IpAddr::from([203, 0, 113, 250]), ..flow };
        let own: Vec<Flow> = (1..=20).map(|line| ours(knock(9, line, 27_374))).collect();
        for flows in [web, answers, own] {
            assert_eq!(found(&flows), [] as [IpAddr; 0]);
        }
    }

    #[test]
    fn a_crowd_of_forged_sources_fills_no_memory() {
        let home = Home::new(["203.0.113.0/24".parse().expect("a prefix")]).expect("a home");
        let mut scanners = Scanners::new(home);
        for n in 0..100_000u32 {
            let forged =
                Flow { source: IpAddr::from((0xc633_0000 + n).to_be_bytes()), ..knock(9, 1, 27_374) };
            scanners.see(&forged, Millis(HOUR));
        }
        assert_eq!(scanners.tried.len(), REMEMBERED);
        scanners.see(&knock(9, 1, 27_374), Millis(2 * HOUR));
        assert_eq!(scanners.tried.len(), 1);
    }
}
