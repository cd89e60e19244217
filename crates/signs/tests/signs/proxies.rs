//! Proxies, relays and bots: each found by the sign that is its own.

use flow::Flow;
use signs::{Allowed, Config, SignKind, Standing};

use crate::traffic::{LINE, address, flow, judged, judged_by, server, stranger};

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
    assert_eq!(host.stage, Standing::Confirmed, "{host:#?}");
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
    assert_eq!(judged_by(Config::new(home).allowing(other), &flows).stage, Standing::Confirmed);
}

#[test]
fn mail_to_many_servers_from_a_line_that_gets_none_is_suspected() {
    let line = address(LINE);
    let mails: Vec<Flow> = (0..30u16)
        .map(|n| flow(i64::from(n) * 4_000, 2_000, (line, 50_000 + n), (server(n.into()), 25), (9_000, 600)))
        .collect();
    let host = judged(&mails);
    assert_eq!(host.stage, Standing::Suspected, "{host:#?}");
    assert_eq!(host.signs[0].sign, SignKind::SmtpFanout);
}
