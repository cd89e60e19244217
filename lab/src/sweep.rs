//! `nightdesk check --sweep`: every port of one line, where closed ports answer and where nothing does, and the odd port
//! found. nmap sweeps the same line beside it.

use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::net::Namespace;
use crate::nightdesk::Nightdesk;
use crate::patience::until;
use crate::peers::Peer;
use crate::{net, step};

const LINE: &str = "203.0.113.66";
const DESK: &str = "198.51.100.1";
/// Where the proxy is.
const ODD: u16 = 48_613;
/// What is promised, in seconds, on a machine with nothing else to do; on a busy one nmap needs longer too, and so many
/// times as long as nmap will do.
const CLOSED: f64 = 5.0;
const FILTERED: f64 = 40.0;
const TIMES: f64 = 4.0;

/// Plays it.
pub(crate) fn play() -> Result<()> {
    net::ready_with(&[("nmap", "nmap")])?;
    let dir = net::folder()?;
    let (desk, line) = (Namespace::new("desk")?, Namespace::new("street")?);
    net::cable((&desk, "d0", "198.51.100.1/24"), (&line, "s0", "203.0.113.66/24"))?;
    desk.ip("route add 203.0.113.0/24 dev d0")?;
    line.ip("route add 198.51.100.0/24 dev s0")?;
    let odd = ODD.to_string();
    let _proxy = Peer::start(&line, "proxy", &["microsocks", "-i", LINE, "-p", &odd], dir.path())?;
    until("the proxy listens", std::time::Duration::from_secs(10), || {
        Ok(line.run(&["ss", "-Hltn"])?.contains(&format!(":{odd} ")).then_some(()))
    })?;
    let config = format!(
        "home = [\"203.0.113.0/24\"]\ndata_dir = \"{}/data\"\n\n\
         [intake]\nsmtp = \"{DESK}:2500\"\nrecipients = [\"abuse@example.net\"]\nhostname = \"desk.example.net\"\n\n\
         [probe]\nlanding = [\"{DESK}:80\", \"{DESK}:443\"]\nname = \"Example Net abuse desk\"\n\n\
         [edge]\noutlet = \"dry-run\"\n",
        dir.path().display()
    );
    let nightdesk = Nightdesk::configure(&desk, dir.path(), &config)?;
    let closed = sweep(&nightdesk)?;
    let beside = nmap(&desk, "-sS -p-")?;
    let allowed = CLOSED.max(TIMES * beside);
    step(&format!(
        "65,535 ports of a line that refuses: {closed:.1} s with the proof of the odd port (nmap -sS -p-: {beside:.1} s)"
    ));
    line.run(&[
        "nft",
        &format!(
            "table inet shut {{ chain in {{ type filter hook input priority 0; \
        ct state established,related accept; tcp dport != {ODD} drop; }}; }}"
        ),
    ])?;
    let filtered = sweep(&nightdesk)?;
    let beside = nmap(&desk, "-sS -p1-2000")?;
    step(&format!(
        "65,535 ports of a line that drops: {filtered:.1} s with the same proof (nmap -sS of 2,000 ports: {beside:.1} s)"
    ));
    ensure!(closed <= allowed, "closed ports took {closed:.1} s, not {allowed:.1}");
    ensure!(filtered <= FILTERED, "filtered ports took {filtered:.1} s, not {FILTERED}");
    Ok(())
}

/// Seconds until the odd port is proved.
fn sweep(nightdesk: &Nightdesk<'_>) -> Result<f64> {
    let answer = nightdesk.sweep(LINE)?;
    ensure!(answer["verdict"] == "open-proxy" && answer["port"] == ODD, "the sweep says {answer}");
    ensure!(answer["open"] == serde_json::json!([ODD]), "open are {}", answer["open"]);
    answer["seconds"].as_f64().context("no seconds")
}

fn nmap(desk: &Namespace, what: &str) -> Result<f64> {
    let begun = Instant::now();
    let words = format!("nmap -n -Pn {what} {LINE}");
    let words: Vec<&str> = words.split(' ').collect();
    let output = desk.attempt_within(120, &words)?;
    ensure!(output.status.success(), "nmap: {}", String::from_utf8_lossy(&output.stderr));
    Ok(begun.elapsed().as_secs_f64())
}
