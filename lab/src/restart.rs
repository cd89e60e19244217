//! The story of a bad night: nightdesk is killed, and somebody empties the packet filter. A restart puts the block back;
//! and when nightdesk stays dead, the block still ends on time.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::contain::wait_until_lapsed;
use crate::duty::Duty;
use crate::night::{LINE, Night, Proxy};
use crate::patience::until;
use crate::{net, step};

/// Plays it.
pub(crate) fn play() -> Result<()> {
    let dir = net::folder()?;
    let night = Night::fall(Proxy::Tinyproxy, dir.path())?;
    let mut duty = Duty::begin(&night, dir.path())?;
    let ending = goes_on(&night, &mut duty);
    if ending.is_err() {
        println!("   nightdesk's last words:\n{}", duty.last_words());
    }
    ending?;
    duty.end()
}

fn goes_on(night: &Night, duty: &mut Duty<'_>) -> Result<()> {
    let delivered = duty.complain()?;
    duty.wait_until_contained(delivered)?;
    ensure!(!night.stranger_through(LINE)?, "a stranger still gets through the proxy");

    duty.kill()?;
    ensure!(!night.stranger_through(LINE)?, "the block has gone with the process");
    step("nightdesk is killed; the block stands");
    night.router.run(&["nft", "delete", "table", "inet", "nightdesk"])?;
    ensure!(
        night.stranger_through(LINE)?,
        "the proxy stays shut without a packet filter: the story proves nothing"
    );
    step("another hand deletes our table; strangers are through again");
    duty.begin_again()?;
    until("the block is back after the restart", Duration::from_secs(10), || {
        Ok((!night.stranger_through(LINE)?).then_some(()))
    })?;
    ensure!(night.line_serves()?, "the restart has taken down another service of the line");
    step(&format!(
        "{:5.1} s after the mail: nightdesk is started again, and the block is back",
        delivered.elapsed().as_secs_f64()
    ));

    duty.kill()?;
    wait_until_lapsed(night, delivered)?;
    step("that was the kernel alone: nightdesk has been dead all the while");
    duty.begin_again()?;
    ensure!(duty.stage()?.is_some(), "the case is lost");
    ensure!(night.stranger_through(LINE)?, "a block that had ended came back with the restart");
    let evidence = duty.ask(&["case", "show", "ND-1"])?;
    ensure!(evidence.contains("203.0.113.66"), "the case has lost what it knew: {evidence}");
    step("started once more, it knows its case and blocks nothing");
    Ok(())
}
