//! The product as its operator drives it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::net::Namespace;
use crate::peers::Peer;

/// A mail server may be tested for two minutes.
const LONGEST_CHECK: u32 = 150;

/// nightdesk on one machine: its binary, its configuration, where it runs.
pub(crate) struct Nightdesk<'a> {
    on: &'a Namespace,
    binary: PathBuf,
    config: PathBuf,
}

impl<'a> Nightdesk<'a> {
    /// Writes the configuration and has nightdesk check it.
    pub(crate) fn configure(on: &'a Namespace, dir: &Path, config: &str) -> Result<Nightdesk<'a>> {
        let binary = binary()?;
        let file = dir.join("nightdesk.toml");
        fs::write(&file, config).with_context(|| format!("cannot write {}", file.display()))?;
        let desk = Nightdesk { on, binary, config: file };
        desk.ask(&["config", "check"]).context("nightdesk does not accept the lab's configuration")?;
        Ok(desk)
    }

    /// Starts `nightdesk serve`.
    pub(crate) fn serve(&self, dir: &Path) -> Result<Peer> {
        Peer::start(self.on, "nightdesk", &self.words(&["serve"]), dir)
    }

    /// Runs one of its commands, which must succeed, and returns what it printed.
    pub(crate) fn ask(&self, words: &[&str]) -> Result<String> {
        self.on.run(&self.words(words))
    }

    /// The same with one more variable, `NAME=value`, in its environment.
    pub(crate) fn ask_with(&self, variable: &str, words: &[&str]) -> Result<String> {
        let words: Vec<&str> = ["env", variable].into_iter().chain(self.words(words)).collect();
        self.on.run(&words)
    }

    /// Runs a reading command with `--json` and returns one value for each line.
    pub(crate) fn ask_json(&self, words: &[&str]) -> Result<Vec<Value>> {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let printed = self.ask(&words)?;
        let read = |line: &str| {
            serde_json::from_str(line).with_context(|| format!("{} printed no JSON: {line}", words.join(" ")))
        };
        printed.lines().filter(|line| !line.trim().is_empty()).map(read).collect()
    }

    /// Runs a reading command with `--json` whose answer may be no, and returns the value it printed.
    pub(crate) fn attempt_json(&self, words: &[&str]) -> Result<Value> {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let output = self.on.attempt(&self.words(&words))?;
        let said = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{} printed no JSON: {}", words.join(" "), said.trim()))
    }

    /// What `check --json` prints of one address and port; its exit status says the same.
    pub(crate) fn check(&self, target: &str) -> Result<Value> {
        self.checked(&["check", target, "--json"])
    }

    /// The same of every port of an address.
    pub(crate) fn sweep(&self, address: &str) -> Result<Value> {
        self.checked(&["check", address, "--sweep", "--json"])
    }

    fn checked(&self, words: &[&str]) -> Result<Value> {
        let output = self.on.attempt_within(LONGEST_CHECK, &self.words(words))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let answer: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{} printed no JSON: {}", words.join(" "), said.trim()))?;
        let is_open = answer.get("verdict").and_then(Value::as_str).is_some_and(|it| it.starts_with("open-"));
        ensure!(output.status.success() == is_open, "{} ended with {}", words.join(" "), output.status);
        Ok(answer)
    }

    fn words<'w>(&'w self, words: &[&'w str]) -> Vec<&'w str> {
        let own = [
            self.binary.to_str().unwrap_or("nightdesk"),
            "--config",
            self.config.to_str().unwrap_or_default(),
        ];
        own.into_iter().chain(words.iter().copied()).collect()
    }
}

/// The binary named by `NIGHTDESK_BIN`, or the one built beside the lab.
pub(crate) fn binary() -> Result<PathBuf> {
    let beside = || Some(std::env::current_exe().ok()?.parent()?.join("nightdesk"));
    let binary = std::env::var_os("NIGHTDESK_BIN").map(PathBuf::from).or_else(beside).unwrap_or_default();
    let runs = Command::new(&binary).arg("--version").output().is_ok_and(|output| output.status.success());
    ensure!(
        runs,
        "{} does not run: build it first with `cargo build`, or name one in NIGHTDESK_BIN",
        binary.display()
    );
    Ok(binary)
}
