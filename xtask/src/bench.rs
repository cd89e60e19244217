//! The benchmarks, each beside a peer in the same run.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::setup;
use crate::shell::{cargo, run, target};

/// One benchmark, asked for by its group or as `group/name`.
struct Part {
    group: &'static str,
    name: &'static str,
    stand: Stand,
}

/// Where a benchmark is built and run.
enum Stand {
    /// A benchmark of this package of the workspace, named as the part is.
    Bench(&'static str),
    /// A program, named as the part is, of a workspace of its own: what brings peers' crates that nothing else builds.
    Apart(&'static str),
}

/// All of them. To add one: a line here.
const PARTS: [Part; 11] = [
    Part { group: "report", name: "mails", stand: Stand::Bench("report") },
    Part { group: "report", name: "hostile", stand: Stand::Bench("report") },
    Part { group: "report", name: "tables", stand: Stand::Bench("report") },
    Part { group: "flow", name: "signs", stand: Stand::Bench("signs") },
    Part { group: "flow", name: "ingest", stand: Stand::Bench("sensors") },
    Part { group: "flow", name: "lookback", stand: Stand::Bench("lake") },
    Part { group: "store", name: "lookup", stand: Stand::Bench("store") },
    Part { group: "flow", name: "decode", stand: Stand::Apart("crates/flow/benches/peers") },
    Part { group: "night", name: "night", stand: Stand::Bench("nightdesk") },
    Part { group: "night", name: "queue", stand: Stand::Bench("nightdesk") },
    Part { group: "trap", name: "load", stand: Stand::Bench("trap") },
];

impl Part {
    fn is(&self, wanted: &str) -> bool {
        wanted == self.group || wanted.split_once('/') == Some((self.group, self.name))
    }

    fn command(&self) -> Command {
        let mut command = cargo();
        match self.stand {
            Stand::Bench(package) => {
                command.args(["bench", "--quiet", "--package", package, "--bench", self.name])
            }
            Stand::Apart(folder) => {
                let manifest = format!("{folder}/Cargo.toml");
                command.args([
                    "run",
                    "--quiet",
                    "--release",
                    "--manifest-path",
                    &manifest,
                    "--bin",
                    self.name,
                ])
            }
        };
        command
    }
}

/// Runs those named (all, if none is) one after the other: on two cores two at once would measure each other.
pub(crate) fn run_groups(wanted: &[String]) -> Result<()> {
    if let Some(unknown) = wanted.iter().find(|name| !PARTS.iter().any(|part| part.is(name))) {
        let known: Vec<_> = PARTS.iter().map(|part| format!("{}/{}", part.group, part.name)).collect();
        bail!(
            "there is no benchmark {unknown:?}; there are {}, and each group by its name",
            known.join(", ")
        );
    }
    for part in PARTS.iter().filter(|part| wanted.is_empty() || wanted.iter().any(|name| part.is(name))) {
        let mut command = part.command();
        if part.group == "report" {
            command.env("NIGHTDESK_INTELMQ", intelmq()?);
        }
        if part.group == "trap" {
            command.env("NIGHTDESK_OPENCANARY", opencanary()?);
        }
        if part.name == "lookback" {
            command.env("NIGHTDESK_DAY", day()?).env("NIGHTDESK_DUCKDB", duckdb()?);
        }
        run(&mut command)?;
    }
    Ok(())
}

/// OpenCanary, from PyPI, in an environment of its own.
fn opencanary() -> Result<PathBuf> {
    let folder = PathBuf::from("/var/tmp/nightdesk-peers/opencanary");
    if !folder.join("bin/opencanary.tac").is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let mut pip = Command::new(folder.join("bin/pip"));
        run(pip.args(["install", "--quiet", "opencanary==0.9.9", "setuptools<81"]))?;
    }
    Ok(folder)
}

/// A day of a provider with this many lines: more than twenty million flows, as IPFIX messages, from a fixed seed.
const LINES: &str = "60000";

/// The day that is looked back at. Making it takes a minute, so it is kept.
fn day() -> Result<PathBuf> {
    let folder = target()?.join("lookback");
    let day = folder.join(format!("{LINES}.ipfix"));
    if !day.is_file() {
        std::fs::create_dir_all(&folder)?;
        let part = folder.join("part");
        let words = ["--subscribers", LINES, "--hours", "24", "--seed", "1", "--proxies", "60", "--to"];
        let lab = ["run", "--quiet", "--locked", "--profile", "bench", "--package", "lab", "--", "generate"];
        run(cargo().args(lab).args(words).arg(&part))?;
        std::fs::rename(part, &day)?;
    }
    Ok(day)
}

/// DuckDB, from PyPI.
fn duckdb() -> Result<PathBuf> {
    setup::bench_peers()?;
    let folder = PathBuf::from("/var/tmp/nightdesk-peers/duckdb");
    if !folder.join("duckdb").is_dir() {
        let mut pip = Command::new("/usr/bin/python3");
        pip.args(["-m", "pip", "install", "--quiet", "--target"]).arg(&folder);
        run(pip.arg("duckdb==2.0.1"))?;
    }
    Ok(folder)
}

/// IntelMQ, from PyPI, in a folder that the user nobody may read, since its bots refuse to run as root; and its broker.
fn intelmq() -> Result<PathBuf> {
    setup::bench_peers()?;
    let folder = PathBuf::from("/var/tmp/nightdesk-peers/intelmq");
    if !folder.join("intelmq").is_dir() {
        let mut pip = Command::new("/usr/bin/python3");
        pip.args(["-m", "pip", "install", "--quiet", "--target"]).arg(&folder);
        run(pip.args(["intelmq==3.5.0", "redis", "async_timeout"]))?;
    }
    Ok(folder)
}
