//! A long night: a day and a night of a provider on a clock moved by hand, with the desk killed every hour.
//!
//! The world is one process: lines and what is planted on them (from [`crate::generate`], the seed decides all of it), people
//! who complain late and of the wrong ones, flow records, a customer who cleans up, two people on duty who answer their pages
//! or let them ring. The desk is another, the real one with its store, its prober and its pages ([`desk`]); it is told what
//! time it is and what comes in, and is ended with SIGKILL in the midst of its work once an hour. Probes go through the
//! kernel to proxies that really relay. The edge alone is a dry run.
//!
//! * [`world`] is what happens, in steps of five seconds; [`infections`] what is planted and who complains of it.
//! * [`pages`] is what the people on duty heard, and when they should have.
//! * [`process`] starts the desk, talks to it and kills it; [`frame`] is what they say to each other.
//! * [`verdict`] holds what the desk says of the night against what was so. [`picture`] draws two nights.

pub(crate) mod desk;
mod frame;
mod infections;
mod mails;
mod pages;
mod people;
mod picture;
mod process;
mod proxies;
mod verdict;
mod world;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use world::{Plan, World};

/// The prefix of all lines, as the generator has them.
const HOME: &str = "10.0.0.0/8";
/// Where relayed connections land.
const LANDING: &str = "192.0.2.1:8080";
/// Who takes the desk's letters.
const RELAY: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 2525));

fn subscriber(line: u32) -> String {
    format!("line-{line:06}")
}

/// A day and a night, with the desk killed every hour.
#[derive(Debug, Parser)]
#[command(name = "lab long-night")]
struct Words {
    /// How many lines there are.
    #[arg(long, default_value_t = 200_000)]
    lines: u32,
    /// How many of them are infected in that time.
    #[arg(long, default_value_t = 300)]
    infections: u32,
    /// How many hours it takes.
    #[arg(long, default_value_t = 24)]
    hours: u32,
    /// What decides everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// No flow records: the desk hears of reports alone.
    #[arg(long)]
    without_flows: bool,
    /// The desk is not killed.
    #[arg(long)]
    without_kills: bool,
    /// Two nights without kills instead: each page is answered after ten minutes in the one and ten hours in the other, and
    /// the blocks wait for that. The picture of both goes to this file.
    #[arg(long)]
    compare: Option<PathBuf>,
    /// Set while we are in the namespace already.
    #[arg(long, hide = true)]
    inside: bool,
}

/// Runs `lab long-night` with these words.
pub(crate) fn run(words: &[String]) -> Result<()> {
    let parsed = Words::parse_from(std::iter::once("lab long-night").chain(words.iter().map(String::as_str)));
    if !parsed.inside {
        return in_a_namespace(words);
    }
    make_addresses()?;
    let plan = Plan {
        lines: parsed.lines,
        infections: parsed.infections,
        hours: parsed.hours,
        seed: parsed.seed,
        flows: !parsed.without_flows,
        kills: !parsed.without_kills,
        answer: None,
    };
    match parsed.compare {
        None => {
            let night = World::new(plan)?.pass()?;
            verdict::tell(&night);
            verdict::judge(&night)
        }
        Some(file) => compare(plan, &file),
    }
}

fn compare(plan: Plan, file: &std::path::Path) -> Result<()> {
    let of = |minutes: i64| -> Result<_> {
        let night = World::new(Plan { kills: false, answer: Some(minutes), ..plan })?.pass()?;
        verdict::tell(&night);
        verdict::judge(&night)?;
        // The same proxies come again in the next night.
        night.infections.iter().for_each(infections::Infection::uproot);
        Ok(night)
    };
    let (quick, slow) = (of(10)?, of(600)?);
    std::fs::write(file, picture::draw(&quick, &slow))
        .with_context(|| format!("cannot write {}", file.display()))?;
    ensure!(
        slow.complaints_per_incident() > quick.complaints_per_incident(),
        "a desk that answers in ten hours drew no more complaints than one that answers in ten minutes"
    );
    Ok(())
}

/// The small one that is played each time: a few hours with a kill in each half of one.
pub(crate) fn play() -> Result<()> {
    let words = ["--lines", "3000", "--infections", "30", "--hours", "4", "--seed", "7"];
    run(&words.map(str::to_owned))
}

/// Begins again in a network namespace of our own, where all lines are.
fn in_a_namespace(words: &[String]) -> Result<()> {
    let us = std::env::current_exe().context("cannot find ourselves")?;
    let mut inside = Command::new("unshare");
    inside.args(["--net", "--"]).arg(us).args(["long-night", "--inside"]).args(words);
    let status = inside.status().context("cannot make a network namespace")?;
    ensure!(status.success(), "the night did not go as it should");
    Ok(())
}

/// Every line's address is one of this namespace; so is the landing's.
fn make_addresses() -> Result<()> {
    for words in ["link set lo up", "address add 192.0.2.1/32 dev lo", "route add local 10.0.0.0/8 dev lo"] {
        let status = Command::new("ip").args(words.split(' ')).status().context("cannot run ip")?;
        ensure!(status.success(), "ip {words} failed");
    }
    Ok(())
}
