//! How fast complaints are read, beside Python's own library on the same mails in the same run.
//!
//! Every `.eml` and `.txt` of a folder (`NIGHTDESK_CORPUS/reports`, else our own fixtures) is read from memory on one
//! thread, [`ROUNDS`] times in a row: some half a second, as one round of Python's takes, since the kernel counts a running
//! thread's time by the tick of 4 ms. The best of five counts, of Python's the best of three. Python's `email` parses, walks and decodes the same files, once under its old policy
//! (compat32: bytes out) and once under its present one (`policy.default`: text out, as claims are). It finds no claim.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

type Error = Box<dyn std::error::Error>;

/// How often all mails are read between two looks at the clock.
const ROUNDS: u32 = 32;

fn main() -> Result<(), Error> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("NIGHTDESK_CORPUS")
        .map_or(here.join("fixtures"), |root| PathBuf::from(root).join("reports"));
    let mut mails = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "eml" || ending == "txt") {
            mails.push((fs::read(&path)?, path));
        }
    }
    let bytes: usize = mails.iter().map(|(mail, _)| mail.len()).sum();
    let before = memory("VmRSS")?;
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let began = cpu_seconds()?;
        for _ in 0..ROUNDS {
            let claims: usize =
                mails.iter().map(|(mail, _)| black_box(report::read(mail)).claims.len()).sum();
            black_box(claims);
        }
        best = best.min((cpu_seconds()? - began) / f64::from(ROUNDS));
    }
    let grown = memory("VmHWM")?.saturating_sub(before);
    let count = f64::from(u32::try_from(mails.len())?);
    let ours = count / best;
    println!(
        "mails: {count} mails, {:.1} MB; nightdesk {ours:.0} mails/s of CPU, {grown} KiB on top of the mails",
        f64::from(u32::try_from(bytes)?) / 1e6
    );
    for policy in ["compat32", "default"] {
        let peer = here.join("benches/email_mails.py");
        let said = Command::new("python3").arg(peer).arg(policy).arg(&folder).output()?;
        let theirs: f64 = String::from_utf8(said.stdout)?.trim().parse()?;
        println!(
            "mails: Python email ({policy}), parsed and decoded {theirs:.0}/s of CPU; ratio {:.1}",
            ours / theirs
        );
    }
    slowest(&mails)
}

/// The mails that took longest, for whoever wants to know where the time goes.
fn slowest(mails: &[(Vec<u8>, PathBuf)]) -> Result<(), Error> {
    let mut took = Vec::new();
    for (mail, path) in mails {
        let began = std::time::Instant::now();
        black_box(report::read(mail));
        took.push((began.elapsed(), mail.len(), path));
    }
    took.sort();
    for (took, bytes, path) in took.iter().rev().take(5) {
        println!("mails: slowest {took:?} for {bytes} bytes: {}", path.display());
    }
    Ok(())
}

/// CPU time of this thread so far, from /proc/self/schedstat (nanoseconds; Documentation/scheduler/sched-stats.rst).
fn cpu_seconds() -> Result<f64, Error> {
    let stat = fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds: u64 = stat.split_whitespace().next().ok_or("an empty schedstat")?.parse()?;
    Ok(f64::from(u32::try_from(nanoseconds / 1000)?) / 1e6)
}

/// A figure of /proc/self/status in KiB.
fn memory(name: &str) -> Result<u64, Error> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).ok_or("no such figure")?;
    Ok(line.split_whitespace().next().ok_or("no figure")?.parse()?)
}
