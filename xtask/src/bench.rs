//! The benchmarks, each beside a peer in the same run.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::setup;
use crate::shell::{cargo, run};

/// A group of benchmarks by the name it is asked for: package and benchmark.
const GROUPS: [(&str, &[(&str, &str)]); 3] = [
    ("report", &[("report", "mails"), ("report", "hostile"), ("report", "tables")]),
    ("store", &[("store", "lookup")]),
    ("night", &[("nightdesk", "night")]),
];

/// Runs the groups named (all, if none is) one after the other: on two cores two at once would measure each other.
pub(crate) fn run_groups(wanted: &[String]) -> Result<()> {
    if let Some(unknown) = wanted.iter().find(|name| !GROUPS.iter().any(|(group, _)| group == name)) {
        let known: Vec<_> = GROUPS.iter().map(|(group, _)| *group).collect();
        bail!("there is no benchmark {unknown:?}; there are {}", known.join(", "));
    }
    let chosen =
        GROUPS.iter().filter(|(group, _)| wanted.is_empty() || wanted.iter().any(|name| name == group));
    for (group, benches) in chosen {
        let peers = if *group == "report" { Some(intelmq()?) } else { None };
        for (package, bench) in *benches {
            let mut command = cargo();
            command.args(["bench", "--quiet", "--package", package, "--bench", bench]);
            if let Some(peers) = &peers {
                command.env("NIGHTDESK_INTELMQ", peers);
            }
            run(&mut command)?;
        }
    }
    Ok(())
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
