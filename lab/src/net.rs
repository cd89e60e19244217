//! Namespaces, cables and routes, taken away again however a story ends.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};
use rustix::thread::LinkNameSpaceType;

/// No single command of a story takes longer than this.
const LONGEST_COMMAND: u32 = 20;

/// How folders of the lab are called, before the process id.
const FOLDER: &str = "nightdesk-lab-";

/// Where `ip netns exec` looks for files that stand in the place of the system's in a namespace.
pub(crate) const RESOLVERS: &str = "/etc/netns";

/// Programs the stories need, each with the Debian package it comes from.
const NEEDED: [(&str, &str); 15] = [
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("setpriv", "util-linux"),
    ("timeout", "coreutils"),
    ("kill", "procps"),
    ("curl", "curl"),
    ("swaks", "swaks"),
    ("tinyproxy", "tinyproxy-bin"),
    ("microsocks", "microsocks"),
    ("python3", "python3"),
    ("postfix", "postfix"),
    ("smtp-sink", "postfix"),
    ("openssl", "openssl"),
    ("dovecot", "dovecot-imapd"),
    ("softflowd", "softflowd"),
];

/// Whether stories can be played here; sweeps up what a killed run left behind.
pub(crate) fn ready() -> Result<()> {
    ready_with(&NEEDED)?;
    sweep();
    Ok(())
}

/// Whether we may make namespaces and these programs are here.
pub(crate) fn ready_with(needed: &[(&str, &str)]) -> Result<()> {
    let uid = fs::metadata("/proc/self").context("cannot read /proc/self")?.uid();
    ensure!(uid == 0, "network namespaces need root: run it as root");
    let path = std::env::var("PATH").unwrap_or_default();
    let places = || path.split(':').chain(["/usr/sbin", "/sbin"]);
    let is_here = |program: &str| places().any(|place| Path::new(place).join(program).is_file());
    let missing: Vec<&str> =
        needed.iter().filter(|(program, _)| !is_here(program)).map(|(_, package)| *package).collect();
    ensure!(missing.is_empty(), "programs are missing: apt install {}", missing.join(" "));
    Ok(())
}

/// Removes what runs whose process is gone have left. Their programs ended with them (see `peers`).
fn sweep() {
    for name in names_in(Path::new("/run/netns")).filter(|name| is_orphan(name, "nd")) {
        println!("   (removing namespace {name} of a run that was killed)");
        delete(&name);
    }
    for (folders, prefix) in [(std::env::temp_dir(), FOLDER), (RESOLVERS.into(), "nd")] {
        for name in names_in(&folders).filter(|name| is_orphan(name, prefix)) {
            if let Err(error) = fs::remove_dir_all(folders.join(&name)) {
                eprintln!("lab: {name} of a run that was killed could not be removed: {error}");
            }
        }
    }
}

fn names_in(folder: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned())
}

/// Whether `name` is `<prefix><pid>-…` of a process that is gone.
fn is_orphan(name: &str, prefix: &str) -> bool {
    let pid = name.strip_prefix(prefix).and_then(|rest| rest.split_once('-')).map(|(pid, _)| pid);
    pid.and_then(|pid| pid.parse::<u32>().ok())
        .is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).is_dir())
}

/// A folder for one story, removed when dropped.
pub(crate) fn folder() -> Result<tempfile::TempDir> {
    let prefix = format!("{FOLDER}{}-", std::process::id());
    tempfile::Builder::new().prefix(&prefix).tempdir().context("cannot make a folder for the lab")
}

fn delete(name: &str) {
    let done = Command::new("ip").args(["netns", "del", name]).status();
    if !done.is_ok_and(|status| status.success()) {
        eprintln!("lab: network namespace {name} could not be removed: ip netns del {name}");
    }
}

/// A network namespace of this run, removed when dropped.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: String,
    /// Whether somebody else has made it, and takes it away.
    is_lent: bool,
}

impl Namespace {
    /// Makes `nd<pid>-role`.
    pub(crate) fn new(role: &str) -> Result<Namespace> {
        let name = format!("nd{}-{role}", std::process::id());
        ip(&["netns", "add", &name])?;
        let namespace = Namespace { name, is_lent: false };
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    /// One that somebody else has made: it stays when dropped.
    pub(crate) fn lent(name: &str) -> Namespace {
        Namespace { name: name.to_owned(), is_lent: true }
    }

    /// Its name, as `ip netns` knows it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// `ip` with these words, inside.
    pub(crate) fn ip(&self, words: &str) -> Result<()> {
        let words: Vec<&str> = ["-n", &self.name].into_iter().chain(words.split(' ')).collect();
        ip(&words)
    }

    /// Takes the calling thread into it, and whatever that thread starts and opens from now on.
    pub(crate) fn enter(&self) -> Result<()> {
        let file = fs::File::open(Path::new("/run/netns").join(&self.name))?;
        rustix::thread::move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
            .with_context(|| format!("cannot enter {}", self.name))
    }

    /// Lets it pass packets on.
    pub(crate) fn forward(&self) -> Result<()> {
        self.run(&["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]).map(drop)
    }

    /// Runs a program inside to its end, in bounded time, whatever its exit status.
    pub(crate) fn attempt(&self, words: &[&str]) -> Result<Output> {
        self.attempt_within(LONGEST_COMMAND, words)
    }

    /// The same for one that may take so many seconds.
    pub(crate) fn attempt_within(&self, seconds: u32, words: &[&str]) -> Result<Output> {
        Command::new("timeout")
            .args(["-k", "2", &seconds.to_string(), "ip", "netns", "exec", &self.name])
            .args(words)
            .output()
            .with_context(|| format!("cannot run {}", words.join(" ")))
    }

    /// Runs a program inside and returns what it printed; it must succeed.
    pub(crate) fn run(&self, words: &[&str]) -> Result<String> {
        checked(&self.attempt(words)?, words)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if !self.is_lent {
            delete(&self.name);
        }
    }
}

fn ip(words: &[&str]) -> Result<()> {
    let output = Command::new("ip").args(words).output().context("cannot run ip")?;
    checked(&output, words).map(drop)
}

fn checked(output: &Output, words: &[&str]) -> Result<String> {
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` ended with {}: {} {}", words.join(" "), output.status, said.trim(), printed.trim());
    }
    Ok(printed)
}

/// One end of a cable: where, the name of its interface, its address with prefix length.
pub(crate) type End<'a> = (&'a Namespace, &'a str, &'a str);

/// Lays a cable between two namespaces and puts addresses on its ends.
pub(crate) fn cable(one: End<'_>, other: End<'_>) -> Result<()> {
    let (near, near_name, _) = one;
    let (far, far_name, _) = other;
    ip(&[
        "link", "add", near_name, "netns", &near.name, "type", "veth", "peer", "name", far_name, "netns",
        &far.name,
    ])?;
    for (namespace, interface, address) in [one, other] {
        namespace.ip(&format!("addr add {address} dev {interface}"))?;
        namespace.ip(&format!("link set {interface} up"))?;
    }
    Ok(())
}
