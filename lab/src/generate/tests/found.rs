//! What the detectors find in a night, kind by kind.

use std::collections::BTreeMap;
use std::net::IpAddr;

use flow::Millis;
use signs::{Config, Detector, Standing};

use crate::generate::night::{Night, Order};
use crate::generate::place;

/// How far the lines of one kind were brought: all of them, then by standing from `Watching` on.
type Row = [u32; 4];

/// Plants that flows alone must bring to `suspected`, every one.
const SUSPECTED: [&str; 3] = ["listening-proxy", "spam-bot", "worm"];
/// Plants of which half must be watched at least: a tunnel's bytes are hard to tell from a busy line's own, and one call
/// home in ten minutes from a push service's.
const WATCHED: [&str; 2] = ["back-connect", "beacon"];

#[test]
fn what_is_planted_is_found_and_nobody_harmless_is_suspected() {
    let mut night = Night::new(Order {
        lines: 1500,
        minutes: 300,
        seed: 20_261_125,
        proxies: 24,
        begin: Millis(1_772_388_000_000),
    });
    let mut detector = Detector::new(Config::new(vec!["10.0.0.0/8".parse().unwrap()]));
    while let Some(flows) = night.turn() {
        flows.iter().for_each(|flow| detector.see(flow));
    }
    detector.finish();
    let standings: BTreeMap<IpAddr, Standing> =
        detector.hosts().into_iter().map(|host| (host.address, host.stage)).collect();
    let table = table(&night, &standings);
    println!("{:16} lines watching suspected confirmed", "");
    for (kind, [all, watching, suspected, confirmed]) in &table {
        println!("{kind:16} {all:5} {watching:8} {suspected:9} {confirmed:9}");
    }
    for kind in SUSPECTED {
        let [all, _, suspected, confirmed] = table[kind];
        assert_eq!(suspected + confirmed, all, "{kind}");
    }
    for kind in WATCHED {
        let [all, watching, suspected, confirmed] = table[kind];
        assert!((watching + suspected + confirmed) * 2 >= all, "{kind}");
    }
    let harmless = table
        .iter()
        .filter(|(kind, _)| !night.planted().iter().any(|planted| planted.plant.name() == **kind));
    let wrong: Vec<_> = harmless.filter(|(_, row)| row[2] + row[3] > 0).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

fn table(night: &Night, standings: &BTreeMap<IpAddr, Standing>) -> BTreeMap<&'static str, Row> {
    let mut table: BTreeMap<&'static str, Row> = BTreeMap::new();
    for line in night.lines() {
        let planted = night.planted().iter().find(|planted| planted.line == line.number);
        let kind =
            planted.map(|planted| planted.plant.name()).or(line.kind.look_alike()).unwrap_or("household");
        let row = table.entry(kind).or_default();
        row[0] += 1;
        match standings.get(&place::home(line.number)) {
            Some(Standing::Watching) => row[1] += 1,
            Some(Standing::Suspected) => row[2] += 1,
            Some(Standing::Confirmed) => row[3] += 1,
            _ => {}
        }
    }
    table
}
