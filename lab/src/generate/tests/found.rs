//! What the detectors find in a night, kind by kind.

#[path = "../../../../crates/signs/tests/judging/mod.rs"]
mod judging;

use std::collections::BTreeMap;
use std::net::IpAddr;

use case::Stage;
use flow::Millis;
use signs::{Config, Detector, Sign};

use crate::generate::Plant;
use crate::generate::night::{Night, Order};
use crate::generate::place;

/// How far the lines of one kind were brought: all of them, those worth watching and no more, suspected, confirmed.
type Row = [u32; 4];

/// A line with a sign of this score is worth watching.
const WORTH_WATCHING: f32 = 0.3;

/// Plants that flows alone must bring to `suspected`, every one.
const SUSPECTED: [&str; 4] = ["listening-proxy", "back-connect", "spam-bot", "worm"];
/// Plants that must be watched, every one: that a trojan's port answers is no more than a hint.
const WATCHED: [&str; 1] = ["trojan"];
/// Plants of which half must be watched at least: one call home in ten minutes is hard to tell from a push service's.
const WATCHED_BY_HALF: [&str; 1] = ["beacon"];

#[test]
fn what_is_planted_is_found_and_nobody_harmless_is_suspected() {
    let mut night = Night::new(Order {
        lines: 1500,
        minutes: 300,
        seed: 20_261_125,
        proxies: 60,
        plants: &Plant::ALL,
        begin: Millis(1_772_388_000_000),
    });
    let mut detector = Detector::new(Config::new(vec!["10.0.0.0/8".parse().unwrap()]));
    while let Some(flows) = night.turn() {
        flows.iter().for_each(|flow| detector.see(flow));
    }
    detector.finish();
    let standings: BTreeMap<IpAddr, (Stage, f32)> = judging::hosts(&detector)
        .into_iter()
        .map(|host| (host.address, (host.stage, strongest(&host.signs))))
        .collect();
    let table = table(&night, &standings);
    println!("{:16} lines watching suspected confirmed", "");
    for (kind, [all, watching, suspected, confirmed]) in &table {
        println!("{kind:16} {all:5} {watching:8} {suspected:9} {confirmed:9}");
    }
    for kind in SUSPECTED {
        let [all, _, suspected, confirmed] = table[kind];
        assert_eq!(suspected + confirmed, all, "{kind}");
    }
    let watched = |kind: &str| table[kind].iter().skip(1).sum::<u32>();
    for kind in WATCHED {
        assert_eq!(watched(kind), table[kind][0], "{kind}");
    }
    for kind in WATCHED_BY_HALF {
        assert!(watched(kind) * 2 >= table[kind][0], "{kind}");
    }
    let harmless = table
        .iter()
        .filter(|(kind, _)| !night.planted().iter().any(|planted| planted.plant.name() == **kind));
    let wrong: Vec<_> = harmless.filter(|(_, row)| row[2] + row[3] > 0).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

fn strongest(signs: &[Sign]) -> f32 {
    signs.iter().map(|sign| sign.score).fold(0.0, f32::max)
}

fn table(night: &Night, standings: &BTreeMap<IpAddr, (Stage, f32)>) -> BTreeMap<&'static str, Row> {
    let mut table: BTreeMap<&'static str, Row> = BTreeMap::new();
    for line in night.lines() {
        let planted = night.planted().iter().find(|planted| planted.line == line.number);
        let kind =
            planted.map(|planted| planted.plant.name()).or(line.kind.look_alike()).unwrap_or("household");
        let row = table.entry(kind).or_default();
        row[0] += 1;
        match standings.get(&place::home(line.number)) {
            Some((Stage::Suspected, _)) => row[2] += 1,
            Some((Stage::Confirmed, _)) => row[3] += 1,
            Some((_, strongest)) if *strongest >= WORTH_WATCHING => row[1] += 1,
            _ => {}
        }
    }
    table
}
