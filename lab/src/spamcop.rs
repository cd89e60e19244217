//! The story of an answer to SpamCop: nothing while the proxy is open or merely shut off at the edge; `resolved` once,
//! when the customer has closed it and our own probes have found it closed for long enough.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use jiff::Timestamp;
use serde_json::Value;

use crate::duty::{self, Duty};
use crate::night::{LINE, Night, PORT, Proxy};
use crate::patience::until;
use crate::post::Sink;
use crate::{mail, net, step};

/// Where our relay is: a sink in the world.
const RELAY: &str = "198.51.100.2:2525";
/// How long a line must be found closed in this story.
const CLEAN_OVER: Duration = Duration::from_secs(6);
/// What SpamCop's answer begins with.
const RESOLVED: &str = "resolved.";

/// Plays it.
pub(crate) fn play() -> Result<()> {
    let dir = net::folder()?;
    let night = Night::fall(Proxy::Tinyproxy, dir.path())?;
    let mut sink = Sink::open(&night.world, RELAY, dir.path())?;
    let mut duty = Duty::begin_with(&night, dir.path(), &config(dir.path()))?;
    let ending = goes_on(&night, &mut sink, &mut duty);
    if ending.is_err() {
        println!("   nightdesk's last words:\n{}", duty.last_words());
    }
    ending?;
    duty.end()
}

fn goes_on(night: &Night, sink: &mut Sink, duty: &mut Duty<'_>) -> Result<()> {
    let vouched = "Authentication-Results: desk.example.net; dkim=pass header.d=spamcop.net\r\n";
    let delivered = duty.deliver(&format!("{vouched}{}", mail::spamcop(LINE, PORT, Timestamp::now())))?;
    duty.wait_until_contained(delivered)?;
    until("a second probe proves that the contained proxy is still open", Duration::from_secs(30), || {
        Ok((probes(duty, "open-proxy")?.len() >= 2).then_some(()))
    })?;
    ensure!(sink.to(RESOLVED)?.is_empty(), "SpamCop was told of a proxy that is open");
    step("the proxy is contained and still open behind the block: SpamCop has heard nothing of resolved");

    night.customer_closes_the_proxy()?;
    step("the customer closes the proxy");
    until("SpamCop is told", Duration::from_secs(60), || {
        sink.still_takes()?;
        Ok((!sink.to(RESOLVED)?.is_empty()).then_some(()))
    })?;
    let closed = probes(duty, "closed")?;
    let over = closed.last().zip(closed.first()).map(|(last, first)| last.duration_since(*first));
    ensure!(
        closed.len() >= 3 && over.is_some_and(|over| over.unsigned_abs() >= CLEAN_OVER),
        "it was told after {} clean probes over {over:?}",
        closed.len()
    );
    step(&format!("the sink has the letter, after {} clean probes", closed.len()));

    until("the line is found clean again and again", Duration::from_secs(60), || {
        Ok((probes(duty, "closed")?.len() >= closed.len() + 3).then_some(()))
    })?;
    let letters = sink.to(RESOLVED)?;
    ensure!(letters.len() == 1, "SpamCop was told {} times", letters.len());
    looks_right(&letters)?;
    step("resolved.6100000017@cmds.spamcop.net was written to once, from our own address");
    Ok(())
}

fn looks_right(letters: &[String]) -> Result<()> {
    let letter = letters.first().map(String::as_str).unwrap_or_default();
    for line in [
        "X-Mail-Args: <abuse@example.net>",
        "X-Rcpt-Args: <resolved.6100000017@cmds.spamcop.net>",
        "To: resolved.6100000017@cmds.spamcop.net",
        "Auto-Submitted: auto-generated",
    ] {
        ensure!(letter.lines().any(|has| has.starts_with(line)), "the letter lacks {line:?}:\n{letter}");
    }
    Ok(())
}

/// When the probes with this verdict began.
fn probes(duty: &Duty<'_>, verdict: &str) -> Result<Vec<Timestamp>> {
    let started = |event: &Value| {
        let is = event.get("event")? == "answered" && event.get("verdict")? == verdict;
        is.then(|| event.get("started")?.as_str()?.parse().ok()).flatten()
    };
    Ok(duty.events()?.iter().filter_map(started).collect())
}

fn config(dir: &Path) -> String {
    let usual = duty::config(dir).replace("recheck_every = \"6h\"\n", "recheck_every = \"3s\"\n");
    let usual = usual.replace("[intake]\n", TRUSTED).replace("[probe]\n", "[probe]\nmin_gap = \"1s\"\n");
    format!(
        "{usual}usual_ports = [1080]\nclean_over = \"{}s\"\n\n[mail]\nrelay = \"198.51.100.2\"\nport = 2525\n\
         from = \"Example Net abuse desk <abuse@example.net>\"\n",
        CLEAN_OVER.as_secs()
    )
}

const TRUSTED: &str =
    "[intake]\nauthserv_id = \"desk.example.net\"\ntrusted_relays = [\"198.51.100.2/32\"]\n";
