//! Two machines and a cable between them, as network namespaces, with real programs on either.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on stops, and one that cannot begin says so"
)]
#![allow(dead_code, reason = "each test file uses its part of it")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use std::os::fd::AsFd;

/// A program that ends with its test.
pub(crate) struct Peer(Child);

impl Peer {
    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A namespace that goes with its test.
pub(crate) struct Machine(String);

impl Drop for Machine {
    fn drop(&mut self) {
        drop(Command::new("ip").args(["netns", "del", &self.0]).status());
    }
}

/// Asked once a process: tests run beside each other, and two that try one name at once would each think they may not.
static MAY: OnceLock<bool> = OnceLock::new();

fn may_make_namespaces() -> bool {
    let name = format!("nd-edge-may-{}", std::process::id());
    let ip = |word| Command::new("ip").args(["netns", word, &name]).stderr(Stdio::null()).status();
    let made = ip("add").is_ok_and(|status| status.success());
    drop(ip("del"));
    made
}

/// Whether we may make namespaces and these programs are here; says so loudly when not, and fails in CI.
pub(crate) fn ready(programs: &[&str]) -> bool {
    let is_here = |program: &&str| {
        ["/usr/bin", "/usr/sbin", "/sbin", "/bin"]
            .iter()
            .any(|place| Path::new(place).join(program).is_file())
    };
    let missing: Vec<&&str> = programs.iter().filter(|program| !is_here(program)).collect();
    if missing.is_empty() && *MAY.get_or_init(may_make_namespaces) {
        return true;
    }
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI must be root and have {missing:?}");
    eprintln!("SKIPPED: not root, or {missing:?} not here; nothing was tested");
    false
}

impl Machine {
    pub(crate) fn new(role: &str) -> Machine {
        let name = format!("nd{}-{role}", std::process::id());
        let machine = Machine(name.clone());
        assert!(Command::new("ip").args(["netns", "add", &name]).status().unwrap().success());
        machine.ip("link set lo up");
        machine
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    pub(crate) fn ip(&self, words: &str) {
        let done = Command::new("ip").args(["-n", &self.0]).args(words.split(' ')).status().unwrap();
        assert!(done.success(), "ip -n {} {words}", self.0);
    }

    /// Lays a cable to another machine.
    pub(crate) fn cable(&self, other: &Machine, here: &str, there: &str) {
        let words =
            ["link", "add", "e0", "netns", &self.0, "type", "veth", "peer", "name", "e0", "netns", &other.0];
        assert!(Command::new("ip").args(words).status().unwrap().success());
        for (machine, address) in [(self, here), (other, there)] {
            machine.ip(&format!("addr add {address} dev e0"));
            machine.ip("link set e0 up");
        }
    }

    /// Takes this thread in.
    pub(crate) fn enter(&self) {
        let file = std::fs::File::open(Path::new("/run/netns").join(&self.0)).unwrap();
        rustix::thread::move_into_link_name_space(
            file.as_fd(),
            Some(rustix::thread::LinkNameSpaceType::Network),
        )
        .unwrap();
    }

    pub(crate) fn start(&self, log: &Path, words: &[&str]) -> Peer {
        let log = std::fs::File::create(log).unwrap();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.0]).args(words).stdin(Stdio::null());
        Peer(command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap())
    }

    /// What a program prints, however it ends.
    pub(crate) fn said(&self, words: &[&str]) -> String {
        let output = Command::new("ip").args(["netns", "exec", &self.0]).args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn run(&self, words: &[&str]) -> String {
        let output = Command::new("ip").args(["netns", "exec", &self.0]).args(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Waits until `seen`, ten seconds at most.
pub(crate) fn until(what: &str, mut seen: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !seen() {
        assert!(Instant::now() < deadline, "{what}: not seen");
        std::thread::sleep(Duration::from_millis(50));
    }
}
