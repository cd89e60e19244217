//! What only looks like a proxy, by name: none of these is confirmed, and few are even suspected.

use flow::Flow;
use signs::Standing;

use crate::traffic::{LINE, address, call, chance, flow, judged, server, stranger, udp};

#[test]
fn a_scanned_server_relays_nothing() {
    let line = address(LINE);
    let scans = (0..3_000u32)
        .map(|n| call(i64::from(n) * 900, (stranger(n), 41_000), (line, u16::try_from(n + 1).unwrap())));
    let banners =
        (0..60u32).map(|n| flow(i64::from(n) * 40_000, 400, (stranger(n), 42_000), (line, 22), (30, 900)));
    let own = (0..200u32)
        .map(|n| flow(chance(n.into(), 2_600_000), 300, (line, 50_000), (server(n % 3), 443), (900, 4_000)));
    let host = judged(&scans.chain(banners).chain(own).collect::<Vec<Flow>>());
    assert!(host.stage <= Standing::HeadsUp, "{host:#?}");
}

#[test]
fn time_from_a_time_server_is_no_sign() {
    let line = address(LINE);
    let polls: Vec<Flow> =
        (0..300).map(|n| udp(flow(n * 64_000, 30, (line, 123), (server(1), 123), (48, 48)))).collect();
    assert_eq!(judged(&polls).stage, Standing::HeadsUp);
}

#[test]
fn a_mail_server_mails_many_and_gets_mail() {
    let line = address(LINE);
    let out = (0..60u16)
        .map(|n| flow(i64::from(n) * 4_000, 2_000, (line, 50_000 + n), (server(n.into()), 25), (9_000, 600)));
    let back = (0..40u32)
        .map(|n| flow(i64::from(n) * 6_000, 1_500, (stranger(n), 40_000), (line, 25), (9_100, 620)));
    let host = judged(&out.chain(back).collect::<Vec<Flow>>());
    assert!(host.stage < Standing::Suspected, "{host:#?}");
}
