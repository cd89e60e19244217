//! Two machines and a cable: one has the traps, everybody else is on the other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::net::{self, Namespace};
use crate::nightdesk::binary;
use crate::patience::until;
use crate::peers::Peer;

/// Addresses of the /16.
pub(super) const ADDRESSES: usize = 65_536;
/// The prefix of the traps: set aside for measurements (RFC 2544).
const PREFIX: &str = "198.18.0.0/16";
/// masscan speaks from an address of its own, so that the kernel does not answer for it.
pub(super) const MASSCAN: &str = "198.51.100.200";
/// What no visitor has: whoever else could be reached.
const THIRD_PARTIES: &str = "192.0.2.0/24";

const CONFIG: &str = r#"
home = ["198.18.0.0/16", "203.0.113.0/24"]
never_touch = ["203.0.113.1/32"]
data_dir = "DIR/data"
[probe]
landing = ["203.0.113.1:8054"]
[traps]
prefixes = ["198.18.0.0/16"]
silence = "1s"
idle = "3s"
longest = "8s"
per_source = 60000
per_net = 60000
"#;

/// The traps at work.
pub(super) struct Traps<'d> {
    dir: &'d Path,
    pub(super) world: Namespace,
    house: Namespace,
    capture: Peer,
    nightdesk: Peer,
}

impl<'d> Traps<'d> {
    /// Sets them, with these options beside the configuration.
    pub(super) fn set(dir: &'d Path, options: &[&str]) -> Result<Traps<'d>> {
        let (world, house) = (Namespace::new("world")?, Namespace::new("traps")?);
        net::cable((&house, "outside", "198.51.100.1/24"), (&world, "inside", "198.51.100.2/24"))?;
        house.ip("addr add 203.0.113.1/32 dev lo")?;
        // All that the house sends goes to the world, whoever it is for: nothing stays unseen for want of a route.
        house.ip("route add default via 198.51.100.2")?;
        world.ip(&format!("route add {PREFIX} via 198.51.100.1"))?;
        let pcap = dir.join("sent.pcap");
        // What is sent alone, and little of each: a sweep of a /16 is a hundred thousand packets.
        let words =
            ["tcpdump", "-i", "outside", "-Q", "out", "-s", "96", "-B", "65536", "-U", "-w", text(&pcap)?];
        let capture = Peer::start(&house, "capture", &words, dir)?;
        until("tcpdump listens", Duration::from_secs(10), || {
            Ok(capture.said().contains("listening").then_some(()))
        })?;
        let config = dir.join("nightdesk.toml");
        fs::write(&config, CONFIG.replace("DIR", text(dir)?))?;
        let program = binary()?;
        let hits = dir.join("hits.json");
        let script = format!(
            "exec {} --config {} trap --json {} 2>{} >{}",
            text(&program)?,
            text(&config)?,
            options.join(" "),
            text(&dir.join("told.log"))?,
            text(&hits)?
        );
        let nightdesk = Peer::start(&house, "nightdesk", &["sh", "-c", &script], dir)?;
        let mut traps = Traps { dir, world, house, capture, nightdesk };
        traps.wait_until_set()?;
        Ok(traps)
    }

    fn wait_until_set(&mut self) -> Result<()> {
        until("the traps are set", Duration::from_secs(15), || {
            self.nightdesk.still_runs()?;
            Ok(self.last_words().contains("the traps are set").then_some(()))
        })
    }

    /// What nightdesk has logged.
    pub(super) fn last_words(&self) -> String {
        fs::read_to_string(self.dir.join("told.log")).unwrap_or_default()
    }

    /// Every hit so far.
    pub(super) fn hits(&self) -> Result<Vec<Value>> {
        let told = fs::read_to_string(self.dir.join("hits.json")).context("nightdesk has told nothing")?;
        let whole = told.rfind('\n').and_then(|end| told.get(..end)).unwrap_or_default();
        whole
            .lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("no JSON: {line}")))
            .collect()
    }

    /// Runs a program of the world's that may take two minutes.
    pub(super) fn long(&self, words: &str) -> Result<()> {
        let mut command = Command::new("timeout");
        command.args(["-k", "2", "120", "ip", "netns", "exec", self.world.name()]).args(words.split(' '));
        let output = command.output().with_context(|| format!("cannot run {words}"))?;
        ensure!(output.status.success(), "`{words}`: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(())
    }

    /// Sweeps one port; the addresses found open.
    pub(super) fn masscan(&self, prefix: &str, port: &str, more: &[&str]) -> Result<BTreeSet<String>> {
        let router = self.house.run(&["cat", "/sys/class/net/outside/address"])?;
        let out = self.dir.join(format!("masscan-{port}.txt"));
        // Its last wait sometimes has no end; what it has found by then is what counts.
        let mut command = Command::new("timeout");
        command.args([
            "-s",
            "INT",
            "-k",
            "5",
            "25",
            "ip",
            "netns",
            "exec",
            self.world.name(),
            "masscan",
            prefix,
            "-p",
            port,
        ]);
        command
            .args(["--wait", "5", "-e", "inside", "--router-mac", router.trim(), "-oL", text(&out)?])
            .args(more);
        command.output().context("cannot run masscan")?;
        let found = fs::read_to_string(&out).context("masscan wrote nothing")?;
        let open = found.lines().filter(|line| line.starts_with("open "));
        Ok(open.filter_map(|line| line.split(' ').nth(3)).map(str::to_owned).collect())
    }

    /// The capture has more than so many packets of traps, none to anybody but the visitors, and would have had it.
    pub(super) fn nobody_else_heard(&mut self, more_than: usize) -> Result<()> {
        // One that does go to a third party, to see that the capture sees such.
        self.house.run(&["bash", "-c", "echo seen > /dev/udp/192.0.2.9/9"])?;
        let pcap = self.dir.join("sent.pcap");
        let count = |filter: &str| counted(&pcap, filter);
        until("the capture is written", Duration::from_secs(10), || {
            Ok((count(&format!("dst net {THIRD_PARTIES} and src host 198.51.100.1"))? == 1).then_some(()))
        })?;
        self.capture.stop()?;
        let said = self.capture.said();
        ensure!(said.contains("0 packets dropped by kernel"), "the capture is not whole: {said}");
        let spoken = count(&format!("src net {PREFIX}"))?;
        let elsewhere = count(&format!("src net {PREFIX} and not dst net 198.51.100.0/24"))?;
        let third =
            count(&format!("dst net {THIRD_PARTIES} and not (src host 198.51.100.1 and udp port 9)"))?;
        let begun = count(&format!("src net {PREFIX} and tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn"))?;
        ensure!(
            spoken > more_than && elsewhere == 0 && third == 0 && begun == 0,
            "of {spoken} packets of traps {elsewhere} went elsewhere, {begun} began a connection; {third} to third parties"
        );
        crate::step(&format!(
            "of {spoken} packets that traps sent none went to anybody but a visitor, and none began a connection"
        ));
        Ok(())
    }

    /// Ends it; its routes and rules are gone then.
    pub(super) fn end(mut self) -> Result<()> {
        let status = self.nightdesk.stop()?;
        ensure!(status.success(), "nightdesk ended with {status}: {}", self.last_words());
        let rules = self.house.run(&["nft", "list", "tables"])?;
        let routes = self.house.run(&["ip", "rule"])?;
        ensure!(!rules.contains("nightdesk"), "a table is left behind: {rules}");
        ensure!(!routes.contains(PREFIX), "a routing rule is left behind: {routes}");
        crate::step("nightdesk ends and has taken its routes and rules with it");
        Ok(())
    }
}

/// How many packets of a capture a filter takes.
fn counted(pcap: &Path, filter: &str) -> Result<usize> {
    let output = Command::new("tcpdump").args(["-n", "-r"]).arg(pcap).arg(filter).output()?;
    if !output.status.success() {
        bail!("tcpdump {filter}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout.iter().filter(|byte| **byte == b'\n').count())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the lab's folder has no plain name")
}

/// Where a file of the story lies.
impl Traps<'_> {
    pub(super) fn file(&self, name: &str, contents: &str) -> Result<PathBuf> {
        let path = self.dir.join(name);
        fs::write(&path, contents)?;
        Ok(path)
    }
}
