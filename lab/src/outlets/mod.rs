//! The stories of the outlets: the same night, and each time another foreign program that holds the blocks.
//!
//! Each story goes from the complaint to traffic that has stopped, kills nightdesk and the peer, starts them again, waits for
//! the block to lapse, and releases another line with one command.

pub(crate) mod bgp;
pub(crate) mod radius;
pub(crate) mod ssh;
pub(crate) mod zones;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jiff::Timestamp;

use crate::duty::Duty;
use crate::night::{LINE, NEIGHBOUR, Night, PORT};
use crate::patience::until;
use crate::{mail, step};

/// How long a block lasts in these stories: long enough to kill and restart everybody within it.
const BLOCK_FOR: Duration = Duration::from_secs(60);

/// How soon after its start nightdesk must have looked at every outlet.
const RECONCILED_WITHIN: Duration = Duration::from_secs(60);

/// The configuration of the night, with another edge.
fn config(dir: &Path, edge: &str, tables: &str) -> String {
    let text = crate::duty::config(dir)
        .replace("[probe]\n", "[probe]\nmin_gap = \"5s\"\n")
        .replace("[edge]\noutlet = \"nftables\"", edge)
        .replace("block_for = \"25s\"", &format!("block_for = \"{}s\"", BLOCK_FOR.as_secs()));
    format!("{text}\n{tables}")
}

/// What a story needs of its outlet.
trait Peer {
    /// Whether the outlet stops the line's proxy now, by what everybody else sees.
    fn stops(&self, night: &Night, line: &str) -> Result<bool>;

    /// Kills the peer that holds the blocks, starts it again, and says what it is called; `None` where there is none to kill.
    fn dies_and_comes_back(&mut self, night: &Night) -> Result<Option<&'static str>>;
}

/// From the complaint to the end.
fn play_through(night: &Night, duty: &mut Duty<'_>, peer: &mut impl Peer) -> Result<()> {
    let delivered = duty.complain()?;
    play_on(night, duty, peer, delivered)
}

/// From a complaint that was delivered to the end.
fn play_on(night: &Night, duty: &mut Duty<'_>, peer: &mut impl Peer, delivered: Instant) -> Result<()> {
    let stopped = until("the traffic has stopped", Duration::from_secs(30), || {
        Ok(peer.stops(night, LINE)?.then(|| delivered.elapsed()))
    })?;
    step(&format!("{:5.1} s after the mail: the traffic has stopped", stopped.as_secs_f64()));
    duty.wait_until_contained(delivered)?;
    let listed = duty.ask(&["block", "list"])?;
    let in_force = listed.lines().filter(|rule| rule.starts_with("in force") && rule.contains(LINE)).count();
    ensure!(in_force == 2 && listed.lines().count() == 2, "`block list` says otherwise: {listed}");
    ensure!(!peer.stops(night, NEIGHBOUR)?, "the neighbour is blocked too");
    step("the neighbour, of whom nobody complained, is not touched");

    duty.kill()?;
    ensure!(peer.stops(night, LINE)?, "the block has gone with nightdesk");
    step("nightdesk is killed; the block stands");
    let killed = peer.dies_and_comes_back(night)?;
    if let Some(name) = killed {
        step(&format!("{name} is killed and started again while nightdesk is dead"));
    }
    let began = Instant::now();
    duty.begin_again()?;
    until("the block stands again", RECONCILED_WITHIN, || Ok(peer.stops(night, LINE)?.then_some(())))?;
    step(&format!("{:5.1} s after its start the block stands again", began.elapsed().as_secs_f64()));

    until("the block lapses", BLOCK_FOR + Duration::from_secs(30), || {
        Ok((!peer.stops(night, LINE)?).then_some(()))
    })?;
    ensure!(delivered.elapsed() >= BLOCK_FOR, "the block was over {:?} after the mail", delivered.elapsed());
    step(&format!("{:5.1} s after the mail: the block has lapsed", delivered.elapsed().as_secs_f64()));

    let delivered = duty.deliver(&mail::spamcop(NEIGHBOUR, PORT, Timestamp::now()))?;
    until("the neighbour's proxy is stopped as well", Duration::from_secs(30), || {
        Ok(peer.stops(night, NEIGHBOUR)?.then_some(()))
    })?;
    step(&format!(
        "{:5.1} s after a mail about the neighbour: its traffic has stopped",
        delivered.elapsed().as_secs_f64()
    ));
    released(night, duty, peer)
}

/// One command takes every block away.
fn released(night: &Night, duty: &Duty<'_>, peer: &impl Peer) -> Result<()> {
    let began = Instant::now();
    let said = duty.ask(&["block", "release", "--all", "--because", "the story ends"])?;
    until("everything is released", Duration::from_secs(15), || {
        Ok((!peer.stops(night, NEIGHBOUR)?).then_some(()))
    })?;
    step(&format!(
        "{:5.1} s after `block release --all` traffic flows again:",
        began.elapsed().as_secs_f64()
    ));
    println!("{}", crate::duty::indented(&said));
    // The running nightdesk had the block in its plan; it must not put it back.
    let quiet = Instant::now();
    until("nightdesk has looked at its edge again", Duration::from_secs(60), || {
        ensure!(!peer.stops(night, NEIGHBOUR)?, "a released block came back");
        Ok((quiet.elapsed() > Duration::from_secs(5)).then_some(()))
    })?;
    let left = duty.ask(&["block", "list"])?;
    ensure!(left.trim().is_empty(), "blocks are left: {left}");
    step("nothing comes back, and `block list` is empty");
    Ok(())
}

/// Plays a story to its end, and tells nightdesk's last words when it fails.
fn tell(mut duty: Duty<'_>, story: impl FnOnce(&mut Duty<'_>) -> Result<()>) -> Result<()> {
    let ending = story(&mut duty);
    if ending.is_err() {
        println!("   nightdesk's last words:\n{}", duty.last_words());
    }
    ending?;
    duty.end()
}
