//! The journeys through the pages, in a real browser, against a running demo: an operator's, and a contained customer's.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell::{build, built, program, root, run};

/// Of the hostile strings each field gets one in so many when nothing else is asked: the whole walk takes minutes.
pub(crate) const SOME: u32 = 24;

/// The demo as a child process, ended with us whatever happens.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // SIGINT ends the night as a person would, so that it clears up behind itself.
        let ended = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        if !ended.is_ok_and(|status| status.success()) {
            drop(self.0.kill());
        }
        drop(self.0.wait());
    }
}

/// A demo at the end of its night, and what it said.
struct Night {
    demo: Demo,
    page: String,
    touched: String,
    garden: String,
    mail: String,
    password: String,
    /// Kept until the journey is over: a pipe that nobody holds would end the demo at its next word.
    told: Lines<BufReader<ChildStdout>>,
}

impl Night {
    fn play() -> Result<Night> {
        let nightdesk = built("nightdesk")?.display().to_string();
        let demo = program(&nightdesk)
            .arg("demo")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the demo")?;
        let mut demo = Demo(demo);
        let out = demo.0.stdout.take().context("the demo has no output")?;
        let mut told = BufReader::new(out).lines();
        let (mut page, mut touched, mut garden, mut mail) =
            (String::new(), String::new(), String::new(), String::new());
        for line in told.by_ref() {
            let line = line?;
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("page"), Some(url)) => url.clone_into(&mut page),
                (Some("touched"), Some(url)) => url.clone_into(&mut touched),
                (Some("garden"), Some(url)) => url.clone_into(&mut garden),
                // Of the night's own mails it says "in" and "out".
                (Some("mail"), Some(place)) => place.clone_into(&mut mail),
                (Some("password"), Some(secret)) => {
                    let password = secret.to_owned();
                    return Ok(Night { demo, page, touched, garden, mail, password, told });
                }
                _ => {}
            }
        }
        bail!("the demo ended without a page; run cargo run -- demo to see why")
    }

    /// Cleans the infected machine, and waits until it is.
    fn clean(&mut self) -> Result<()> {
        let keys = self.demo.0.stdin.as_mut().context("the demo has no keyboard")?;
        keys.write_all(b"\n").and_then(|()| keys.flush()).context("the demo does not listen")?;
        for line in self.told.by_ref() {
            if line?.contains("is clean") {
                return Ok(());
            }
        }
        bail!("the demo ended before its machine was clean")
    }
}

fn node(script: &str, screenshots: &Path) -> Command {
    let mut node = Command::new("node");
    node.current_dir(root().join("crates/web/tests/browser")).arg(script);
    node.env("NIGHTDESK_SCREENSHOTS", screenshots);
    node
}

/// Plays the demo and walks through it, as an operator, as everybody who writes hostile strings, and as the contained customer,
/// each in a night of their own.
pub(crate) fn run_journey(screenshots: &Path, every: u32) -> Result<()> {
    build()?;
    // Node works in its own folder: what is named from here must not be looked for there.
    let screenshots = &root().join(screenshots);
    std::fs::create_dir_all(screenshots)?;
    operator(screenshots)?;
    hostile(every)?;
    customer(screenshots)
}

/// Hostile strings in every field; each field gets one in `every`.
fn hostile(every: u32) -> Result<()> {
    let night = Night::play()?;
    run(node("hostile.mjs", &root())
        .env("NIGHTDESK_URL", &night.page)
        .env("NIGHTDESK_SMTP", &night.mail)
        .env("NIGHTDESK_EVERY", every.to_string())
        .env("NIGHTDESK_OPERATOR", "demo")
        .env("NIGHTDESK_PASSWORD", &night.password))
}

fn operator(screenshots: &Path) -> Result<()> {
    let night = Night::play()?;
    run(node("journey.mjs", screenshots)
        .env("NIGHTDESK_URL", &night.page)
        .env("NIGHTDESK_EXPOSURE", &night.touched)
        .env("NIGHTDESK_OPERATOR", "demo")
        .env("NIGHTDESK_PASSWORD", &night.password))
}

fn customer(screenshots: &Path) -> Result<()> {
    let mut night = Night::play()?;
    let walk = |night: &Night, phase: &str| {
        run(node("garden.mjs", screenshots)
            .env("NIGHTDESK_GARDEN", &night.garden)
            .env("NIGHTDESK_LINE", "127.66.0.66")
            .env("NIGHTDESK_PHASE", phase))
    };
    walk(&night, "contained")?;
    night.clean()?;
    walk(&night, "cleaned")
}
