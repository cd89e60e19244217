//! A scanner tries one spare address and one line, on a port that no list knows: too little for the flows to tell it from a
//! caller. What it said at the trap raises the question whom else it touched, and the line that answered gets a heads-up.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::duty::{self, Duty, indented};
use crate::flow_proxy::{self, exporter, sites};
use crate::night::{LINE, Night, Proxy};
use crate::patience::until;
use crate::{net, step};

/// One of the spare addresses.
const TRAP: &str = "203.0.113.241";
/// A port that neither trojans nor proxies are known by.
const PORT: u16 = 31_234;
/// A minute for gathering the visit, and a minute and a half until all flows of that time are on disk.
const UNTIL_HEADS_UP: Duration = Duration::from_secs(300);

/// What the story adds to the configuration of the others.
const CONFIG: &str = r#"
[flows]
listen = ["127.0.0.1:2055"]
exporters = ["127.0.0.1/32"]

[traps]
prefixes = ["203.0.113.240/29"]
"#;

/// Plays it.
pub(crate) fn play() -> Result<()> {
    let dir = net::folder()?;
    let night = Night::fall(Proxy::Microsocks, dir.path())?;
    night.customer_closes_the_proxy()?;
    night.trojan_waits(PORT, dir.path())?;
    let _sites = sites(&night, dir.path())?;
    let config = format!("{}{CONFIG}", duty::config(dir.path()));
    let mut duty = Duty::begin_with(&night, dir.path(), &config)?;
    let _exporter = exporter(&night, dir.path())?;
    let ending = goes_on(&night, &mut duty, dir.path());
    if ending.is_err() {
        println!("   nightdesk's last words:\n{}", duty.last_words());
    }
    ending?;
    duty.end()
}

fn goes_on(night: &Night, duty: &mut Duty<'_>, dir: &Path) -> Result<()> {
    // Where nobody knows of NetBus the trap waits for the word, and answers that.
    for (whom, says) in [(TRAP, "Access;"), (LINE, "NetBus")] {
        let heard = try_netbus(night, whom)?;
        ensure!(heard.starts_with(says), "{whom} said {heard:?}");
    }
    let scanned = Instant::now();
    step(&format!("a scanner asks one trap and one line for NetBus on port {PORT}, and both answer"));
    let case = until("the line that answered gets a heads-up", UNTIL_HEADS_UP, || {
        // softflowd hears of packets by the bufferful: it takes a street that goes about its day.
        night.neighbour_browses(&format!("http://{}/page4", flow_proxy::SITES[0]))?;
        Ok(duty.cases()?.into_iter().next())
    })?;
    ensure!(case["subscriber"] == "line-0066" && case["stage"] == "heads-up", "the case is {case}");
    step(&format!("{:.0} s later that line has a heads-up", scanned.elapsed().as_secs_f64()));
    println!("   nightdesk why {LINE}:\n{}", indented(&duty.ask(&["why", LINE])?));
    let log = std::fs::read_to_string(dir.join("nightdesk.log")).context("nightdesk has logged nothing")?;
    let looked: Vec<&str> =
        log.lines().filter(|line| line.contains("whom a scanner touched was looked up")).collect();
    ensure!(!looked.is_empty(), "nobody looked whom the scanner touched");
    let other = looked.iter().find(|line| !line.contains("a trap"));
    ensure!(other.is_none(), "something else than the trap told of a scanner: {}", other.unwrap_or(&""));
    step("nothing but the trap told of the scanner: no report, and too few lines for the flows");
    Ok(())
}

/// What NetBus says to the scanner.
fn try_netbus(night: &Night, whom: &str) -> Result<String> {
    let script =
        format!("exec 3<>/dev/tcp/{whom}/{PORT}; printf 'Password;1;\\r' >&3; timeout 5 head -c 8 <&3");
    night.world.run(&["bash", "-c", &script])
}
