//! What `nightdesk detect` says of recorded runs, beside the truth.
//!
//! The files of the v9 collector are given to it minute by minute, as an operator's would come in: how long after its
//! first use a line is suspected includes the time that records wait in the exporter. The other records of the same
//! run (v5, IPFIX, the datagrams, the traffic itself) are asked about as a whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::Value;

use super::addresses::HOME;
use super::exports::ROTATION;
use super::truth::{self, Row};
use crate::nightdesk::binary;

/// A relaying line is to be found this soon after its first use.
const SOON: f64 = 600.0;
/// So many of the relaying lines are to be found by then, at least.
const FOUND_AT_LEAST: f64 = 0.95;

/// What was said of one address.
#[derive(Debug, Clone, Default)]
struct Said {
    stage: String,
    score: f64,
    signs: Vec<String>,
}

impl Said {
    fn suspects(&self) -> bool {
        matches!(self.stage.as_str(), "suspected" | "confirmed")
    }
}

type Answer = BTreeMap<String, Said>;

/// How one run went.
#[derive(Debug, Default)]
struct Tally {
    relaying: usize,
    found: usize,
    legitimate: usize,
    suspected: usize,
    confirmed: usize,
}

/// Scores runs; fails when too few relaying lines are found, or a harmless one is confirmed.
pub(crate) fn score(runs: &[PathBuf]) -> Result<()> {
    let mut all = Tally::default();
    for run in runs {
        let one = score_run(run).with_context(|| format!("run {}", run.display()))?;
        all.relaying += one.relaying;
        all.found += one.found;
        all.legitimate += one.legitimate;
        all.suspected += one.suspected;
        all.confirmed += one.confirmed;
    }
    println!(
        "all runs: {} of {} relaying lines found within {SOON} s of their first use; of {} legitimate lines {} suspected, {} confirmed",
        all.found, all.relaying, all.legitimate, all.suspected, all.confirmed
    );
    #[expect(clippy::cast_precision_loss, reason = "a run has tens of lines")]
    let share = all.found as f64 / all.relaying.max(1) as f64;
    ensure!(share >= FOUND_AT_LEAST, "too few relaying lines were found: {:.1} %", share * 100.0);
    ensure!(all.confirmed == 0, "{} legitimate lines were confirmed", all.confirmed);
    Ok(())
}

fn score_run(run: &Path) -> Result<Tally> {
    let rows = truth::read(run)?;
    let allowed: Vec<&str> = rows.iter().filter_map(|row| row.allowed.as_deref()).collect();
    let files = minutes(&run.join("v9"))?;
    let mut found: BTreeMap<String, Timestamp> = BTreeMap::new();
    let mut last = Answer::new();
    for until in 1..=files.len() {
        let known = files.get(..until).unwrap_or_default();
        last = ask(&known.iter().map(|(_, file)| file.as_path()).collect::<Vec<_>>(), &allowed)?;
        let end = known.last().map(|(end, _)| *end).context("no files")?;
        for (address, _) in last.iter().filter(|(_, said)| said.suspects()) {
            found.entry(address.clone()).or_insert(end);
        }
    }
    println!("== {} ({} minutes of NetFlow v9)", run.display(), files.len());
    println!(
        "{:15} {:10} {:25} {:>10} {:>6} {:>8}  signs",
        "address", "truth", "role", "stage", "score", "after s"
    );
    let mut tally = Tally::default();
    for row in &rows {
        tell(row, last.get(&row.address), found.get(&row.address).copied(), &mut tally);
    }
    others(run, &rows, &allowed)?;
    Ok(tally)
}

/// One line of the table.
fn tell(row: &Row, said: Option<&Said>, found: Option<Timestamp>, tally: &mut Tally) {
    let said = said.cloned().unwrap_or_default();
    let after = found.zip(row.first_use).map(|(found, first)| found.duration_since(first).as_secs_f64());
    match row.truth.as_str() {
        "relaying" => {
            tally.relaying += 1;
            tally.found += usize::from(after.is_some_and(|after| after <= SOON));
        }
        "legitimate" => {
            tally.legitimate += 1;
            tally.suspected += usize::from(found.is_some());
            tally.confirmed += usize::from(said.stage == "confirmed");
        }
        _ => {}
    }
    println!(
        "{:15} {:10} {:25} {:>10} {:6.2} {:>8}  {}",
        row.address,
        row.truth,
        row.role,
        if said.stage.is_empty() { "-" } else { &said.stage },
        said.score,
        after.map_or_else(|| "-".to_owned(), |after| format!("{after:.0}")),
        said.signs.join(" "),
    );
}

/// The same run by its other records, each as a whole.
fn others(run: &Path, rows: &[Row], allowed: &[&str]) -> Result<()> {
    let whole = |folder: &str| {
        minutes(&run.join(folder)).map(|files| files.into_iter().map(|(_, file)| file).collect())
    };
    let records: [(&str, Vec<PathBuf>); 4] = [
        ("v5", whole("v5")?),
        ("ipfix", whole("ipfix")?),
        ("exports.pcap", vec![run.join("exports.pcap")]),
        ("traffic.pcap", vec![run.join("traffic.pcap")]),
    ];
    for (name, files) in records {
        let answer = ask(&files.iter().map(PathBuf::as_path).collect::<Vec<_>>(), allowed)?;
        let count = |truth: &str, is: fn(&Said) -> bool| {
            let those = rows.iter().filter(|row| row.truth == truth);
            those.filter(|row| answer.get(&row.address).is_some_and(is)).count()
        };
        println!(
            "{name:13} as a whole: {} relaying lines suspected, {} legitimate ones suspected, {} confirmed",
            count("relaying", Said::suspects),
            count("legitimate", Said::suspects),
            count("legitimate", |said| said.stage == "confirmed"),
        );
    }
    Ok(())
}

/// The files of a collector in order, each with the moment at which it was complete.
fn minutes(folder: &Path) -> Result<Vec<(Timestamp, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(begin) = name.strip_prefix("nfcapd.") else { continue };
        // Anything else is the file of the minute that was going on when a collector was killed.
        let Ok(begin) = DateTime::strptime("%Y%m%d%H%M", begin) else { continue };
        let begin = TimeZone::UTC.to_timestamp(begin)?;
        files.push((begin + std::time::Duration::from_secs(ROTATION), path));
    }
    files.sort();
    ensure!(!files.is_empty(), "{} holds no files of nfcapd", folder.display());
    Ok(files)
}

fn ask(files: &[&Path], allowed: &[&str]) -> Result<Answer> {
    let mut command = Command::new(binary()?);
    command.args(["detect", "--json", "--home", HOME]);
    for allowed in allowed {
        command.args(["--allow", allowed]);
    }
    let output = command.args(files).output().context("cannot run nightdesk detect")?;
    // 1 says that there is nothing to say.
    if !matches!(output.status.code(), Some(0 | 1)) {
        bail!(
            "nightdesk detect ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter(|line| !line.trim().is_empty()).map(said).collect()
}

fn said(line: &str) -> Result<(String, Said)> {
    let value: Value =
        serde_json::from_str(line).with_context(|| format!("detect printed no JSON: {line}"))?;
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut signs: Vec<String> = Vec::new();
    for sign in value.get("signs").and_then(Value::as_array).into_iter().flatten() {
        if let Some(name) = sign.get("sign").and_then(Value::as_str)
            && !signs.iter().any(|known| known == name)
        {
            signs.push(name.to_owned());
        }
    }
    let score = value.get("score").and_then(Value::as_f64).unwrap_or_default();
    let address = text("address").context("detect printed a line without an address")?;
    Ok((address, Said { stage: text("stage").unwrap_or_default(), score, signs }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(truth: &str) -> Row {
        Row {
            address: "198.51.100.9".to_owned(),
            truth: truth.to_owned(),
            role: "any".to_owned(),
            first_use: Some("2026-03-01T12:00:30Z".parse().unwrap()),
            allowed: None,
        }
    }

    fn tallied(truth: &str, stage: &str, found: Option<&str>) -> Tally {
        let mut tally = Tally::default();
        let said = Said { stage: stage.to_owned(), ..Said::default() };
        tell(&row(truth), Some(&said), found.map(|at| at.parse().unwrap()), &mut tally);
        tally
    }

    #[test]
    fn a_relaying_line_counts_as_found_only_within_ten_minutes_of_its_first_use() {
        assert_eq!(tallied("relaying", "suspected", Some("2026-03-01T12:10:00Z")).found, 1);
        let late = tallied("relaying", "suspected", Some("2026-03-01T12:11:00Z"));
        assert_eq!((late.relaying, late.found), (1, 0));
        assert_eq!(tallied("relaying", "watching", None).found, 0);
    }

    #[test]
    fn a_harmless_line_that_is_confirmed_is_counted_against_us() {
        let tally = tallied("legitimate", "confirmed", Some("2026-03-01T12:10:00Z"));
        assert_eq!((tally.legitimate, tally.suspected, tally.confirmed), (1, 1, 1));
    }

    #[test]
    fn the_files_of_a_collector_are_taken_by_the_minute_and_the_unfinished_one_is_left() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["nfcapd.202603011202", "nfcapd.202603011201", "nfcapd.current.77", "else"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let ends: Vec<String> = minutes(dir.path()).unwrap().iter().map(|(end, _)| end.to_string()).collect();
        assert_eq!(ends, ["2026-03-01T12:02:00Z", "2026-03-01T12:03:00Z"]);
    }

    #[test]
    fn what_detect_prints_is_read() {
        let line = r#"{"address":"198.51.100.9","score":0.9,"stage":"suspected",
            "signs":[{"sign":"relay-shape"},{"sign":"beacon"},{"sign":"relay-shape"}]}"#;
        let (address, said) = said(line).unwrap();
        assert_eq!((address.as_str(), said.suspects()), ("198.51.100.9", true));
        assert_eq!(said.signs, ["relay-shape", "beacon"]);
        assert!(super::said("no json").is_err());
    }
}
