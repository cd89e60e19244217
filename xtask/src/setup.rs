//! Installing what the tests need and nothing else.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{self, exists, is_root, root};

/// A program that must be there, and the Debian package it comes in.
const NEEDED: [(&str, &str); 48] = [
    ("nft", "nftables"),
    ("ip", "iproute2"),
    ("tinyproxy", "tinyproxy"),
    ("microsocks", "microsocks"),
    ("swaks", "swaks"),
    ("postfix", "postfix"),
    ("curl", "curl"),
    ("python3", "python3"),
    ("openssl", "openssl"),
    ("dovecot", "dovecot-imapd"),
    ("softflowd", "softflowd"),
    ("nfcapd", "nfdump"),
    ("tcpdump", "tcpdump"),
    ("squid", "squid"),
    ("privoxy", "privoxy"),
    ("ncat", "ncat"),
    ("danted", "dante-server"),
    ("nmap", "nmap"),
    ("masscan", "masscan"),
    ("nginx", "nginx-light"),
    ("dnsmasq", "dnsmasq-base"),
    ("dig", "bind9-dnsutils"),
    ("chronyd", "chrony"),
    ("bird", "bird2"),
    ("exabgp", "exabgp"),
    ("gobgpd", "gobgpd"),
    ("gobgp", "gobgpd"),
    ("vtysh", "frr"),
    ("freeradius", "freeradius"),
    ("radclient", "freeradius-utils"),
    ("rbldnsd", "rbldnsd"),
    ("unbound", "unbound"),
    ("named", "bind9"),
    ("haproxy", "haproxy"),
    ("stunnel4", "stunnel4"),
    ("socat", "socat"),
    ("redis-server", "redis-server"),
    ("openvpn", "openvpn"),
    ("sshd", "openssh-server"),
    ("aria2c", "aria2"),
    ("opentracker", "opentracker"),
    ("chromium", "chromium"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("tshark", "tshark"),
    ("debootstrap", "debootstrap"),
    ("systemd-analyze", "systemd"),
    ("promtool", "prometheus"),
];

/// What only benchmarks need.
const PEERS: [(&str, &str); 2] = [("redis-server", "redis-server"), ("/usr/bin/pip3", "python3-pip")];

/// Installs what only benchmarks need.
pub(crate) fn bench_peers() -> Result<()> {
    let missing = missing(&PEERS);
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

fn missing(needed: &[(&str, &'static str)]) -> Vec<&'static str> {
    needed.iter().filter(|(program, _)| !exists(program)).map(|(_, package)| *package).collect()
}

/// Installs missing Debian packages and the browser driver.
pub(crate) fn run() -> Result<()> {
    let mut missing = missing(&NEEDED);
    if !Path::new("/usr/lib/postgresql").is_dir() {
        missing.push("postgresql");
    }
    // Debian takes the part out of Python that makes environments.
    if shell::output(Command::new("python3").args(["-c", "import ensurepip"])).is_err() {
        missing.push("python3-venv");
    }
    if missing.is_empty() {
        println!("set-up: every Debian package is there");
    } else {
        install(&missing)?;
    }
    let browser = root().join("crates/web/tests/browser");
    if browser.join("package-lock.json").is_file() && !browser.join("node_modules/playwright-core").is_dir() {
        shell::run(Command::new("npm").current_dir(&browser).args([
            "ci",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ]))?;
    }
    Ok(())
}

fn install(packages: &[&str]) -> Result<()> {
    if !exists("apt-get") {
        bail!("these are missing and this is no Debian: {}; install them by hand", packages.join(", "));
    }
    let apt = || {
        let mut apt = if is_root() {
            Command::new("apt-get")
        } else {
            let mut sudo = Command::new("sudo");
            sudo.arg("apt-get");
            sudo
        };
        // A package that brings a daemon must not start it on a developer's machine, and none may ask questions.
        apt.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
        apt
    };
    shell::run(apt().args(["update", "-qq"]))?;
    shell::run(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages))
}
