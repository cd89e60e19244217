//! Nobody complains, and the proxy is found all the same: a real softflowd tells the desk of the flows at the router,
//! the desk sees strangers come in and the same bytes go out, asks just that port, and shuts it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::duty::{self, Duty, indented};
use crate::night::{LINE, NEIGHBOUR, Night, PORT, Proxy};
use crate::patience::until;
use crate::peers::Peer;
use crate::{net, pictures, step};

/// From the first use of the proxy until the case is contained. The promise is ten minutes; with an exporter that tells
/// of ended flows every few seconds, three are plenty.
const UNTIL_CONTAINED: Duration = Duration::from_secs(180);
/// Web servers that strangers go to.
pub(crate) const SITES: [&str; 5] =
    ["198.51.100.81", "198.51.100.82", "198.51.100.83", "198.51.100.84", "198.51.100.85"];
/// Strangers.
const STRANGERS: [&str; 6] =
    ["198.51.100.11", "198.51.100.22", "198.51.100.33", "198.51.100.44", "198.51.100.55", "198.51.100.66"];
/// Sizes of the pages they fetch.
const PAGES: [usize; 5] = [3_000, 9_000, 20_000, 55_000, 140_000];
/// How long softflowd may take to begin.
const READY: Duration = Duration::from_secs(20);

/// Plays it.
pub(crate) fn play() -> Result<()> {
    let dir = net::folder()?;
    let night = Night::fall(Proxy::Microsocks, dir.path())?;
    let sites = sites(&night, dir.path())?;
    let config = format!("{}{FLOWS}", duty::config(dir.path()));
    let mut duty = Duty::begin_with(&night, dir.path(), &config)?;
    let exporter = exporter(&night, dir.path())?;
    let ending = goes_on(&night, &mut duty, exporter);
    if ending.is_err() {
        println!("   nightdesk's last words:\n{}", duty.last_words());
    }
    ending?;
    drop(sites);
    duty.end()
}

/// What the story adds to the configuration of the others.
const FLOWS: &str = r#"
[flows]
listen = ["127.0.0.1:2055"]
exporters = ["127.0.0.1/32"]
"#;

fn goes_on(night: &Night, duty: &mut Duty<'_>, mut exporter: Peer) -> Result<()> {
    let begun = Instant::now();
    use_until_contained(night, duty, begun)?;
    exporter.still_runs()?;
    went_by_itself(duty)?;
    ensure!(!night.stranger_through(LINE)?, "a stranger still gets through the proxy");
    ensure!(night.line_serves()? && night.line_reaches(80)?, "the block has hit more than the proxy");
    ensure!(night.stranger_through(NEIGHBOUR)?, "the block has hit the neighbour");
    step("no stranger gets through any more, everything else of the line works, and so does the neighbour");
    println!("   nightdesk block list:\n{}", indented(&duty.ask(&["block", "list"])?));
    // Which sign comes first depends on how softflowd packs its datagrams: the probe does not wait for the second.
    // Found by its flows, proved by our own canary through just that port; nobody has complained.
    duty.explains(&[
        "tcp/48613 in",
        "ND-1 of line-0066 is contained",
        "seen at 203.0.113.66:48613",
        "went through 203.0.113.66:48613",
    ])?;
    pictures::take(night, duty, "flow-proxy-front", "/", &["line-0066"])?;
    pictures::take(
        night,
        duty,
        "flow-proxy-case",
        "/case/ND-1",
        &["48613 by socks5", "seen at 203.0.113.66:48613"],
    )
}

/// The case was confirmed on its way, and all that was ever filed on it are signs of our own: nobody complained.
fn went_by_itself(duty: &Duty<'_>) -> Result<()> {
    let events = duty.events()?;
    let of = |name: &'static str| events.iter().filter(move |event| event["event"] == name);
    let stages: Vec<&str> = of("stage-moved").filter_map(|event| event["to"].as_str()).collect();
    ensure!(stages.contains(&"confirmed"), "the case was never confirmed: {stages:?}");
    ensure!(of("filed").count() > 0, "nothing was filed on the case");
    for filed in of("filed") {
        ensure!(
            filed["sighting"]["source"]["from"] == "sign",
            "something else than a sign was filed: {filed}"
        );
    }
    step(&format!("without any complaint the case went from heads-up by {}", stages.join(" to ")));
    Ok(())
}

/// Strangers fetch page after page through the proxy until the case is contained, each stage told as it is seen.
pub(crate) fn use_until_contained(night: &Night, duty: &mut Duty<'_>, begun: Instant) -> Result<()> {
    let mut stage = String::from("no case yet");
    for round in 0.. {
        if let Some(now) = duty.stage()?
            && now != stage
        {
            step(&format!("{:5.1} s after the first use: the case is {now}", begun.elapsed().as_secs_f64()));
            stage = now;
        }
        if stage == "contained" {
            break;
        }
        ensure!(begun.elapsed() < UNTIL_CONTAINED, "the case stopped at: {stage}");
        fetch(night, round)?;
    }
    Ok(())
}

/// One stranger fetches one page of one site through the proxy. Once it is shut this fails, as it should.
fn fetch(night: &Night, round: usize) -> Result<()> {
    let pick =
        |from: &[&'static str], step: usize| from.get(round * step % from.len()).copied().unwrap_or_default();
    let (from, site) = (pick(&STRANGERS, 5), pick(&SITES, 3));
    let url = format!("http://{site}/page{}", round % PAGES.len());
    let proxy = format!("socks5://{LINE}:{PORT}");
    let words = ["curl", "-s", "-m", "3", "-o", "/dev/null", "--interface", from, "--proxy", &proxy, &url];
    night.world.attempt(&words).map(drop)
}

pub(crate) fn sites(night: &Night, dir: &Path) -> Result<Vec<Peer>> {
    let web = dir.join("web");
    for (number, size) in PAGES.iter().enumerate() {
        fs::write(web.join(format!("page{number}")), vec![b'.'; *size])?;
    }
    let web = web.to_str().context("the lab's folder has no plain name")?;
    for address in SITES.iter().chain(&STRANGERS) {
        night.world.ip(&format!("addr add {address}/32 dev w0"))?;
    }
    let serve = |site: &&str| {
        let words = ["python3", "-m", "http.server", "80", "--bind", site, "--directory", web];
        Peer::start(&night.world, &format!("site-{site}"), &words, dir)
    };
    SITES.iter().map(serve).collect()
}

/// softflowd at the router's leg to the world. What has ended is told of within seconds, what goes on every ten.
pub(crate) fn exporter(night: &Night, dir: &Path) -> Result<Peer> {
    let mut words =
        vec!["softflowd", "-d", "-i", "r0", "-v", "9", "-n", "127.0.0.1:2055", "-c", "none", "-T", "full"];
    let pid = dir.join("softflowd.pid");
    words.extend(["-p", pid.to_str().context("the lab's folder has no plain name")?]);
    for timeout in
        ["tcp=10", "tcp.fin=2", "tcp.rst=2", "udp=10", "icmp=10", "general=10", "maxlife=10", "expint=2"]
    {
        words.extend(["-t", timeout]);
    }
    let exporter = Peer::start(&night.router, "softflowd", &words, dir)?;
    // What passes before it looks is told to nobody.
    until("softflowd looks at what passes", READY, || {
        Ok(exporter.said().contains("starting data collection").then_some(()))
    })?;
    step("softflowd exports NetFlow v9 of all that passes the router to the desk");
    Ok(exporter)
}
