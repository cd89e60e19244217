//! The desk as a process: started, spoken to, killed.

use std::io::{BufRead as _, BufReader, BufWriter, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::Value;

use super::frame::{self, Word};

/// A desk at work. Dropping it kills it.
pub(super) struct Process {
    child: Child,
    input: BufWriter<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

/// How a desk is started.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) folder: PathBuf,
    pub(super) lines: u32,
}

impl Process {
    pub(super) fn start(start: &Start, at: Timestamp) -> Result<Process> {
        let us = std::env::current_exe().context("cannot find ourselves")?;
        let mut desk = Command::new(us);
        desk.arg("long-night-desk").arg(&start.folder).arg(at.to_string()).arg(start.lines.to_string());
        let mut child =
            desk.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start a desk")?;
        let input = BufWriter::with_capacity(1 << 20, child.stdin.take().context("a desk without input")?);
        let output = BufReader::new(child.stdout.take().context("a desk without output")?).lines();
        Ok(Process { child, input, output })
    }

    pub(super) fn tell(&mut self, word: &Word) -> Result<()> {
        frame::write(&mut self.input, word).context("the desk does not listen any more")
    }

    /// The next thing it says.
    pub(super) fn hear(&mut self) -> Result<Value> {
        let line = self.output.next().context("the desk ended by itself")??;
        serde_json::from_str(&line).with_context(|| format!("the desk said {line:?}"))
    }

    /// SIGKILL, wherever it is.
    pub(super) fn kill(mut self) -> Result<()> {
        self.child.kill().context("cannot kill the desk")?;
        let status = self.child.wait()?;
        ensure!(!status.success(), "the desk had ended before it was killed");
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The folder of one night's desk.
pub(super) fn folder(name: &str) -> Result<(tempfile::TempDir, PathBuf)> {
    let dir = tempfile::Builder::new().prefix("nightdesk-long-night-").tempdir()?;
    let folder: &Path = dir.path();
    let folder = folder.join(name);
    Ok((dir, folder))
}
