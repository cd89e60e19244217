//! Programs that run while a story goes on.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::net::Namespace;
use crate::patience;

/// How long a program may take to end when asked to.
const FAREWELL: Duration = Duration::from_secs(10);

/// A program running in a namespace; asked to end, and then made to, when dropped.
#[derive(Debug)]
pub(crate) struct Peer {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Peer {
    /// Starts it; what it prints goes to `NAME.log` in `dir`. Should this process be killed, so is the peer: nothing of
    /// a story is left running.
    pub(crate) fn start(namespace: &Namespace, name: &str, words: &[&str], dir: &Path) -> Result<Peer> {
        let log = dir.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        // `setpriv` and `ip netns exec` both become the program they are given: the child's id is the peer's own.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "ip", "netns", "exec", namespace.name()])
            .args(words)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Peer { name: name.to_owned(), child, log })
    }

    /// What it has printed so far.
    pub(crate) fn said(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Fails, with its last words, when it has ended.
    pub(crate) fn still_runs(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended with {status}: {}", self.name, self.last_words());
        }
        Ok(())
    }

    /// The last lines it printed.
    pub(crate) fn last_words(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n")
    }

    /// Asks it to end, as a service manager would, and waits for it.
    pub(crate) fn stop(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .context("cannot run kill")?;
        patience::until("it ended when asked to", FAREWELL, || Ok(self.child.try_wait()?))
            .with_context(|| format!("{} does not end", self.name))
    }

    /// Ends it without asking, as a power cut would.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child
            .kill()
            .and_then(|()| self.child.wait())
            .map(drop)
            .with_context(|| format!("cannot kill {}", self.name))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if self.stop().is_err()
            && let Err(error) = self.kill()
        {
            eprintln!("lab: {} (process {}) is left running: {error:#}", self.name, self.child.id());
        }
    }
}
