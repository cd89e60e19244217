//! A night is the same for the same seed, and is such a night as was asked for.

mod found;

use std::collections::HashMap;
use std::fs::File;

use flow::{Flow, Millis};

use super::night::{Night, Order};
use super::planted::Plant;
use super::sink::Sink;
use super::{place, truth};

fn order(seed: u64) -> Order {
    Order {
        lines: 400,
        minutes: 180,
        seed,
        proxies: 12,
        plants: &Plant::ALL,
        begin: Millis(1_772_323_200_000),
    }
}

fn all(seed: u64) -> Vec<Flow> {
    let mut night = Night::new(order(seed));
    std::iter::from_fn(|| night.turn()).flatten().collect()
}

#[test]
fn the_same_seed_gives_the_same_night_and_another_seed_another() {
    assert_eq!(all(1), all(1));
    assert_ne!(all(1), all(2));
}

#[test]
fn flows_come_in_the_order_of_their_ends() {
    let flows = all(3);
    assert!(flows.len() > 10_000, "{}", flows.len());
    assert!(flows.is_sorted_by_key(|flow| flow.last));
    assert!(flows.iter().all(|flow| flow.first <= flow.last && flow.first >= order(3).begin.plus(-1000)));
}

#[test]
fn what_is_written_is_read_back_by_the_reader_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("night.ipfix");
    let mut sink = Sink::open(path.to_str().unwrap(), order(6).begin, None).unwrap();
    let mut night = Night::new(order(6));
    let mut told = 0;
    let mut now = order(6).begin;
    while let Some(flows) = night.turn() {
        now = now.plus(60_000);
        sink.take(now, &flows).unwrap();
        told += flows.len();
    }
    sink.close().unwrap();
    let mut read = Vec::new();
    let summary =
        flow::files::read(File::open(&path).unwrap(), &mut |flow| read.push(Flow { sampling: 1, ..flow }));
    assert_eq!(summary.flows, u64::try_from(told).unwrap());
    let number = read[0].exporter;
    let expected: Vec<Flow> = all(6).into_iter().map(|flow| Flow { exporter: number, ..flow }).collect();
    assert!(read == expected, "the flows differ from those that were written");
}

#[test]
fn what_is_written_as_parquet_is_found_in_the_lake() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = Sink::open(&format!("parquet:{}", folder.path().display()), order(6).begin, None).unwrap();
    let mut night = Night::new(order(6));
    while let Some(flows) = night.turn() {
        sink.take(order(6).begin, &flows).unwrap();
    }
    sink.close().unwrap();
    let flows = all(6);
    let bytes: u64 = flows.iter().map(|flow| flow.forward.bytes + flow.reverse.bytes).sum();
    let threads = tokio::runtime::Runtime::new().unwrap();
    for order in ["by_home", "by_peer"] {
        let statement = format!("SELECT count(*), sum(bytes_in + bytes_out) FROM {order}");
        let answer = threads.block_on(async {
            let lake = lake::Lake::open(folder.path(), lake::Limits::default()).await?;
            lake.sql(&statement, 1).await
        });
        let found: Vec<_> = answer.unwrap().rows.concat().iter().map(|cell| cell.as_u64().unwrap()).collect();
        assert_eq!(found, [u64::try_from(flows.len()).unwrap(), bytes], "{order}");
    }
}

#[test]
fn few_lines_do_most() {
    let mut bytes: HashMap<_, u64> = HashMap::new();
    for flow in all(4) {
        *bytes.entry(flow.source).or_default() += flow.forward.bytes + flow.reverse.bytes;
    }
    let mut bytes: Vec<u64> = bytes.into_values().collect();
    bytes.sort_unstable_by(|one, other| other.cmp(one));
    let busiest: u64 = bytes.iter().take(bytes.len() / 10).sum();
    assert!(busiest * 2 > bytes.iter().sum::<u64>(), "the busiest tenth has less than half");
}

#[test]
fn every_plant_shows_from_its_time_on_and_the_truth_names_it() {
    let night = Night::new(order(5));
    let flows = all(5);
    let mut told = Vec::new();
    truth::write(&night, Millis(0), Millis(1), &mut told).unwrap();
    let told = String::from_utf8(told).unwrap();
    assert_eq!(night.planted().len(), 12);
    for planted in night.planted() {
        let address = place::home(planted.line);
        assert!(told.contains(&format!("{address}\"")), "{planted:?}");
        let of_it = |flow: &&Flow| {
            (flow.source == address || flow.destination == address) && flow.destination_port == planted.port
        };
        let after = flows.iter().filter(of_it).filter(|flow| flow.first >= planted.from).count();
        assert!(after >= 10, "{planted:?}: {after}");
    }
}
