//! Lies, floods and clocks that are wrong: memory stays bounded, and nobody is accused.

use std::net::IpAddr;

use case::Stage;
use flow::{ExporterId, Flow, Millis, StitchLimits, Way, protocol};
use proptest::prelude::*;
use signs::{Config, Detector};

use crate::judging;
use crate::proxies::proxied;
use crate::traffic::{LINE, address, call, flow, judged};

fn config() -> Config {
    let stitch = StitchLimits { connections: 4_096, ..StitchLimits::default() };
    Config {
        lines: 1_000,
        stitch,
        ..Config::new(vec!["198.51.100.0/24".parse().unwrap(), "10.0.0.0/8".parse().unwrap()])
    }
}

fn numbered(n: u32) -> IpAddr {
    IpAddr::from(n.wrapping_mul(2_654_435_761).to_be_bytes())
}

#[test]
fn a_flood_of_forged_strangers_against_one_line_accuses_it_of_nothing() {
    let mut detector = Detector::new(config());
    detector.see(&flow(0, 10, (address(LINE), 50_000), (address("192.0.2.1"), 443), (900, 4_000)));
    for n in 0..1_000_000u32 {
        let port = u16::try_from(n % 65_535).unwrap() + 1;
        detector.see(&call(i64::from(n / 10), (numbered(n), 1_024), (address(LINE), port)));
    }
    detector.finish();
    let host = judging::host(&detector, address(LINE));
    assert!(host.stage <= Stage::Watching, "{host:#?}");
}

#[test]
fn a_million_home_addresses_touched_once_leave_a_thousand_behind() {
    let mut detector = Detector::new(config());
    for n in 0..1_000_000u32 {
        let [_, b, c, d] = n.to_be_bytes();
        let source = IpAddr::from([10, b, c, d]);
        detector.see(&flow(i64::from(n / 100), 5, (source, 40_000), (address("192.0.2.1"), 443), (300, 300)));
    }
    detector.finish();
    assert_eq!(detector.counts().lines, 1_000);
    assert_eq!(detector.counts().evicted, 999_000);
    assert!(judging::hosts(&detector).iter().all(|host| host.stage <= Stage::Watching));
}

#[test]
fn last_years_records_and_next_years_are_counted_and_passed_over() {
    let mut detector = Detector::new(config());
    let year = 365 * 86_400_000;
    for n in 0..12 {
        let at = i64::from(n) * 20_000;
        proxied(at, n, 48_613).iter().for_each(|flow| detector.see(flow));
        detector.see(&flow(at - year, 10, (address(LINE), 1), (address("192.0.2.9"), 25), (1, 1)));
        detector.see(&flow(at + year, 10, (address(LINE), 1), (address("192.0.2.9"), 25), (1, 1)));
    }
    let counts = detector.counts();
    assert_eq!((counts.stale, counts.early), (12, 12));
    assert_eq!(judging::host(&detector, address(LINE)).stage, Stage::Confirmed, "the liar hides nobody");
}

#[test]
fn time_that_runs_backwards_changes_little() {
    let mut flows: Vec<Flow> = (0..24).flat_map(|n| proxied(i64::from(n) * 20_000, n, 48_613)).collect();
    let forwards = judged(&flows).stage;
    let mut detector = Detector::new(config());
    flows.reverse();
    flows.iter().for_each(|flow| detector.see(flow));
    detector.finish();
    assert_eq!(judging::host(&detector, address(LINE)).stage, forwards);
}

fn any_flow() -> impl Strategy<Value = Flow> {
    let way = || {
        let count = prop_oneof![0u64..9, any::<u64>()];
        (count.clone(), count, any::<u8>()).prop_map(|(packets, bytes, flags)| Way { packets, bytes, flags })
    };
    let times = prop_oneof![0i64..10_000_000, any::<i64>()];
    let ports = || prop_oneof![Just(25u16), Just(443), Just(27_374), 0u16..5, any::<u16>()];
    let ends = (0u8..6, 0u8..6, ports(), ports());
    (times, 0i64..4_000_000, ends, any::<bool>(), way(), way(), 0u8..3).prop_map(
        |(first, length, (from, to, source_port, destination_port), both_ways, forward, reverse, kind)| {
            let end =
                |n: u8| if n < 3 { IpAddr::from([198, 51, 100, n]) } else { IpAddr::from([203, 0, 113, n]) };
            Flow {
                first: Millis(first),
                last: Millis(first.saturating_add(length)),
                source: end(from),
                destination: end(to),
                source_port,
                destination_port,
                protocol: [protocol::TCP, protocol::UDP, protocol::ICMP][usize::from(kind)],
                both_ways,
                forward,
                reverse: if both_ways { reverse } else { Way::default() },
                sampling: 1,
                exporter: ExporterId(u32::from(from % 2)),
                translated: None,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_comes_every_sign_is_well_formed(flows in prop::collection::vec(any_flow(), 0..600)) {
        let mut detector = Detector::new(config());
        for flow in &flows {
            detector.see(flow);
        }
        detector.finish();
        for host in judging::hosts(&detector) {
            prop_assert!((0.0..=1.0).contains(&host.score));
            for sign in &host.signs {
                prop_assert!((0.0..=1.0).contains(&sign.score), "{sign:?}");
                prop_assert!(sign.proof.len() <= 8);
                prop_assert!(!sign.why.is_empty());
            }
        }
        prop_assert!(detector.counts().lines <= 1_000);
    }
}
