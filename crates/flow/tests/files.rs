//! Files of every kind that is read, each with what must come of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use flow::files::{self, DoubtKind, Reader, Summary};
use flow::{Flow, Way};

mod files_read {
    mod bounds;
    mod hostile;
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn read(bytes: &[u8]) -> (Summary, Vec<Flow>) {
    let mut flows = Vec::new();
    let summary = files::read(bytes, &mut |flow| flows.push(flow));
    (summary, flows)
}

#[test]
fn each_fixture_gives_what_stands_beside_it() {
    for entry in fs::read_dir(fixtures()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let (summary, flows) = read(&fs::read(&path).unwrap());
        assert_eq!(summary.flows, flows.len() as u64, "{name}");
        insta::assert_snapshot!(name, told(&summary, &flows));
    }
}

#[test]
fn data_in_one_file_waits_for_its_template_in_the_next() {
    let messages = fs::read(fixtures().join("messages.ipfix")).unwrap();
    let (template, data) = messages.split_at(usize::from(u16::from_be_bytes([messages[2], messages[3]])));
    let mut reader = Reader::default();
    let mut flows = Vec::new();
    let alone = reader.read(data, &mut |flow| flows.push(flow));
    assert_eq!((alone.flows, alone.doubts[0].kind), (0, DoubtKind::NoTemplate));
    let then = reader.read(template, &mut |flow| flows.push(flow));
    assert_eq!((then.flows, flows.len()), (1, 1));
    assert_eq!(flows[0].destination_port, 443);
}

#[test]
fn a_capture_gives_its_flows_in_the_order_of_their_ends() {
    let (_, flows) = read(&fs::read(fixtures().join("ethernet.pcap")).unwrap());
    assert!(flows.len() > 10 && flows.is_sorted_by_key(|flow| flow.last));
}

/// What a reader of the snapshot has to see: what came of the file, and each flow on a line. Flows that come again are
/// shown once.
fn told(summary: &Summary, flows: &[Flow]) -> String {
    let mut text = format!(
        "{} flows={} passed={} compressed={}\n",
        summary.format, summary.flows, summary.passed, summary.compressed
    );
    for doubt in &summary.doubts {
        writeln!(text, "doubt {} x{} first at {}", doubt.kind, doubt.count, doubt.first).unwrap();
    }
    let mut lines: Vec<String> = Vec::new();
    for flow in flows {
        let line = line(flow);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    text + &lines.join("\n")
}

fn line(flow: &Flow) -> String {
    let arrow = if flow.both_ways { "<->" } else { "-->" };
    let mut line = format!(
        "{} +{} ms  proto {}  {} {} {arrow} {} {}  {} / {}",
        flow.first,
        flow.last.since(flow.first),
        flow.protocol,
        flow.source,
        flow.source_port,
        flow.destination,
        flow.destination_port,
        way(flow.forward),
        way(flow.reverse),
    );
    if flow.sampling != 1 {
        write!(line, "  sampling {}", flow.sampling).unwrap();
    }
    if let Some(translated) = flow.translated {
        write!(line, "  as {} {}", translated.address, translated.port).unwrap();
    }
    line
}

fn way(way: Way) -> String {
    let letters = "FSRPAU".chars().enumerate().filter(|(bit, _)| way.flags & (1 << bit) != 0);
    format!("{}p {}B {}", way.packets, way.bytes, letters.map(|(_, letter)| letter).collect::<String>())
}
