//! The story of one night: a mail comes in, and before the coffee is ready the proxy is shut, narrowly and for a while.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::duty::{BLOCK_FOR, Duty, indented};
use crate::night::{Download, LINE, NEIGHBOUR, Night, Proxy};
use crate::patience::until;
use crate::{net, step};

/// Plays it.
pub(crate) fn play(proxy: Proxy) -> Result<()> {
    let dir = net::folder()?;
    let night = Night::fall(proxy, dir.path())?;
    let mut duty = Duty::begin(&night, dir.path())?;
    let ending = goes_on(&night, &mut duty, dir.path());
    if ending.is_err() {
        println!("   nightdesk's last words:\n{}", duty.last_words());
    }
    ending?;
    duty.end()
}

fn goes_on(night: &Night, duty: &mut Duty<'_>, dir: &std::path::Path) -> Result<()> {
    let mut download = night.begin_download(dir)?;
    let delivered = duty.complain()?;
    duty.wait_until_contained(delivered)?;
    contained(night, &mut download)?;
    drop(download);
    println!("   nightdesk block list:\n{}", indented(&duty.ask(&["block", "list"])?));
    let proof = "went through 203.0.113.66:48613";
    duty.explains(&["tcp/48613 in", "ND-1 of line-0066 is contained", "by spamcop.net", proof])?;
    wait_until_lapsed(night, delivered)?;
    duty.explains(&["ND-1 of line-0066", "no block stands", proof])
}

/// What everybody sees while the block stands.
fn contained(night: &Night, download: &mut Download) -> Result<()> {
    download.has_stopped()?;
    step("the stranger's running download has stopped");
    ensure!(!night.stranger_through(LINE)?, "a stranger still gets through the proxy");
    ensure!(!night.line_reaches(25)?, "the line still reaches mail servers");
    step("no new connection gets through the proxy, and none out to a mail server");
    ensure!(night.line_serves()?, "the block has taken down another service of the line");
    ensure!(night.line_reaches(80)?, "the block has taken the line off the web");
    ensure!(night.stranger_through(NEIGHBOUR)?, "the block has hit the neighbour");
    step(
        "the line's web server and its way out to the web still work, and so does the neighbour's everything",
    );
    Ok(())
}

/// Waits for the end of the block; it must not have been over before its time.
pub(crate) fn wait_until_lapsed(night: &Night, delivered: Instant) -> Result<()> {
    until("the block lapses and traffic flows again", BLOCK_FOR + Duration::from_secs(15), || {
        Ok((night.stranger_through(LINE)? && night.line_reaches(25)?).then_some(()))
    })?;
    let after = delivered.elapsed();
    ensure!(after >= BLOCK_FOR, "the block of {BLOCK_FOR:?} was over {after:?} after the mail");
    step(&format!("{:5.1} s after the mail: the block has lapsed, traffic flows again", after.as_secs_f64()));
    Ok(())
}
