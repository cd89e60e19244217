//! From a scan to a proxy, as in 2003: nmap looks for NetBus from outside and touches our traps and a line that answers. The
//! line gets a heads-up although nobody complains. Then a proxy appears on it, on a port that nobody would scan; a real
//! softflowd shows it at work, a probe proves it, and it is contained.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::duty::{self, Duty, indented};
use crate::flow_proxy::{self, exporter, sites};
use crate::night::{LINE, NEIGHBOUR, Night, Proxy};
use crate::patience::until;
use crate::{net, pictures, step};

/// The spare addresses beside the lines.
const TRAPS: &str = "203.0.113.240/29";
/// Where NetBus 1.x listens.
const NETBUS: u16 = 12_345;
/// The line's own flows tell it within seconds. Should they not, the question that follows from the visits to the traps is
/// answered after a minute for gathering them, and a minute and a half until all flows of that time are on disk.
const UNTIL_HEADS_UP: Duration = Duration::from_secs(240);

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
    net::ready_with(&[("nmap", "nmap")])?;
    let dir = net::folder()?;
    let night = Night::fall(Proxy::Microsocks, dir.path())?;
    night.customer_closes_the_proxy()?;
    night.trojan_waits(NETBUS, dir.path())?;
    let _sites = sites(&night, dir.path())?;
    // The heads-up has the trojan's own port asked, minutes before the other.
    let probes = "[probe]\nmin_gap = \"1s\"";
    let config = format!("{}{CONFIG}", duty::config(dir.path()).replace("[probe]", probes));
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
    let scanned = Instant::now();
    scan(night)?;
    heads_up(night, duty, scanned)?;
    pictures::take(night, duty, "netbus-traps", "/traps", &["netbus", "198.51.100.0/24"])?;
    night.proxy_appears(dir)?;
    step("a proxy appears on the line, on port 48613");
    flow_proxy::use_until_contained(night, duty, Instant::now())?;
    ensure!(!night.stranger_through(LINE)?, "a stranger still gets through the proxy");
    ensure!(night.line_serves()? && night.line_reaches(80)?, "the block has hit more than the proxy");
    step("no stranger gets through any more, and everything else of the line works");
    nobody_complained(duty)?;
    duty.explains(&[
        "ND-1 of line-0066 is contained",
        "trojan-scan-in seen at 203.0.113.66:12345",
        "went through 203.0.113.66:48613",
    ])
}

/// nmap looks for NetBus at both lines and at every trap.
fn scan(night: &Night) -> Result<()> {
    let port = NETBUS.to_string();
    let words = ["nmap", "-n", "-Pn", "-sV", "-T5", "-p", &port, LINE, NEIGHBOUR, TRAPS];
    let said = night.world.run(&words)?;
    let found = said.lines().filter(|line| line.contains("open  netbus")).count();
    ensure!(found == 9, "nmap finds NetBus {found} times, not on the line and eight traps:\n{said}");
    ensure!(!said.contains("honeypot"), "nmap sees through a trap:\n{said}");
    step("nmap finds NetBus on the line and on all eight traps, and takes none of them for a honeypot");
    Ok(())
}

/// The one line that let the scanner in has a case; its neighbour, which refused, has none, and neither has a trap.
fn heads_up(night: &Night, duty: &Duty<'_>, scanned: Instant) -> Result<()> {
    let case = until("the line that answered gets a heads-up", UNTIL_HEADS_UP, || {
        // softflowd hears of packets by the bufferful: it takes a street that goes about its day.
        night.neighbour_browses(&format!("http://{}/page4", flow_proxy::SITES[0]))?;
        Ok(duty.cases()?.into_iter().next())
    })?;
    ensure!(case["subscriber"] == "line-0066" && case["stage"] == "heads-up", "the case is {case}");
    let signs = signs(duty)?;
    let scan = signs.iter().find(|sign| sign["sign"] == "trojan-scan-in").context("no sign of the scan")?;
    ensure!(scan["peer"] == "198.51.100.2", "the scanner is {}", scan["peer"]);
    step(&format!(
        "{:.0} s after the scan the line has a heads-up: {}",
        scanned.elapsed().as_secs_f64(),
        scan["why"].as_str().unwrap_or_default()
    ));
    println!("   nightdesk why {LINE}:\n{}", indented(&duty.ask(&["why", LINE])?));
    Ok(())
}

/// Nothing but signs of our own was filed, from the scan to the proxy.
fn nobody_complained(duty: &Duty<'_>) -> Result<()> {
    let signs = signs(duty)?;
    let names: std::collections::BTreeSet<&str> =
        signs.iter().filter_map(|sign| sign["sign"].as_str()).collect();
    let filed = duty.events()?.iter().filter(|event| event["event"] == "filed").count();
    ensure!(filed == signs.len(), "of {filed} things filed {} are signs", signs.len());
    let names: Vec<&str> = names.into_iter().collect();
    step(&format!("without any complaint: the signs were {}", names.join(", ")));
    Ok(())
}

/// What was filed as a sign on the one case there is.
fn signs(duty: &Duty<'_>) -> Result<Vec<Value>> {
    let events = duty.events()?;
    let filed = events.into_iter().filter(|event| event["event"] == "filed");
    Ok(filed
        .map(|event| event["sighting"]["source"].clone())
        .filter(|source| source["from"] == "sign")
        .collect())
}
