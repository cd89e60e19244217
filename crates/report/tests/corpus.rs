//! Scores the reader on a directory of real reports with what is known of each. The directory is not part of the tree: set
//! NIGHTDESK_CORPUS to one whose `reports` folder holds a `manifest.tsv` (file, format, ..., expected as JSON in the ninth
//! column, a note in the tenth). NIGHTDESK_CORPUS_SHOW=FORMAT names every file of that format that is not read as expected.

#![expect(clippy::print_stdout, reason = "a test that prints the table it is run for")]

mod corpus {
    pub(crate) mod expected;
    pub(crate) mod score;
}

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use corpus::expected::Expected;
use corpus::score::Score;
use report::Hint;

/// Formats a machine writes: at least 98 of 100 must be read exactly.
const MACHINE: [&str; 9] = [
    "spamcop-mail",
    "arf-mail",
    "xarf-mail",
    "xarf-v3-json",
    "xarf-v4-json",
    "xarf-alpha-json",
    "shadowserver-csv",
    "mynetwatchman-mail",
    "feed-dshield",
];
/// Logs and plain text: at least 90 of 100.
const HANDMADE: [&str; 4] = ["log-firewall", "log-service", "plain-log-mail", "plain-received-mail"];
/// Formats that must never accuse anybody.
const SILENT: [&str; 2] = ["mail-nonreport", "dmarc-tlsrpt-mail"];
/// One file may take this long, in a debug build.
const LONGEST: Duration = Duration::from_secs(1);

#[test]
fn the_corpus_is_read_as_its_manifest_says() {
    let Some(dir) = std::env::var_os("NIGHTDESK_CORPUS").map(|root| PathBuf::from(root).join("reports"))
    else {
        eprintln!("NIGHTDESK_CORPUS is not set: the corpus was NOT read and nothing was scored");
        return;
    };
    let show = std::env::var("NIGHTDESK_CORPUS_SHOW").unwrap_or_default();
    let manifest = fs::read_to_string(dir.join("manifest.tsv"))
        .unwrap_or_else(|error| panic!("cannot read manifest.tsv: {error}"));
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut complaints = Vec::new();
    for line in manifest.lines().skip(1) {
        let row = Expected::of(line);
        let bytes =
            fs::read(dir.join(&row.file)).unwrap_or_else(|error| panic!("cannot read {}: {error}", row.file));
        let begun = Instant::now();
        let name = row.file.rsplit("__").next();
        let reading = report::read_as(&bytes, &Hint { name, content_type: None });
        let took = begun.elapsed();
        if took > LONGEST {
            complaints.push(format!("{}: took {took:?}", row.file));
        }
        let score = scores.entry(row.format.clone()).or_default();
        let faults = score.add(&row, &reading, took);
        if SILENT.contains(&row.format.as_str()) && reading.is_report {
            complaints.push(format!("{}: is no report and was read as {:?}", row.file, reading.format));
        }
        if show == row.format {
            faults.iter().for_each(|fault| println!("{} ({}): {fault}", row.file, reading.format.name()));
        }
    }
    assert!(!scores.is_empty(), "manifest.tsv of {} has no rows", dir.display());
    print(&scores);
    for (formats, percent) in [(&MACHINE[..], 98), (&HANDMADE[..], 90)] {
        for format in formats {
            let Some(score) = scores.get(*format) else { continue };
            if score.exact * 100 < score.judged * percent {
                complaints
                    .push(format!("{format}: {} of {} exact, under {percent} %", score.exact, score.judged));
            }
        }
    }
    let (wrong, accused) = scores
        .values()
        .fold((0, 0), |(wrong, accused), score| (wrong + score.wrong, accused + score.accused));
    if wrong * 200 > accused {
        complaints.push(format!("{wrong} of {accused} accusations wrong, more than 0.5 %"));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn print(scores: &BTreeMap<String, Score>) {
    println!(
        "{:26} {:>5} {:>7} | {:>6} {:>5} {:>7} | {:>7} {:>5} | {:>5} {:>7} | {:>5} {:>5} | {:>6} {:>7}",
        "format",
        "files",
        "reports",
        "judged",
        "exact",
        "missing",
        "accused",
        "wrong",
        "timed",
        "in time",
        "kinds",
        "right",
        "doubts",
        "slowest"
    );
    for (format, score) in scores {
        println!(
            "{format:26} {:>5} {:>7} | {:>6} {:>5} {:>7} | {:>7} {:>5} | {:>5} {:>7} | {:>5} {:>5} | {:>6} {:>5}ms",
            score.files,
            score.reports,
            score.judged,
            score.exact,
            score.missing,
            score.accused,
            score.wrong,
            score.timed,
            score.in_time,
            score.kinded,
            score.kind_right,
            score.doubts,
            score.slowest.as_millis()
        );
    }
}
