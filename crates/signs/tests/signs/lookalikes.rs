//! What only looks like a proxy, by name: none of these is confirmed, and hardly any is suspected.

use case::Stage;
use flow::Flow;
use signs::{Config, Detector};

use crate::judging::{self, Host};
use crate::traffic::{LINE, address, call, chance, flow, judged, server, stranger, udp};

const MINUTE: i64 = 60_000;

fn line() -> std::net::IpAddr {
    address(LINE)
}

fn port(n: u32) -> u16 {
    40_000 + u16::try_from(n % 20_000).unwrap()
}

/// An evening at the browser: pages of many objects, hosts of all kinds, pauses.
fn browsing() -> Vec<Flow> {
    (0..400u32)
        .map(|n| {
            let page = chance(u64::from(n / 12), 7_200_000);
            let bytes = (
                600 + chance(n.into(), 900).unsigned_abs(),
                chance(u64::from(n) + 7, 90_000).unsigned_abs() + 300,
            );
            flow(page + chance(n.into(), 2_500), 400, (line(), port(n)), (server(n % 97), 443), bytes)
        })
        .collect()
}

fn with_browsing(flows: impl IntoIterator<Item = Flow>) -> Host {
    judged(&flows.into_iter().chain(browsing()).collect::<Vec<Flow>>())
}

/// The same flows on this line and on twenty neighbours': a device or program that is in common use.
fn with_neighbours(flows: &[Flow]) -> Host {
    let mut detector = Detector::new(Config::new(vec!["198.51.100.0/24".parse().unwrap()]));
    let mut all: Vec<Flow> = (100u8..120)
        .flat_map(|n| {
            let neighbour = std::net::IpAddr::from([198, 51, 100, n]);
            flows.iter().map(move |flow| Flow { source: neighbour, ..*flow })
        })
        .chain(flows.iter().copied())
        .collect();
    all.sort_by_key(|flow| flow.last);
    all.iter().for_each(|flow| detector.see(flow));
    detector.finish();
    judging::host(&detector, line())
}

#[track_caller]
fn harmless(host: &Host) {
    assert!(host.stage < Stage::Suspected, "{host:#?}");
}

#[test]
fn browsing_is_no_sign() {
    assert!(judged(&browsing()).stage <= Stage::HeadsUp, "{:#?}", judged(&browsing()));
}

#[test]
fn a_scanned_server_relays_nothing() {
    let scans = (0..3_000u32)
        .map(|n| call(i64::from(n) * 900, (stranger(n), 41_000), (line(), u16::try_from(n + 1).unwrap())));
    let banners =
        (0..60u32).map(|n| flow(i64::from(n) * 40_000, 400, (stranger(n), 42_000), (line(), 22), (30, 900)));
    let own = (0..200u32).map(|n| {
        flow(chance(n.into(), 2_600_000), 300, (line(), 50_000), (server(n % 3), 443), (900, 4_000))
    });
    let host = judged(&scans.chain(banners).chain(own).collect::<Vec<Flow>>());
    assert!(host.stage <= Stage::HeadsUp, "{host:#?}");
}

#[test]
fn time_from_a_time_server_is_no_sign() {
    let polls = (0..300).map(|n| udp(flow(n * 64_000, 30, (line(), 123), (server(1), 123), (48, 48))));
    assert_eq!(judged(&polls.collect::<Vec<Flow>>()).stage, Stage::HeadsUp);
}

#[test]
fn system_updates_are_asked_for_and_fetched() {
    let asks = (0..24).map(|n| {
        flow(
            n * 60 * MINUTE + chance(n.unsigned_abs(), 90_000),
            900,
            (line(), 50_001),
            (server(3), 443),
            (1_500, 6_000),
        )
    });
    let fetched = (0..40u32).map(|n| {
        flow(
            3_600_000 + i64::from(n) * 4_000,
            3_500,
            (line(), port(n)),
            (server(4 + n % 3), 80),
            (400, 9_000_000),
        )
    });
    harmless(&with_browsing(asks.chain(fetched)));
}

#[test]
fn package_managers_call_their_mirrors_in_bursts() {
    let fetched = (0..300u32)
        .map(|n| flow(i64::from(n) * 350, 300, (line(), port(n)), (server(n % 4), 443), (700, 240_000)));
    harmless(&judged(&fetched.collect::<Vec<Flow>>()));
}

#[test]
fn push_services_keep_one_connection_for_hours() {
    let kept = [(17, 5_223), (18, 5_228)].map(|(n, service)| {
        flow(0, 9 * 3_600_000, (line(), 51_000 + n), (server(n.into()), service), (60_000, 90_000))
    });
    let again =
        (0..30).map(|n| flow(n * 28 * MINUTE, 60_000, (line(), 52_000), (server(19), 443), (400, 500)));
    harmless(&with_browsing(kept.into_iter().chain(again)));
}

#[test]
fn an_antivirus_cloud_is_asked_every_five_minutes() {
    let asks = (0..280).map(|n| flow(n * 301_600, 100, (line(), 53_000), (server(20), 8_883), (222, 400)));
    harmless(&with_browsing(asks));
}

#[test]
fn things_that_keep_alive_each_minute_are_known_by_their_neighbours() {
    let beats: Vec<Flow> = (0..300)
        .map(|n| {
            flow(
                n * MINUTE + chance(n.unsigned_abs(), 900),
                80,
                (line(), 54_000),
                (server(30), 443),
                (300, 900),
            )
        })
        .collect();
    harmless(&with_neighbours(&beats));
}

#[test]
fn a_mail_server_mails_many_and_gets_mail() {
    let out = (0..60u16).map(|n| {
        flow(i64::from(n) * 4_000, 2_000, (line(), 50_000 + n), (server(n.into()), 25), (9_000, 600))
    });
    let back = (0..40u32)
        .map(|n| flow(i64::from(n) * 6_000, 1_500, (stranger(n), 40_000), (line(), 25), (9_100, 620)));
    harmless(&judged(&out.chain(back).collect::<Vec<Flow>>()));
}

#[test]
fn a_mail_server_hands_on_what_it_takes_in() {
    let mails = (0..80u32).flat_map(|n| {
        let (at, size) = (i64::from(n) * 9_000, 3_000 + chance(n.into(), 40_000).unsigned_abs());
        [
            flow(at, 900, (stranger(n), port(n)), (line(), if n % 2 == 0 { 25 } else { 587 }), (size, 600)),
            flow(at + 700, 900, (line(), port(n)), (server(n % 40), 25), (size, 600)),
        ]
    });
    harmless(&judged(&mails.collect::<Vec<Flow>>()));
}

#[test]
fn a_web_server_is_called_by_everybody() {
    let visits = (0..900u32)
        .map(|n| flow(i64::from(n) * 2_000, 900, (stranger(n), port(n)), (line(), 443), (900, 30_000)));
    harmless(&with_browsing(visits));
}

#[test]
fn a_reverse_proxy_relays_to_its_own_backend_alone() {
    let visits = (0..300u32).flat_map(|n| {
        let (at, size) = (chance(n.into(), 1_800_000), 2_000 + chance(n.into(), 60_000).unsigned_abs());
        [
            flow(at, 300, (stranger(n), port(n)), (line(), 8_443), (700, size)),
            flow(at + 20, 250, (line(), port(n) + 1), (server(7 + n % 2), 8_080), (720, size)),
        ]
    });
    harmless(&judged(&visits.collect::<Vec<Flow>>()));
}

#[test]
fn a_game_server_answers_strangers_and_calls_nobody() {
    let players = (0..60u32).flat_map(|n| {
        let at = i64::from(n) * MINUTE + 20 * MINUTE;
        [
            udp(flow(at, 900_000, (stranger(n), 27_005), (line(), 27_015), (900_000, 4_000_000))),
            flow(at, 600_000, (stranger(n), port(n)), (line(), 25_565), (90_000, 2_000_000)),
        ]
    });
    harmless(&with_browsing(players));
}

#[test]
fn a_swarm_is_many_strangers_at_ports_of_their_own_both_ways() {
    let swarm = (0..600u32).map(|n| {
        let at = chance(n.into(), 5_400_000);
        let odd = 10_000 + u16::try_from(chance(u64::from(n) + 3, 50_000)).unwrap();
        let bytes = (
            chance(u64::from(n) + 5, 400_000).unsigned_abs(),
            chance(u64::from(n) + 9, 900_000).unsigned_abs(),
        );
        match n % 4 {
            0 => flow(at, 90_000, (stranger(n), odd), (line(), 51_413), bytes),
            1 => udp(flow(at, 500, (line(), 51_413), (stranger(n), odd), (120, 300))),
            2 => call(at, (line(), port(n)), (stranger(n + 11), odd)),
            _ => flow(at, 90_000, (line(), port(n)), (stranger(n + 5), odd), bytes),
        }
    });
    harmless(&with_browsing(swarm));
}

#[test]
fn a_tunnel_of_ones_own_has_all_in_it_and_nothing_beside_it() {
    let site = [udp(flow(0, 7_200_000, (line(), 51_820), (server(40), 51_820), (40_000_000, 300_000_000)))];
    let shell = [flow(60_000, 6_000_000, (line(), 55_000), (server(41), 22), (3_000_000, 9_000_000))];
    harmless(&with_browsing(site.into_iter().chain(shell)));
}

#[test]
fn telephony_goes_both_ways_at_odd_ports() {
    let calls = (0..20u32).map(|n| {
        udp(flow(
            i64::from(n) * 300_000,
            180_000,
            (line(), 16_384),
            (stranger(n), 17_000 + u16::try_from(n).unwrap()),
            (1_400_000, 1_400_000),
        ))
    });
    harmless(&with_browsing(calls));
}

#[test]
fn a_resolver_asks_others_what_it_is_asked() {
    let asked = (0..500u32).flat_map(|n| {
        let at = i64::from(n) * 1_000;
        [
            udp(flow(at, 30, (stranger(n), port(n)), (line(), 53), (60, 200))),
            udp(flow(at + 2, 20, (line(), port(n)), (server(n % 60), 53), (60, 200))),
        ]
    });
    harmless(&judged(&asked.collect::<Vec<Flow>>()));
}

#[test]
fn a_household_behind_one_address_is_only_busy() {
    let busy = (0..2_000u32).map(|n| {
        let bytes = (900, chance(u64::from(n) + 1, 200_000).unsigned_abs() + 500);
        flow(chance(u64::from(n) * 3 + 1, 7_200_000), 900, (line(), port(n)), (server(n % 211), 443), bytes)
    });
    harmless(&with_browsing(busy));
}

#[test]
fn a_call_tried_again_by_the_system_is_one_call() {
    // The same ports: five SYNs of one call, each told in a record of its own.
    let tries = (0..40).flat_map(|n| {
        [0, 1, 3, 7, 15].map(|after| {
            let at = n * 120_000 + after * 1_000;
            Flow {
                both_ways: false,
                ..call(at, (line(), 56_000 + u16::try_from(n).unwrap()), (server(50), 443))
            }
        })
    });
    harmless(&judged(&tries.collect::<Vec<Flow>>()));
}

#[test]
fn a_service_that_is_down_is_called_in_vain() {
    let tries = (0..400u32).map(|n| call(i64::from(n) * 1_000, (line(), port(n)), (server(51), 443)));
    harmless(&judged(&tries.collect::<Vec<Flow>>()));
}

#[test]
fn an_onion_router_mixes_what_it_relays() {
    let relayed = (0..200u32).map(|n| {
        let bytes =
            (chance(n.into(), 3_000_000).unsigned_abs(), chance(u64::from(n) + 1, 3_000_000).unsigned_abs());
        let at = chance(u64::from(n) + 2, 3_600_000);
        if n % 2 == 0 {
            flow(at, 600_000, (stranger(n), port(n)), (line(), 9_001), bytes)
        } else {
            flow(at, 600_000, (line(), port(n)), (server(n), 9_001), bytes)
        }
    });
    harmless(&judged(&relayed.collect::<Vec<Flow>>()));
}
