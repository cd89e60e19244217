//! What the signs say of traffic made in the lab: real proxies and harmless programs, told by real exporters.
//!
//! `NIGHTDESK_TRAFFIC` names a folder of runs as `cargo xtask lab traffic --out` makes them, each with `truth.tsv`, files of
//! an nfcapd in `v5`, `v9` and `ipfix`, and `traffic.pcap`. Without it there is nothing to hold the signs against.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot be set up has failed")]

mod judging;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use case::Stage;
use flow::{Flow, Millis};
use signs::{Allowed, Config, Detector};

const HOME: &str = "198.51.100.0/24";
/// A relaying line must be found this soon after its first use.
const SOON: i64 = 600_000;

/// One line of the truth.
struct Line {
    address: IpAddr,
    truth: String,
    role: String,
    first_use: Option<Millis>,
    allowed: Option<Allowed>,
}

/// What was said of it, and when it was first suspected.
struct Verdict {
    host: judging::Host,
    suspected: Option<Millis>,
}

fn truth(run: &Path) -> Vec<Line> {
    let text = fs::read_to_string(run.join("truth.tsv")).unwrap();
    let rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row.len() > 6)
        .filter_map(|row| {
            Some(Line {
                address: row[0].parse().ok()?,
                truth: row[1].to_owned(),
                role: row[2].to_owned(),
                first_use: row[4].parse::<jiff::Timestamp>().ok().map(Millis::from),
                allowed: row[6].parse().ok(),
            })
        })
        .collect()
}

fn flows(source: &Path) -> Vec<Flow> {
    let mut files: Vec<PathBuf> = if source.is_dir() {
        fs::read_dir(source).unwrap().map(|entry| entry.unwrap().path()).collect()
    } else {
        vec![source.to_owned()]
    };
    files.sort();
    let mut flows = Vec::new();
    for file in files {
        let _ = flow::files::read(File::open(file).unwrap(), &mut |flow| flows.push(flow));
    }
    flows.sort_by_key(|flow| flow.last);
    flows
}

fn judge(lines: &[Line], source: &Path) -> BTreeMap<IpAddr, Verdict> {
    let allowed = lines.iter().filter_map(|line| line.allowed).collect();
    let config = Config { learning: 60_000, ..Config::new(vec![HOME.parse().unwrap()]) }.allowing(allowed);
    let mut detector = Detector::new(config);
    let mut suspected: BTreeMap<IpAddr, Millis> = BTreeMap::new();
    let mut asked = Millis(0);
    for flow in flows(source) {
        detector.see(&flow);
        if detector.now().since(asked) > 10_000 {
            asked = detector.now();
            for sign in detector.new_signs() {
                if judging::host(&detector, sign.address).stage >= Stage::Suspected {
                    suspected.entry(sign.address).or_insert(asked);
                }
            }
        }
    }
    detector.finish();
    let of = |line: &Line| {
        let host = judging::host(&detector, line.address);
        let ended = (host.stage >= Stage::Suspected).then_some(detector.now());
        (line.address, Verdict { host, suspected: suspected.get(&line.address).copied().or(ended) })
    };
    lines.iter().map(of).collect()
}

#[test]
fn relaying_lines_are_found_soon_and_harmless_ones_are_not_confirmed() {
    let Some(folder) = std::env::var_os("NIGHTDESK_TRAFFIC") else { return };
    let mut runs: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let only = std::env::var("NIGHTDESK_TRAFFIC_RUNS").unwrap_or_default();
    runs.retain(|run| run.join("truth.tsv").exists() && run.to_string_lossy().contains(&only));
    runs.sort();
    let (mut relaying, mut soon, mut wrong, mut harmless_suspected) = (0, 0, 0, 0);
    for run in &runs {
        let lines = truth(run);
        for source in ["v5", "v9", "ipfix", "traffic.pcap"] {
            let verdicts = judge(&lines, &run.join(source));
            for line in &lines {
                let verdict = &verdicts[&line.address];
                let stage = verdict.host.stage;
                let after = verdict.suspected.zip(line.first_use).map(|(at, first)| at.since(first));
                let found = verdict.suspected.is_some() && after.is_none_or(|after| after <= SOON);
                match line.truth.as_str() {
                    "relaying" => (relaying, soon) = (relaying + 1, soon + usize::from(found)),
                    "legitimate" => {
                        wrong += usize::from(stage == Stage::Confirmed);
                        harmless_suspected += usize::from(stage == Stage::Suspected);
                    }
                    _ => {}
                }
                let name = run.file_name().unwrap().to_string_lossy();
                show(&format!("{name}/{source}"), line, verdict, after);
            }
        }
    }
    println!(
        "relaying lines found soon: {soon} of {relaying}; harmless lines confirmed: {wrong}, suspected: {harmless_suspected}"
    );
    assert!(soon * 100 >= relaying * 95, "fewer than 95 in a hundred");
    assert_eq!(wrong, 0, "a harmless line is confirmed");
}

fn show(source: &str, line: &Line, verdict: &Verdict, after: Option<i64>) {
    let host = &verdict.host;
    let signs: Vec<String> =
        host.signs.iter().take(5).map(|sign| format!("{} {:.2}", sign.sign, sign.score)).collect();
    println!(
        "{source:22} {:15} {:10} {:24} {:.2} {:9} {:>5} {}",
        line.address,
        line.truth,
        line.role,
        host.score,
        host.stage.name(),
        after.map_or_else(String::new, |after| format!("{} s", after / 1_000)),
        signs.join(", ")
    );
    if std::env::var_os("WHY").is_some() {
        host.signs.iter().take(4).for_each(|sign| println!("    {}", sign.why));
    }
}
