//! Every check, in the order that fails soonest.

use anyhow::{Context, Result, bail};

use crate::shell::{build, built, cargo, is_root, program, root, run};
use crate::{api, browser, deb, fuzz, generated, setup, tidy};

/// How many examples of each operation of the API are tried.
const API_EXAMPLES: u32 = 30;

/// Runs everything.
pub(crate) fn run_all(with_setup: bool) -> Result<()> {
    if with_setup {
        setup::run()?;
    }
    run(cargo().args(["fmt", "--all", "--check"]))?;
    tidy::run()?;
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))?;
    build()?;
    run(cargo().args(["test", "--workspace", "--quiet", "--locked"]).env("NIGHTDESK_REQUIRE_POSTGRES", "1"))?;
    generated::run(true)?;
    deb::lint()?;
    if is_root() {
        deb::make(true, true)?;
    }
    browser::run_journey(&root().join("target/screenshots"), browser::SOME)?;
    api::run_against_its_description(API_EXAMPLES)?;
    fuzz::run_all(fuzz_seconds()?)?;
    lab(&[])?;
    println!("\neverything passed");
    Ok(())
}

/// How long each reader is fuzzed: long enough in CI to find what a change broke, a glance elsewhere.
fn fuzz_seconds() -> Result<u32> {
    match std::env::var("NIGHTDESK_FUZZ_SECONDS") {
        Ok(text) => text.parse().context("NIGHTDESK_FUZZ_SECONDS is no number of seconds"),
        Err(_) => Ok(if std::env::var_os("CI").is_some() { 15 } else { 5 }),
    }
}

/// Plays the stories, or does what else these words ask of the lab.
pub(crate) fn lab(words: &[String]) -> Result<()> {
    if !is_root() {
        if std::env::var_os("CI").is_some() {
            bail!("the lab needs root for network namespaces, and this is CI: run it as root");
        }
        println!("\n── lab skipped: network namespaces need root; run it with: sudo -E cargo xtask lab");
        return Ok(());
    }
    build()?;
    let pictures = root().join("target/screenshots");
    std::fs::create_dir_all(&pictures)?;
    run(program(&built("lab")?.display().to_string())
        .args(words)
        .env("NIGHTDESK_BIN", built("nightdesk")?)
        .env("NIGHTDESK_BROWSER", root().join("crates/web/tests/browser"))
        .env("NIGHTDESK_SCREENSHOTS", pictures))
}
