//! What is written is what is read, whatever it is and however often files are merged.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod world;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use flow::{ExporterId, Flow, Millis, Translated, Way};
use jiff::SignedDuration;
use lake::{Lake, Limits, Taken, Writer};
use proptest::prelude::*;
use serde_json::json;
use world::{DAY, HOUR, MINUTE, TWO, files, home, ip, knock, talk};

fn any_address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0_u8..4).prop_map(|last| IpAddr::from([203, 0, 113, last])),
        any::<u32>().prop_map(|bits| IpAddr::from(Ipv4Addr::from_bits(bits))),
        (0_u16..4).prop_map(|last| IpAddr::from([0x2001, 0xdb8, 7, 0, 0, 0, 0, last])),
        any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).to_canonical()),
    ]
}

fn any_way() -> impl Strategy<Value = Way> {
    (any::<u64>(), any::<u64>(), any::<u8>()).prop_map(|(packets, bytes, flags)| Way {
        packets,
        bytes,
        flags,
    })
}

prop_compose! {
    fn any_flow()(
        first in TWO.0 - 3 * HOUR..TWO.0 + 3 * HOUR,
        length in prop_oneof![0..2000_i64, Just(0), 0..30 * DAY],
        source in any_address(),
        destination in any_address(),
        (source_port, destination_port, protocol) in (any::<u16>(), any::<u16>(), any::<u8>()),
        (forward, reverse) in (any_way(), any_way()),
        both_ways in any::<bool>(),
        (sampling, exporter) in (any::<u32>(), any::<u32>()),
        translated in proptest::option::of((any_address(), any::<u16>())),
    ) -> Flow {
        Flow {
            first: Millis(first), last: Millis(first + length), source, destination, source_port, destination_port,
            protocol, both_ways, forward, reverse, sampling, exporter: ExporterId(exporter),
            translated: translated.map(|(address, port)| Translated { address, port }),
        }
    }
}

fn sorted(mut flows: Vec<Flow>) -> Vec<String> {
    flows.sort_by_key(|flow| (flow.first, format!("{flow:?}")));
    flows.iter().map(|flow| format!("{flow:?}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_flow_of_a_home_address_comes_back_as_it_was(
        parts in proptest::collection::vec(proptest::collection::vec(any_flow(), 0..60), 1..6),
        settle in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(folder.path(), home(), None).unwrap();
        let mut taken = Taken::default();
        for part in &parts {
            let more = writer.write(part).unwrap();
            taken.rows += more.rows;
            taken.foreign += more.foreign;
            writer.flush().unwrap();
        }
        if settle {
            writer.settle().unwrap();
        }
        let flows: Vec<Flow> = parts.concat();
        let ours = |flow: &Flow| [flow.source, flow.destination].into_iter().filter(|at| home().contains(*at)).count();
        prop_assert_eq!(taken.rows, flows.iter().map(ours).sum::<usize>() as u64);
        prop_assert_eq!(taken.foreign, flows.iter().filter(|flow| ours(flow) == 0).count() as u64);
        let asked = async {
            let lake = Lake::open(folder.path(), Limits::default()).await.unwrap();
            let homes: BTreeSet<IpAddr> =
                flows.iter().flat_map(|flow| [flow.source, flow.destination]).filter(|at| home().contains(*at)).collect();
            for at in homes {
                let read = lake.flows(at, TWO.plus(-DAY), TWO.plus(DAY), 10_000).await.unwrap();
                // A flow from an address to itself has two rows, one for each end.
                let written: Vec<Flow> = flows
                    .iter()
                    .flat_map(|flow| [flow.source, flow.destination].map(|end| (end, *flow)))
                    .filter(|(end, _)| *end == at)
                    .map(|(_, flow)| flow)
                    .collect();
                assert_eq!(sorted(read), sorted(written));
            }
            let counts = lake.sql("SELECT (SELECT count(*) FROM by_home) AS h, (SELECT count(*) FROM by_peer) AS p", 1).await.unwrap();
            assert_eq!(counts.rows, [[json!(taken.rows), json!(taken.rows)]], "both orders have the same rows");
        };
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(asked);
    }
}

#[tokio::test]
async fn files_of_an_hour_become_one_and_late_flows_join_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path(), home(), None).unwrap();
    let mut clock = TWO;
    for minute in 0..60 {
        writer
            .write(&talk(TWO.plus(minute * MINUTE), ("203.0.113.5", 50_000), ("192.0.2.1", 443), 900))
            .unwrap();
        clock = TWO.plus(minute * MINUTE);
        writer.tick(clock).unwrap();
    }
    assert!(files(folder.path(), "by-home").len() < 40, "what is merged is removed after a while");
    let settled = |writer: &mut Writer, mut clock: Millis| {
        for _ in 0..20 {
            clock = clock.plus(5 * MINUTE);
            writer.tick(clock).unwrap();
        }
        clock
    };
    clock = settled(&mut writer, clock);
    assert_eq!(files(folder.path(), "by-home").len(), 1);
    writer.write(&talk(TWO.plus(7 * MINUTE), ("203.0.113.5", 50_001), ("192.0.2.1", 443), 900)).unwrap();
    settled(&mut writer, clock);
    let lake = Lake::open(folder.path(), Limits::default()).await.unwrap();
    let all = lake.flows(ip("203.0.113.5"), TWO, TWO.plus(HOUR), 1000).await.unwrap();
    assert_eq!(all.len(), 122);
    assert!(files(folder.path(), "by-peer").len() <= 2, "{:?}", files(folder.path(), "by-peer"));
}

#[tokio::test]
async fn what_is_older_than_is_kept_is_deleted_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path(), home(), Some(SignedDuration::from_hours(48))).unwrap();
    for hours in [0, 1, 30, 60] {
        writer
            .write(&talk(TWO.plus(hours * HOUR), ("203.0.113.5", 50_000), ("192.0.2.1", 443), 900))
            .unwrap();
    }
    writer.flush().unwrap();
    let ticked = writer.tick(TWO.plus(61 * HOUR)).unwrap();
    let retired = ticked.retired.unwrap();
    assert_eq!((retired.hours, retired.rows), (2, 4));
    assert_eq!((retired.from, retired.to), (TWO, TWO.plus(2 * HOUR)));
    assert!(retired.bytes > 0);
    assert_eq!(writer.tick(TWO.plus(61 * HOUR)).unwrap().retired, None, "said once");
    assert_eq!(files(folder.path(), "by-peer").len(), 2);
    let late = writer.write(&knock(TWO, ("192.0.2.1", 1), ("203.0.113.5", 2))).unwrap();
    assert_eq!(
        late,
        Taken { untimely: 1, ..Taken::default() },
        "what would be deleted at once is not written"
    );
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_its_rows_come_from_the_other_order() {
    let folder = tempfile::tempdir().unwrap();
    let flows = talk(TWO, ("203.0.113.5", 50_000), ("192.0.2.1", 443), 900);
    let lake = world::filled(folder.path(), &flows).await;
    let [file] = files(folder.path(), "by-peer").try_into().unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 3;
    bytes[4..middle].fill(0xff);
    std::fs::write(&file, &bytes).unwrap();
    std::fs::write(folder.path().join("by-home/notes.txt"), "not a file of ours").unwrap();
    let found = lake.who_talks_to(ip("192.0.2.1"), TWO, TWO.plus(HOUR), 10).await.unwrap();
    assert_eq!(found.talkers.iter().map(|one| one.flows).collect::<Vec<_>>(), [2]);
    assert!(files(folder.path(), "by-peer")[0].display().to_string().ends_with(".broken"));
}

#[tokio::test]
async fn two_writers_may_write_to_one_lake() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = Writer::open(folder.path(), home(), None).unwrap();
    let mut other = Writer::open(folder.path(), home(), None).unwrap();
    for n in 0..10 {
        one.write(&talk(TWO.plus(n), ("203.0.113.5", 50_000), ("192.0.2.1", 443), 900)).unwrap();
        other.write(&talk(TWO.plus(n), ("203.0.113.5", 50_001), ("192.0.2.1", 443), 900)).unwrap();
        one.flush().unwrap();
        other.flush().unwrap();
    }
    one.settle().unwrap();
    other.settle().unwrap();
    let lake = Lake::open(folder.path(), Limits::default()).await.unwrap();
    assert_eq!(lake.flows(ip("203.0.113.5"), TWO, TWO.plus(HOUR), 1000).await.unwrap().len(), 40);
}
