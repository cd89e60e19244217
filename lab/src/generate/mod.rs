//! A provider's traffic made from nothing but a seed, with proxies planted in it: what scale is tried with.
//!
//! `lab generate` tells of a night of so many home lines as IPFIX, to a collector or a file, or as Parquet, and writes the
//! truth beside it. Sizes and rates are of the kinds that are found in access networks: a daily curve, few lines that do
//! most, heavy tails; with all that looks like a proxy and is none, and with scanners. The same order gives the same bytes.
//!
//! * [`line`] is what lines do all day, [`planted`] what is to be found, [`scanners`] who tries them.
//! * [`night`] puts them together, minute by minute; [`calendar`] tells of flows when they end.
//! * [`talk`] makes flow records, [`place`] addresses, [`chance`] decides.
//! * [`sink`] and [`truth`] are what comes out.

mod calendar;
mod chance;
mod line;
mod night;
mod place;
mod planted;
mod scanners;
mod sink;
mod talk;
#[cfg(test)]
mod tests;
mod truth;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use flow::Millis;
use jiff::Timestamp;

pub(crate) use chance::Chance;
pub(crate) use night::{Night, Order};
pub(crate) use place::home as home_of;
pub(crate) use planted::{Plant, Planted};
use sink::Sink;

/// A provider's traffic with proxies planted in it, from a seed.
#[derive(Debug, Parser)]
#[command(name = "lab generate")]
struct Words {
    /// How many home lines there are.
    #[arg(long, default_value_t = 10_000)]
    subscribers: u32,
    /// How many hours are told of.
    #[arg(long, default_value_t = 24.0)]
    hours: f64,
    /// What decides everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many lines have something planted on them, of six kinds in turn.
    #[arg(long, default_value_t = 12)]
    proxies: u32,
    /// Where the flows go: ipfix://HOST:PORT, netflow9://, netflow5://, a file for IPFIX messages,
    /// parquet:FOLDER for the files that the desk keeps flows in, or nothing.
    #[arg(long, default_value = "nothing")]
    to: String,
    /// Where the truth goes: a file for JSON lines.
    #[arg(long)]
    truth: Option<PathBuf>,
    /// So many flows a second to a collector, and no more; else as many as can be.
    #[arg(long)]
    rate: Option<u32>,
    /// When the night begins.
    #[arg(long, default_value = "2026-03-01T00:00:00Z")]
    begin: Timestamp,
}

/// Runs `lab generate` with these words.
pub(crate) fn run(words: &[String]) -> Result<()> {
    let words = Words::parse_from(std::iter::once("lab generate").chain(words.iter().map(String::as_str)));
    let begin = Millis::from(words.begin);
    let minutes = u32::try_from(chance::whole_number(words.hours * 60.0)).context("too many hours")?;
    let plants = &Plant::ALL;
    let order =
        Order { lines: words.subscribers, minutes, seed: words.seed, proxies: words.proxies, plants, begin };
    let started = Instant::now();
    let mut night = Night::new(order);
    if let Some(path) = &words.truth {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut out = BufWriter::new(file);
        truth::write(&night, begin, begin.plus(i64::from(minutes) * 60_000), &mut out)?;
        out.flush().context("cannot write the truth")?;
    }
    let mut sink = Sink::open(&words.to, begin, words.rate)?;
    let (mut told, mut now) = (0, begin);
    while let Some(flows) = night.turn() {
        now = now.plus(60_000);
        sink.take(now, &flows)?;
        told += flows.len();
    }
    sink.close()?;
    let seconds = started.elapsed().as_secs_f64();
    let rate = f64::from(u32::try_from(told).unwrap_or(u32::MAX)) / seconds;
    println!("{told} flows of {} lines in {seconds:.1} s: {rate:.0} a second", words.subscribers);
    Ok(())
}
