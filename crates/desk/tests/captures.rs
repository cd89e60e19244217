//! What is judged of real traffic with truth, host by host and day by day.
//!
//! `NIGHTDESK_CORPUS` names a folder with `flows/manifest.tsv`: tab-separated, with the columns `file`,
//! `infected_hosts_and_how_known` and `benign_hosts`. Without it there is nothing to hold the signs against.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot be set up has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use case::Stage;
use desk::{Judged, judged};
use flow::Flow;
use ipnet::IpNet;
use signs::{Config, Detector, Sign};

const DAY: i64 = 86_400_000;

/// A capture: one file, or the files of consecutive hours.
struct Capture {
    name: String,
    files: Vec<PathBuf>,
    infected: BTreeSet<IpAddr>,
    benign: BTreeSet<IpAddr>,
    /// Whether every other host of the network is benign too.
    others_benign: bool,
}

/// One host on one day.
struct HostDay {
    capture: String,
    host: IpAddr,
    day: usize,
    infected: bool,
    judged: Judged,
    signs: Vec<Sign>,
}

fn addresses(text: &str) -> BTreeSet<IpAddr> {
    let words = text.split(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':'));
    words.filter_map(|word| word.trim_matches('.').parse().ok()).collect()
}

/// Only hosts named before the dash or arrow are the subject; what follows says how that is known.
fn subject(text: &str) -> &str {
    let end =
        ["—", "->", "(", "+", ";"].iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    &text[..end]
}

fn captures(folder: &Path) -> Vec<Capture> {
    let manifest = std::fs::read_to_string(folder.join("manifest.tsv")).unwrap();
    let mut rows = manifest.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = rows.next().unwrap();
    let column = |name: &str| header.iter().position(|one| *one == name).unwrap();
    let (file, infected, benign) =
        (column("file"), column("infected_hosts_and_how_known"), column("benign_hosts"));
    let mut captures: BTreeMap<String, Capture> = BTreeMap::new();
    for row in rows.filter(|row| row.len() > benign) {
        // Protocol fixtures have no hosts to speak of.
        if ["ndpi-", "arkime-", "zeek-"].iter().any(|kind| row[file].starts_with(kind)) {
            continue;
        }
        let hours = |part: &str| part.len() == 2 && part.chars().all(|c| c.is_ascii_digit());
        let name = row[file].split('.').take_while(|part| !hours(part)).collect::<Vec<_>>();
        let name = if row[file].split('.').any(hours) { name.join(".") } else { row[file].to_owned() };
        let capture = captures.entry(name.clone()).or_insert_with(|| Capture {
            name,
            files: Vec::new(),
            infected: BTreeSet::new(),
            benign: BTreeSet::new(),
            others_benign: false,
        });
        capture.files.push(folder.join(row[file]));
        capture.infected.extend(addresses(subject(row[infected])));
        capture.benign.extend(addresses(subject(row[benign])));
        capture.others_benign |= row[benign].contains("all other LAN hosts");
    }
    captures.into_values().filter(|one| !one.infected.is_empty() || !one.benign.is_empty()).collect()
}

fn flows(capture: &Capture) -> Vec<Flow> {
    let mut flows = Vec::new();
    for file in &capture.files {
        let _ = flow::files::read(File::open(file).unwrap(), &mut |flow| flows.push(flow));
    }
    flows.sort_by_key(|flow| flow.last);
    flows
}

fn private(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.is_private())
}

/// Judges each day by itself, as if nothing were known before it.
fn judge(capture: &Capture) -> Vec<HostDay> {
    let flows = flows(capture);
    let named = capture.infected.iter().chain(&capture.benign);
    let mut home: Vec<IpNet> = named.map(|host| IpNet::from(*host)).collect();
    home.extend(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(|net| net.parse::<IpNet>().unwrap()));
    let Some(begin) = flows.first().map(|flow| flow.last.0) else { return Vec::new() };
    let mut days: BTreeMap<i64, Vec<Flow>> = BTreeMap::new();
    for flow in flows {
        days.entry((flow.last.0 - begin).div_euclid(DAY)).or_default().push(flow);
    }
    let mut found = Vec::new();
    for (day, flows) in days.values().enumerate() {
        let mut detector = Detector::new(Config::new(home.clone()));
        flows.iter().for_each(|flow| detector.see(flow));
        detector.finish();
        let seen: BTreeSet<IpAddr> = flows.iter().map(|flow| flow.source).collect();
        let others = seen.iter().filter(|host| capture.others_benign && private(**host));
        let hosts: BTreeSet<IpAddr> = capture
            .infected
            .iter()
            .chain(&capture.benign)
            .chain(others)
            .filter(|host| seen.contains(host))
            .copied()
            .collect();
        found.extend(hosts.into_iter().map(|host| {
            let signs = detector.signs(host);
            HostDay {
                capture: capture.name.clone(),
                host,
                day,
                infected: capture.infected.contains(&host),
                judged: judged(&signs, detector.now()),
                signs,
            }
        }));
    }
    found
}

fn show(days: &[HostDay]) {
    for one in days {
        let signs: Vec<String> =
            one.signs.iter().take(5).map(|sign| format!("{} {:.2}", sign.sign, sign.score)).collect();
        println!(
            "{:8} {:44} {:15} day {} {:.2} {:9} {}",
            if one.infected { "infected" } else { "benign" },
            one.capture,
            one.host,
            one.day,
            one.judged.score,
            one.judged.stage.name(),
            signs.join(", ")
        );
        if std::env::var_os("WHY").is_some() {
            one.signs.iter().take(4).for_each(|sign| println!("    {}", sign.why));
        }
    }
}

#[test]
fn infected_hosts_are_suspected_and_benign_ones_are_not() {
    let Some(corpus) = std::env::var_os("NIGHTDESK_CORPUS") else { return };
    let folder = PathBuf::from(corpus).join("flows");
    let mut days: Vec<HostDay> = captures(&folder).iter().flat_map(judge).collect();
    days.sort_by_key(|one| (!one.infected, one.judged.stage));
    show(&days);
    let (infected, benign): (Vec<&HostDay>, Vec<&HostDay>) = days.iter().partition(|one| one.infected);
    let flagged = |days: &[&HostDay]| days.iter().filter(|one| one.judged.stage >= Stage::Suspected).count();
    println!(
        "infected host-days suspected: {} of {}; benign: {} of {}",
        flagged(&infected),
        infected.len(),
        flagged(&benign),
        benign.len()
    );
    assert!(flagged(&infected) * 10 >= infected.len() * 8, "recall is below .8");
    assert!(flagged(&benign) <= 1, "more than one benign host-day is suspected");
}
