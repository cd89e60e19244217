//! What there is outside: names, web sites, mail servers, time, a place to log in, a tracker.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::addresses::{DOMAINS, RESOLVER, SITES, TIME, TRACKER, domain, mail_server, site, site_name};
use super::exports::text;
use super::network::Network;
use super::plan::Line;
use super::roles::{Role, Tunnel};
use crate::patience::until;
use crate::peers::Peer;

/// Sizes of the objects on every web site, in bytes: many small ones, few large.
pub(crate) const SIZES: [usize; 8] = [700, 2_000, 6_000, 15_000, 40_000, 120_000, 400_000, 2_000_000];

/// Starts everybody outside.
pub(crate) fn rise(network: &Network, lines: &[Line], dir: &Path) -> Result<Vec<Peer>> {
    // Parts of it give up root's rights and must reach their files all the same.
    network.world.run(&["chmod", "755", &text(dir)?])?;
    tunnels_may_end_here(network)?;
    keys(dir)?;
    let mut peers = vec![names(network, dir)?, web(network, dir)?];
    let sink = ["smtp-sink", "-u", "postfix", "0.0.0.0:25", "256"];
    peers.push(Peer::start(&network.world, "mail-servers", &sink, dir)?);
    peers.push(time(network, dir)?);
    peers.push(logins(network, lines, dir)?);
    peers.push(tracker(network, dir)?);
    // A mail server of the old kind, and a dead host: nothing is said, not even no.
    for rule in ["add table inet lab", "add chain inet lab in { type filter hook input priority 0; }"] {
        network.world.run(&["nft", rule])?;
    }
    network.world.run(&["nft", "add rule inet lab in tcp dport { 445, 5999 } drop"])?;
    until("the world's names and pages are there", Duration::from_secs(20), || {
        let page = format!("http://{}/o0", site_name(1));
        Ok(network
            .world
            .attempt(&["curl", "-sf", "-m", "3", "-o", "/dev/null", &page])?
            .status
            .success()
            .then_some(()))
    })?;
    peers.iter_mut().try_for_each(Peer::still_runs)?;
    Ok(peers)
}

/// Has the world take packets with addresses of its own that come back to it through a line's tunnel.
fn tunnels_may_end_here(network: &Network) -> Result<()> {
    let set = "cd /proc/sys/net/ipv4/conf && echo 1 > all/accept_local && for c in all default w0; do echo 0 > $c/rp_filter; done";
    network.world.run(&["sh", "-c", set]).map(drop)
}

fn names(network: &Network, dir: &Path) -> Result<Peer> {
    let mut config =
        format!("listen-address={RESOLVER}\nbind-interfaces\nno-hosts\nno-resolv\nlocal-ttl=30\n");
    for number in 0..SITES {
        writeln!(config, "host-record={},{}", site_name(number), site(number))?;
    }
    for number in 0..DOMAINS {
        let name = domain(number);
        writeln!(config, "host-record=mx.{name},{}\nmx-host={name},mx.{name},10", mail_server(number))?;
    }
    let file = dir.join("names.conf");
    fs::write(&file, config)?;
    Peer::start(&network.world, "names", &["dnsmasq", "-k", "-u", "root", "-C", &text(&file)?], dir)
}

fn web(network: &Network, dir: &Path) -> Result<Peer> {
    let root = dir.join("site");
    fs::create_dir_all(&root)?;
    for (number, size) in SIZES.iter().enumerate() {
        fs::write(root.join(format!("o{number}")), vec![b'.'; *size])?;
    }
    let (crt, key) = (text(&dir.join("web.crt"))?, text(&dir.join("web.key"))?);
    network.world.run(&[
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=example.org",
        "-keyout",
        &key,
        "-out",
        &crt,
    ])?;
    let config = format!(
        "daemon off; user root; worker_processes 1; pid {dir}/web.pid; error_log {dir}/web.err;\n\
         events {{ worker_connections 2048; }}\n\
         http {{ access_log off; client_max_body_size 64m; client_body_temp_path {dir}/body;\n\
         ssl_certificate {crt}; ssl_certificate_key {key};\n\
         server {{ listen 80; listen 8081; listen 443 ssl; root {root};\n\
         location /upload {{ return 200 \"ok\\n\"; }} location /call {{ return 200 \"ok\\n\"; }} }} }}\n",
        dir = dir.display(),
        root = root.display(),
    );
    let file = dir.join("web.conf");
    fs::write(&file, config)?;
    Peer::start(
        &network.world,
        "web",
        &["nginx", "-c", &text(&file)?, "-e", &text(&dir.join("web.err"))?],
        dir,
    )
}

fn time(network: &Network, dir: &Path) -> Result<Peer> {
    let file = dir.join("time.conf");
    let config = format!(
        "local stratum 2\nallow\nbindaddress {TIME}\ncmdport 0\npidfile {dir}/time.pid\nbindcmdaddress /\n",
        dir = dir.display()
    );
    fs::write(&file, config)?;
    // -x: it must not touch the clock of this machine.
    Peer::start(&network.world, "time", &["chronyd", "-d", "-x", "-u", "root", "-f", &text(&file)?], dir)
}

/// Writes what the swarm shares, its torrent, and the list of torrents that the tracker knows.
const TORRENT: &str = r#"
import hashlib, os, sys
folder, tracker, size, piece = sys.argv[1], sys.argv[2], 24 << 20, 1 << 18
os.makedirs(folder + "/swarm/whole")
data = os.urandom(size)
open(folder + "/swarm/whole/film.bin", "wb").write(data)
def coded(value):
    if isinstance(value, int): return b"i%de" % value
    if isinstance(value, bytes): return b"%d:%s" % (len(value), value)
    return b"d" + b"".join(coded(key) + coded(value[key]) for key in sorted(value)) + b"e"
pieces = b"".join(hashlib.sha1(data[at:at + piece]).digest() for at in range(0, size, piece))
info = {b"name": b"film.bin", b"length": size, b"piece length": piece, b"pieces": pieces}
open(folder + "/film.torrent", "wb").write(coded({b"announce": tracker.encode(), b"info": info}))
open(folder + "/torrents", "w").write(hashlib.sha1(coded(info)).hexdigest() + "\n")
"#;

/// The tracker of a swarm, which tells its peers of each other.
fn tracker(network: &Network, dir: &Path) -> Result<Peer> {
    let (script, folder) = (dir.join("torrent.py"), text(dir)?);
    fs::write(&script, TORRENT)?;
    network.world.run(&["python3", &text(&script)?, &folder, &format!("http://{TRACKER}:6969/announce")])?;
    // It locks itself into the folder before it reads the list.
    let words = [
        "opentracker",
        "-i",
        TRACKER,
        "-p",
        "6969",
        "-P",
        "6969",
        "-d",
        &folder,
        "-w",
        "torrents",
        "-u",
        "nobody",
    ];
    Peer::start(&network.world, "tracker", &words, dir)
}

/// Keys of sshd and of everybody who logs in somewhere.
fn keys(dir: &Path) -> Result<()> {
    for name in ["host", "person"] {
        let file = text(&dir.join(name))?;
        let made = std::process::Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f", &file])
            .status();
        anyhow::ensure!(made.context("cannot run ssh-keygen")?.success(), "ssh-keygen made no key");
    }
    let public = fs::read(dir.join("person.pub"))?;
    fs::write(dir.join("authorized"), public)?;
    // Where sshd puts its unprivileged half; it refuses to start without.
    fs::create_dir_all("/run/sshd").context("cannot make /run/sshd")
}

/// The configuration of an sshd of the lab.
pub(crate) fn sshd(dir: &Path, name: &str, listen: &str) -> Result<String> {
    let file = dir.join(name);
    let config = format!(
        "{listen}HostKey {dir}/host\nAuthorizedKeysFile {dir}/authorized\nStrictModes no\nPermitRootLogin yes\n\
         PasswordAuthentication no\nUsePAM no\nPidFile none\nGatewayPorts yes\nMaxStartups 200\nMaxSessions 200\n",
        dir = dir.display()
    );
    fs::write(&file, config)?;
    text(&file)
}

fn logins(network: &Network, lines: &[Line], dir: &Path) -> Result<Peer> {
    let mut ports = BTreeSet::from([22]);
    let tunnels = |line: &&Line| {
        matches!(line.role, Role::BackConnect(Tunnel::SshSocks | Tunnel::SshForward, _) | Role::LongSsh)
    };
    ports.extend(lines.iter().filter(tunnels).map(|line| line.port));
    let listen: String = ports.iter().map(|port| format!("Port {port}\n")).collect();
    let file = sshd(dir, "logins.conf", &listen)?;
    Peer::start(&network.world, "logins", &["/usr/sbin/sshd", "-D", "-e", "-f", &file], dir)
}
