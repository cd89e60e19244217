//! The journey through the pages, in a real browser, against a running demo.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell::{build, built, program, root, run};

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

/// Plays the demo and walks through it.
pub(crate) fn run_journey(screenshots: &Path) -> Result<()> {
    build()?;
    let nightdesk = built("nightdesk")?.display().to_string();
    let demo =
        program(&nightdesk).arg("demo").stdout(Stdio::piped()).spawn().context("cannot start the demo")?;
    let mut demo = Demo(demo);
    let (mut page, mut password) = (None, None);
    let out = demo.0.stdout.take().context("the demo has no output")?;
    // Kept until the journey is over: a pipe that nobody holds would end the demo at its next word.
    let mut told = BufReader::new(out).lines();
    for line in told.by_ref() {
        let line = line?;
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("page"), Some(url)) => page = Some(url.to_owned()),
            (Some("password"), Some(secret)) => password = Some(secret.to_owned()),
            _ => {}
        }
        if password.is_some() {
            break;
        }
    }
    let (Some(page), Some(password)) = (page, password) else {
        bail!("the demo ended without a page; run cargo run -- demo to see why")
    };
    std::fs::create_dir_all(screenshots)?;
    run(Command::new("node")
        .current_dir(root().join("crates/web/tests/browser"))
        .arg("journey.mjs")
        .env("NIGHTDESK_URL", page)
        .env("NIGHTDESK_OPERATOR", "demo")
        .env("NIGHTDESK_PASSWORD", password)
        .env("NIGHTDESK_SCREENSHOTS", screenshots))
}
