//! The walled garden, as the customer of a contained line meets it: whatever web page is asked for, a page of ours comes,
//! tells what was seen, and tests the line when asked to; a clean line is let out, and the page that was wanted comes.
//!
//! The packet filter of the router leads there by itself. The browser is a real Chromium on the line's side, which knows
//! nothing of a garden: it asks for a page of the world's.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::duty::{self, Duty, indented};
use crate::night::{LINE, NEIGHBOUR, Night, Proxy};
use crate::patience::until;
use crate::{net, step};

/// The garden, as the lines reach it.
const GARDEN: &str = "203.0.113.1:8088";
/// The page the customer wants.
const WANTED: &str = "http://198.51.100.80/";
/// What the garden calls itself while a line is blocked, and once it is free.
const BLOCKED: &str = "Part of your line is blocked";
const FREE: &str = "Your line is free";
/// From the button until the page that was wanted comes: a probe, and a round at the edge.
const UNTIL_RELEASED: Duration = Duration::from_secs(60);

/// Plays it.
pub(crate) fn play() -> Result<()> {
    let dir = net::folder()?;
    let night = Night::fall(Proxy::Tinyproxy, dir.path())?;
    let config = duty::config(dir.path()).replace("[probe]\n", "[probe]\nmin_gap = \"5s\"\n").replace(
        "block_for = \"25s\"",
        "block_for = \"1h\"\nrestrict = [\"proved-port-in\", \"walled-garden\"]",
    );
    let tables =
        format!("[garden]\nlisten = \"{GARDEN}\"\nlead_to = [\"{GARDEN}\"]\ncontact = \"+49 30 000000\"\n");
    let mut duty = Duty::begin_with(&night, dir.path(), &format!("{config}\n{tables}"))?;
    let ending = goes_on(&night, &mut duty, dir.path());
    if ending.is_err() {
        println!("   nightdesk's last words:\n{}", duty.last_words());
    }
    ending?;
    duty.end()
}

fn goes_on(night: &Night, duty: &mut Duty<'_>, dir: &Path) -> Result<()> {
    ensure!(night.line_reaches(80)?, "the customer does not get the page that is wanted to begin with");
    let delivered = duty.complain()?;
    duty.wait_until_contained(delivered)?;
    println!("   nightdesk block list:\n{}", indented(&duty.ask(&["block", "list"])?));
    inside(night)?;
    browser(night, dir, "contained")?;

    duty.kill()?;
    ensure!(!night.line_reaches(80)? && !night.line_reaches(25)?, "the line is let out by a crash");
    duty.begin_again()?;
    until("the garden answers again", Duration::from_secs(30), || {
        Ok(asks(night, LINE, &format!("http://{GARDEN}/"))?.contains(BLOCKED).then_some(()))
    })?;
    step("nightdesk is killed and started again: the line stayed in, and the garden answers again");

    night.customer_closes_the_proxy()?;
    step("the customer shuts the proxy");
    let pressed = Instant::now();
    if !browser(night, dir, "cleaned")? {
        let words = ["curl", "-s", "-m", "5", "-o", "/dev/null", "--interface", LINE, "-d", "lang=en"];
        let url = format!("http://{GARDEN}/test");
        night.run_on_the_lines(&words.iter().copied().chain([url.as_str()]).collect::<Vec<_>>())?;
    }
    until("the page that was wanted comes", UNTIL_RELEASED, || Ok(night.line_reaches(80)?.then_some(())))?;
    step(&format!(
        "{:5.1} s after the customer came back, the page that was wanted comes",
        pressed.elapsed().as_secs_f64()
    ));
    ensure!(asks(night, LINE, &format!("http://{GARDEN}/"))?.contains(FREE), "the garden says otherwise");
    ensure!(night.line_reaches(25)?, "the rest of the line is still shut");
    let left = duty.ask(&["block", "list"])?;
    ensure!(left.trim().is_empty(), "blocks are left: {left}");
    duty.explains(&["ND-1 of line-0066", "no block stands"])
}

/// What a line in the garden reaches, and what its neighbour does.
fn inside(night: &Night) -> Result<()> {
    let answer = asks(night, LINE, WANTED)?;
    ensure!(
        answer.contains("302 Found") && answer.contains(&format!("http://{GARDEN}/")),
        "instead of a redirect: {answer}"
    );
    let page = asks(night, LINE, &format!("http://{GARDEN}/"))?;
    ensure!(page.contains(BLOCKED) && page.contains("48613"), "the garden says something else: {page}");
    step("whatever page the line asks for, it is sent to the garden, which tells what was seen");
    let began = Instant::now();
    ensure!(!night.line_reaches(25)?, "the line still reaches mail servers");
    ensure!(began.elapsed() < Duration::from_secs(2), "what is not let by hangs instead of being refused");
    ensure!(!night.line_serves()? && !night.stranger_through(LINE)?, "strangers still reach the line");
    step("the rest is refused at once, and no stranger reaches the line");
    let page = asks(night, NEIGHBOUR, WANTED)?;
    ensure!(page.contains("a page"), "the neighbour is in the garden as well: {page}");
    step("the neighbour gets the page that is asked for");
    Ok(())
}

/// The answer to a page asked for from an address of the lines, head and all.
fn asks(night: &Night, line: &str, url: &str) -> Result<String> {
    let said = night.run_on_the_lines(&["curl", "-si", "-m", "5", "--interface", line, url])?;
    Ok(String::from_utf8_lossy(&said.stdout).into_owned())
}

/// Chromium on the line's side; `false` where there is none to look with. Pictures are kept in the folder that
/// `NIGHTDESK_SCREENSHOTS` names.
fn browser(night: &Night, dir: &Path, phase: &str) -> Result<bool> {
    let Some(scripts) = std::env::var_os("NIGHTDESK_BROWSER") else {
        step(&format!("NOT LOOKED AT in a browser, {phase} (NIGHTDESK_BROWSER is not set)"));
        return Ok(false);
    };
    let script = Path::new(&scripts).join("captive.mjs").display().to_string();
    let settings = [format!("NIGHTDESK_WANTED={WANTED}"), format!("NIGHTDESK_PHASE={phase}")];
    let words: Vec<&str> =
        ["env"].into_iter().chain(settings.iter().map(String::as_str)).chain(["node", &script]).collect();
    let mut chromium = night.start_on_the_lines(&format!("chromium-{phase}"), &words, dir)?;
    let done = format!("captive: {phase}");
    let seen = until("the browser has seen it all", Duration::from_secs(180), || {
        if chromium.said().contains(&done) {
            return Ok(Some(()));
        }
        chromium.still_runs()?;
        Ok(None)
    });
    seen.with_context(|| chromium.last_words())?;
    println!("{}", indented(&chromium.last_words()));
    Ok(true)
}
