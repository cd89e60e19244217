//! Proxies, relays and bots: each found by the sign that is its own.

use case::Stage;
use flow::{Flow, Way};
use signs::{Allowed, Config, Detector, Sign, SignKind};

use crate::judging::Host;
use crate::traffic::{LINE, address, call, chance, flow, judged, judged_by, server, stranger};

/// Strangers use a proxy on an odd port: each connection in is followed by one out.
pub(crate) fn proxied(at: i64, n: u32, port: u16) -> [Flow; 2] {
    let line = address(LINE);
    let bytes = (700 + u64::from(n * 37 % 400), 4_000 + u64::from(n * 7_919 % 60_000));
    let caller = 40_000 + u16::try_from(n % 20_000).unwrap();
    [
        flow(at, 900, (stranger(n % 7), caller), (line, port), (bytes.0 + 120, bytes.1 + 39)),
        flow(at + 140, 700, (line, caller + 1), (server(n), 443), bytes),
    ]
}

#[test]
fn a_listening_proxy_is_confirmed_within_minutes_of_its_first_use() {
    let flows: Vec<Flow> = (0..12).flat_map(|n| proxied(i64::from(n) * 20_000, n, 48_613)).collect();
    let host = judged(&flows);
    assert_eq!(host.stage, Stage::Confirmed, "{host:#?}");
    let relay = host.signs.iter().find(|sign| sign.sign == SignKind::RelayShape).unwrap();
    assert_eq!(relay.port, Some(48_613), "the odd port is found (P4)");
    assert_eq!(relay.proof.len(), 8);
}

#[test]
fn what_is_allowed_is_not_suspected_and_only_that_port() {
    let flows: Vec<Flow> = (0..12).flat_map(|n| proxied(i64::from(n) * 20_000, n, 3_128)).collect();
    let home = vec!["198.51.100.0/24".parse().unwrap()];
    let allowed: Vec<Allowed> = vec!["198.51.100.66:3128".parse().unwrap()];
    let host = judged_by(Config::new(home.clone()).allowing(allowed), &flows);
    assert_eq!(host.signs, [], "{host:#?}");
    let other: Vec<Allowed> = vec!["198.51.100.66:8080".parse().unwrap()];
    assert_eq!(judged_by(Config::new(home).allowing(other), &flows).stage, Stage::Confirmed);
}

#[test]
fn mail_to_many_servers_from_a_line_that_gets_none_is_suspected() {
    let line = address(LINE);
    let mails: Vec<Flow> = (0..30u16)
        .map(|n| flow(i64::from(n) * 4_000, 2_000, (line, 50_000 + n), (server(n.into()), 25), (9_000, 600)))
        .collect();
    let host = judged(&mails);
    assert_eq!(host.stage, Stage::Suspected, "{host:#?}");
    assert_eq!(host.signs[0].sign, SignKind::SmtpFanout);
}

/// The strongest sign of a kind on a line.
fn sign(host: &Host, kind: SignKind) -> &Sign {
    host.signs.iter().find(|sign| sign.sign == kind).unwrap_or_else(|| panic!("no {kind} in {host:#?}"))
}

#[test]
fn a_proxy_is_found_in_records_of_one_direction_too() {
    let whole = (0..12).flat_map(|n| proxied(i64::from(n) * 20_000, n, 48_613));
    let halves: Vec<Flow> = whole
        .flat_map(|flow| {
            let there = Flow { both_ways: false, reverse: Way::default(), ..flow };
            let back = Flow {
                source: flow.destination,
                destination: flow.source,
                source_port: flow.destination_port,
                destination_port: flow.source_port,
                forward: flow.reverse,
                first: flow.first.plus(1),
                ..there
            };
            [back, there]
        })
        .collect();
    assert_eq!(judged(&halves).stage, Stage::Confirmed);
}

#[test]
fn strangers_served_on_a_new_port_after_a_rare_call_are_the_phone_home() {
    let line = address(LINE);
    let before = flow(0, 400, (line, 50_000), (server(1), 443), (900, 4_000));
    let call = flow(900_000, 700, (line, 50_001), (server(200), 443), (700, 1_200));
    let flows: Vec<Flow> = [before, call]
        .into_iter()
        .chain((0..20).flat_map(|n| proxied(1_000_000 + i64::from(n) * 9_000, n, 31_245)))
        .collect();
    let host = judged(&flows);
    let served = sign(&host, SignKind::CallThenServed);
    assert_eq!((served.port, served.peer), (Some(31_245), Some(server(200))));
    assert!(sign(&host, SignKind::NewListener).port == Some(31_245));
}

#[test]
fn a_small_mail_before_a_port_opens_tells_of_it() {
    let line = address(LINE);
    let before = flow(0, 400, (line, 50_000), (server(1), 443), (900, 4_000));
    let mail = flow(880_000, 2_000, (line, 50_001), (server(9), 25), (1_400, 500));
    let flows: Vec<Flow> = [before, mail]
        .into_iter()
        .chain((0..6).flat_map(|n| proxied(1_000_000 + i64::from(n) * 9_000, n, 31_245)))
        .collect();
    assert_eq!(sign(&judged(&flows), SignKind::MailPhoneHome).peer, Some(server(9)));
}

#[test]
fn what_goes_up_a_tunnel_and_comes_in_elsewhere_is_a_back_connection() {
    let line = address(LINE);
    let mut flows = Vec::new();
    for minute in 0..10i64 {
        let mut total = (0, 0);
        for n in 0..6u32 {
            let id = u32::try_from(minute).unwrap() * 6 + n;
            let bytes = (800, 20_000 + chance(id.into(), 120_000).unsigned_abs());
            let at = minute * 60_000 + i64::from(n) * 8_000;
            flows.push(flow(
                at,
                2_000,
                (line, 50_000 + u16::try_from(id).unwrap()),
                (server(id), 443),
                bytes,
            ));
            total = (total.0 + bytes.0, total.1 + bytes.1);
        }
        // The exporter tells of the tunnel each minute: what the web answered goes up it, what was asked comes down.
        let tunnel = flow(minute * 60_000, 59_000, (line, 49_999), (server(240), 8_022), (total.1, total.0));
        let flags = if minute == 0 { tunnel.forward.flags } else { flow::tcp::ACK };
        let forward = Way { flags: flags & !flow::tcp::FIN, ..tunnel.forward };
        let reverse = Way { flags: flags & !flow::tcp::FIN, ..tunnel.reverse };
        flows.push(Flow { forward, reverse, ..tunnel });
    }
    let host = judged(&flows);
    let tunnel = sign(&host, SignKind::BackConnect);
    assert_eq!((tunnel.peer, tunnel.port), (Some(server(240)), Some(8_022)));
    assert!(host.stage >= Stage::Suspected, "{host:#?}");
}

#[test]
fn a_controller_called_every_half_minute_all_day_is_a_beacon() {
    let line = address(LINE);
    let mut at = 0;
    let calls: Vec<Flow> = (0..900u32)
        .map(|n| {
            // A tenth of jitter, and one call in eight lost.
            at += 27_000 + chance(n.into(), 5_400) + if n % 8 == 0 { 27_000 } else { 0 };
            flow(at, 100, (line, 50_000), (server(3), 80), (300, 200))
        })
        .collect();
    let host = judged(&calls);
    assert_eq!(host.stage, Stage::Suspected, "{host:#?}");
    assert_eq!(sign(&host, SignKind::Beacon).peer, Some(server(3)));
}

#[test]
fn a_worm_tries_many_addresses_on_one_port() {
    let line = address(LINE);
    let tries: Vec<Flow> =
        (0..200u16).map(|n| call(i64::from(n) * 700, (line, 50_000 + n), (server(n.into()), 23))).collect();
    let host = judged(&tries);
    assert_eq!(host.stage, Stage::Suspected, "{host:#?}");
    assert_eq!(sign(&host, SignKind::ScanOut).port, Some(23));
}

#[test]
fn an_answered_search_for_a_trojan_is_told_from_one_that_was_not() {
    let line = address(LINE);
    let alive = flow(0, 400, (line, 50_000), (server(1), 443), (900, 4_000));
    let unanswered = judged(&[alive, call(60_000, (stranger(1), 4_000), (line, 27_374))]);
    let answered = judged(&[alive, flow(60_000, 900, (stranger(1), 4_000), (line, 27_374), (200, 700))]);
    let score = |host: &Host| sign(host, SignKind::TrojanScanIn).score;
    assert!(score(&unanswered) < 0.1);
    assert!(score(&answered) > 0.3);
    assert!(sign(&answered, SignKind::TrojanScanIn).why.contains("SubSeven"));
}

#[test]
fn new_signs_are_told_once_and_again_only_when_they_grow() {
    let mut detector = Detector::new(Config::new(vec!["198.51.100.0/24".parse().unwrap()]));
    let mut told = Vec::new();
    for n in 0..60 {
        proxied(i64::from(n) * 20_000, n, 48_613).iter().for_each(|flow| detector.see(flow));
        told.extend(detector.new_signs().into_iter().filter(|sign| sign.sign == SignKind::RelayShape));
    }
    assert!((2..15).contains(&told.len()), "told {} times", told.len());
    assert!(told.windows(2).all(|pair| pair[0].score < pair[1].score));
    assert_eq!(detector.new_signs(), []);
}

#[test]
fn a_watched_line_is_looked_at_more_closely_and_only_as_long_as_it_is_watched() {
    let home: Vec<ipnet::IpNet> = vec!["198.51.100.0/24".parse().unwrap()];
    // The line is heard of three minutes before strangers greet a new port: too short a while to call it new, and too few
    // words to call it used.
    let greeted = |n: u8| {
        flow(
            180_000 + 1_000 * i64::from(n),
            300,
            (stranger(n.into()), 40_000),
            (address(LINE), 48_613),
            (60, 90),
        )
    };
    let mut flows = vec![flow(0, 400, (address(LINE), 30_000), (server(1), 443), (900, 9_000))];
    flows.extend((1..=6).map(greeted));
    let signs = |watched: &[&str]| {
        let mut detector = Detector::new(Config::new(home.clone()));
        detector.watch(watched.iter().map(|net| net.parse().unwrap()));
        flows.iter().for_each(|flow| detector.see(flow));
        detector.finish();
        let mut names: Vec<&str> =
            detector.signs(address(LINE)).iter().map(|sign| sign.sign.name()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(signs(&[]), [] as [&str; 0]);
    assert_eq!(signs(&["198.51.100.250/32"]), [] as [&str; 0], "another line");
    let net = format!("{LINE}/32");
    assert_eq!(signs(&[&net]), ["answered-stranger", "new-listener"]);
}

#[test]
fn after_a_restart_a_new_port_is_new_at_once_and_an_old_one_is_not() {
    let config = || Config::new(vec!["198.51.100.0/24".parse().unwrap()]);
    let served = |at: i64, n: u32, port: u16| {
        flow(at, 400, (stranger(n), 40_000), (address(LINE), port), (800, 9_000))
    };
    let mut before = Detector::new(config());
    before.see(&flow(0, 400, (address(LINE), 30_000), (server(1), 443), (900, 9_000)));
    before.see(&served(60_000, 1, 8_123));
    before.see(&served(700_000, 2, 8_123));
    before.finish();
    let learnt: Vec<signs::Learnt> = before.learnt().collect();
    let new_ports = |mut detector: Detector| {
        for (n, port) in [(3, 8_123), (4, 48_613), (5, 48_613)] {
            detector.see(&served(800_000 + 1_000 * i64::from(n), n, port));
        }
        detector.finish();
        let signs = detector.signs(address(LINE));
        let new = signs.iter().filter(|sign| sign.sign == SignKind::NewListener);
        new.filter_map(|sign| sign.port).collect::<Vec<u16>>()
    };
    assert_eq!(new_ports(Detector::new(config())), [] as [u16; 0], "it has not learnt what is old");
    let mut after = Detector::new(config());
    after.recall(learnt.iter().cloned());
    assert_eq!(new_ports(after), [48_613]);
    let mut elsewhere = Detector::new(Config::new(vec!["203.0.113.0/24".parse().unwrap()]));
    elsewhere.recall(learnt);
    assert_eq!(elsewhere.counts().lines, 0, "what is not home is not kept");
}
