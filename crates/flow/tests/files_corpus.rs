//! Every file of a set of samples gives as many flows, over as long a time, as is known of it. The set is not part of the
//! tree: set NIGHTDESK_CORPUS to a directory whose `flows` folder holds a `manifest.tsv` (file, kind, …, flows, duration_s).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use flow::files::{self, Format, Summary};
use flow::{Flow, Millis, protocol};

/// What the manifest says of one file.
struct Known {
    file: String,
    kind: String,
    flows: Option<u64>,
    seconds: Option<f64>,
}

fn manifest(folder: &Path) -> Vec<Known> {
    let text = fs::read_to_string(folder.join("manifest.tsv")).unwrap();
    let mut lines = text.lines();
    let names: HashMap<&str, usize> = lines.next().unwrap().split('\t').zip(0..).collect();
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let cell = |name: &str| cells.get(names[name]).copied().unwrap_or_default();
            Known {
                file: cell("file").to_owned(),
                kind: cell("kind").to_owned(),
                flows: cell("flows").parse().ok(),
                seconds: cell("duration_s").parse().ok(),
            }
        })
        .collect()
}

fn read(path: &Path) -> (Summary, Vec<Flow>) {
    let mut flows = Vec::new();
    let summary = files::read(File::open(path).unwrap(), &mut |flow| flows.push(flow));
    (summary, flows)
}

/// How many flows the manifest would count. Of captures it counts conversations of TCP and UDP alone; of Argus's records
/// all, also those of ARP and of its own.
fn counted(known: &Known, summary: &Summary, flows: &[Flow]) -> u64 {
    match known.kind.as_str() {
        "pcap" => conversations(flows).len() as u64,
        "binetflow" => summary.flows + summary.passed,
        _ => summary.flows,
    }
}

/// The first pieces of conversations: a capture tells of a long one in several, and the manifest counts it once.
fn conversations(flows: &[Flow]) -> Vec<&Flow> {
    // When the piece before ended, and whether its connection was answered: a SYN is said again only until then.
    let mut ended: HashMap<_, (Millis, bool)> = HashMap::new();
    let mut whole = Vec::new();
    let mut flows: Vec<&Flow> =
        flows.iter().filter(|flow| matches!(flow.protocol, protocol::TCP | protocol::UDP)).collect();
    flows.sort_by_key(|flow| flow.first);
    for flow in flows {
        let mut ends = [(flow.source, flow.source_port), (flow.destination, flow.destination_port)];
        ends.sort_unstable();
        let is_tcp = flow.protocol == protocol::TCP;
        let idle = if is_tcp { 300_000 } else { 60_000 };
        let begins = is_tcp && flow.forward.flags & 0x02 != 0;
        let before = ended.insert((flow.protocol, ends), (flow.last, flow.reverse.packets > 0));
        if before.is_none_or(|(last, answered)| begins && answered || flow.first.0 - last.0 > idle) {
            whole.push(flow);
        }
    }
    whole
}

/// From the first beginning to the last one, which is what the manifest calls the duration.
fn seconds<'f>(flows: impl Iterator<Item = &'f Flow>) -> f64 {
    let begun: Vec<i64> = flows.map(|flow| flow.first.0).collect();
    let span = begun.iter().max().zip(begun.iter().min()).map_or(0, |(last, first)| last - first);
    f64::from(i32::try_from(span / 100).unwrap()) / 10.0
}

#[test]
fn each_sample_gives_as_many_flows_over_as_long_a_time_as_is_known_of_it() {
    let Some(folder) = std::env::var_os("NIGHTDESK_CORPUS").map(|corpus| PathBuf::from(corpus).join("flows"))
    else {
        return;
    };
    let mut wrong = Vec::new();
    for known in manifest(&folder) {
        let (summary, flows) = read(&folder.join(&known.file));
        assert!(flows.iter().all(|flow| flow.last >= flow.first), "{}", known.file);
        let Some(expected) = known.flows else {
            assert!(
                flows.is_empty() && matches!(summary.format, Format::OtherLog | Format::Unknown),
                "{}",
                known.file
            );
            continue;
        };
        let counted = counted(&known, &summary, &flows);
        if counted != expected {
            wrong.push(format!("{}: {counted} flows, not {expected}", known.file));
        }
        // Records that are no flows have times too.
        let spanned = seconds(
            if known.kind == "pcap" { conversations(&flows) } else { flows.iter().collect::<Vec<_>>() }
                .into_iter(),
        );
        if summary.passed == 0 && known.seconds.is_some_and(|known| (known - spanned).abs() > 0.2) {
            wrong.push(format!("{}: {spanned} s, not {:?}", known.file, known.seconds));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
