//! Every file of the samples gives as many flows as its manifest says.
//!
//! The samples are other people's and are not part of this tree: `NIGHTDESK_CORPUS` says where they lie. Without it there is
//! nothing to read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test")]

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::PathBuf;

use flow::files;

fn samples() -> Option<PathBuf> {
    std::env::var_os("NIGHTDESK_CORPUS").map(|corpus| PathBuf::from(corpus).join("flows"))
}

#[test]
fn each_file_gives_as_many_flows_as_its_manifest_says() {
    let Some(folder) = samples() else { return };
    let manifest = fs::read_to_string(folder.join("manifest.tsv")).unwrap();
    let mut lines = manifest.lines();
    let names: HashMap<&str, usize> =
        lines.next().unwrap().split('\t').enumerate().map(|(at, name)| (name, at)).collect();
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |name: &str| cells.get(names[name]).copied().unwrap_or_default();
        let (mut first, mut last, mut wide) = (i64::MAX, i64::MIN, 0);
        let summary = files::read(File::open(folder.join(cell("file"))).unwrap(), &mut |flow| {
            first = first.min(flow.first.0);
            last = last.max(flow.last.0);
            wide = wide.max(flow.first.0);
            assert!(flow.last >= flow.first, "{flow:?}");
        });
        let seconds = last.saturating_sub(first) as f64 / 1000.0;
        let starts = wide.saturating_sub(first) as f64 / 1000.0;
        println!(
            "{}\t{}\t{} flows={} want={} passed={} dur={seconds:.1}/{starts:.1} want={} {:?}",
            cell("file"),
            cell("kind"),
            summary.format,
            summary.flows,
            cell("flows"),
            summary.passed,
            cell("duration_s"),
            summary.doubts
        );
    }
}
