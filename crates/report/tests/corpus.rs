//! Scores the reader on a directory of real mails with what is known of each. The directory is not part of the tree: set
//! NIGHTDESK_CORPUS to one whose `reports` folder holds a `manifest.tsv` (file, format, ..., expected as JSON in the ninth column).

#![expect(clippy::print_stdout, clippy::panic, reason = "a test that prints the table it is run for")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use report::{Reading, TimeBasis};
use serde_json::Value;

/// Formats whose addresses and times are held to the bars below.
const SCORED: [&str; 4] = ["spamcop-mail", "arf-mail", "plain-received-mail", "plain-log-mail"];
/// Formats that must never accuse anybody.
const SILENT: [&str; 2] = ["mail-nonreport", "dmarc-tlsrpt-mail"];
/// One file may take this long, in a debug build.
const LONGEST: Duration = Duration::from_secs(1);

struct Row {
    file: String,
    format: String,
    expected: Value,
}

#[derive(Default)]
struct Score {
    files: usize,
    judged: usize,
    found: usize,
    wrong: usize,
    accused: usize,
    timed: usize,
    in_time: usize,
    slowest: Duration,
}

#[test]
fn the_corpus_is_read_as_its_manifest_says() {
    let Some(dir) = std::env::var_os("NIGHTDESK_CORPUS").map(|root| PathBuf::from(root).join("reports"))
    else {
        eprintln!("NIGHTDESK_CORPUS is not set: the corpus was NOT read and nothing was scored");
        return;
    };
    let rows = manifest(&dir);
    assert!(!rows.is_empty(), "manifest.tsv of {} has no rows", dir.display());
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut complaints = Vec::new();
    for row in &rows {
        let bytes =
            fs::read(dir.join(&row.file)).unwrap_or_else(|error| panic!("cannot read {}: {error}", row.file));
        let begun = Instant::now();
        let reading = report::read(&bytes);
        let took = begun.elapsed();
        if took > LONGEST {
            complaints.push(format!("{}: took {took:?}", row.file));
        }
        if SILENT.contains(&row.format.as_str()) && (reading.is_report || !accused(&reading).is_empty()) {
            complaints.push(format!("{}: accuses {:?} as {:?}", row.file, accused(&reading), reading.format));
        }
        score(scores.entry(row.format.clone()).or_default(), row, &reading, took);
    }
    print(&scores);
    for format in SCORED {
        complaints.extend(scores.get(format).into_iter().flat_map(|score| bars(format, score)));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn manifest(dir: &std::path::Path) -> Vec<Row> {
    let text = fs::read_to_string(dir.join("manifest.tsv"))
        .unwrap_or_else(|error| panic!("cannot read manifest.tsv: {error}"));
    text.lines()
        .skip(1)
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let expected =
                columns.get(8).and_then(|json| serde_json::from_str(json).ok()).unwrap_or(Value::Null);
            Row { file: columns[0].to_owned(), format: columns[1].to_owned(), expected }
        })
        .collect()
}

/// The part of `expected` that is looked over by hand, where there is one.
fn truth(expected: &Value) -> &Value {
    expected.get("truth").or_else(|| expected.get("peer")).unwrap_or(expected)
}

fn strings(value: &Value, key: &str) -> Vec<String> {
    let list = value.get(key).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn times(expected: &Value) -> Vec<Timestamp> {
    let truth = truth(expected);
    let written = strings(truth, "times");
    let written = written
        .iter()
        .filter_map(|time| mail_parser::DateTime::parse_rfc822(time))
        .map(|time| time.to_timestamp());
    let list =
        |key: &str| truth.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_i64);
    written
        .chain(list("epoch"))
        .chain(list("times"))
        .filter_map(|epoch| Timestamp::from_second(epoch).ok())
        .collect()
}

fn accused(reading: &Reading) -> BTreeSet<String> {
    reading
        .claims
        .iter()
        .filter(|claim| claim.role.is_alleged())
        .map(|claim| claim.address.to_string())
        .collect()
}

fn score(score: &mut Score, row: &Row, reading: &Reading, took: Duration) {
    score.files += 1;
    score.slowest = score.slowest.max(took);
    let accused = accused(reading);
    let expected: BTreeSet<String> = strings(truth(&row.expected), "ips").into_iter().collect();
    if SCORED.contains(&row.format.as_str()) && !expected.is_empty() {
        score.judged += 1;
        score.accused += accused.len();
        score.found += usize::from(expected.is_subset(&accused));
        score.wrong += accused.difference(&expected).count();
        if !expected.is_subset(&accused) || !accused.is_subset(&expected) {
            println!("{}: expected {expected:?}, read {accused:?}", row.file);
        }
    }
    let expected = times(&row.expected);
    for claim in reading.claims.iter().filter(|claim| claim.role.is_alleged() && !expected.is_empty()) {
        let near =
            |time: &Timestamp| expected.iter().any(|known| (known.as_second() - time.as_second()).abs() <= 1);
        let right = claim.time_basis == TimeBasis::Unknown || claim.time.as_ref().is_some_and(near);
        score.timed += 1;
        score.in_time += usize::from(right);
        if !right {
            println!("{}: expected {expected:?}, read {:?}", row.file, claim.time);
        }
    }
}

fn print(scores: &BTreeMap<String, Score>) {
    println!(
        "{:28} {:>5} {:>6} {:>5} {:>7} {:>5} {:>5} {:>7} {:>8}",
        "format", "files", "judged", "found", "accused", "wrong", "timed", "in time", "slowest"
    );
    for (format, score) in scores {
        println!(
            "{format:28} {:>5} {:>6} {:>5} {:>7} {:>5} {:>5} {:>7} {:>6}ms",
            score.files,
            score.judged,
            score.found,
            score.accused,
            score.wrong,
            score.timed,
            score.in_time,
            score.slowest.as_millis()
        );
    }
}

fn bars(format: &str, score: &Score) -> Vec<String> {
    let mut below = Vec::new();
    if score.found * 100 < score.judged * 95 {
        below.push(format!("{format}: {} of {} offenders found, fewer than 95 %", score.found, score.judged));
    }
    if score.wrong * 100 > score.accused {
        below
            .push(format!("{format}: {} of {} accusations wrong, more than 1 %", score.wrong, score.accused));
    }
    if score.in_time * 100 < score.timed * 95 {
        below.push(format!("{format}: {} of {} times right, fewer than 95 %", score.in_time, score.timed));
    }
    below
}
