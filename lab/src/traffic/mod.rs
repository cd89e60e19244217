//! Test traffic from real proxies and real people's programs.
//!
//! There is no public labelled capture of a listening proxy or of one reached through a tunnel of its own. So this makes
//! some: a network of namespaces in which real proxies (tinyproxy, squid, privoxy, ncat, microsocks, Dante, OpenSSH,
//! OpenVPN) relay for strangers beside lines that do what customers do, all of it seen by real softflowds at the router
//! and captured. What is true of each line is written beside ([`truth`]). It is made in a laboratory and says so.
//!
//! * [`plan`] draws who is what ([`roles`]) and has which address ([`addresses`]), from one seed.
//! * [`network`] lays it, [`world`] is everything outside, [`exports`] records.
//! * [`relays`] with [`proxies`], [`gateway`] and [`strangers`], [`infected`], [`households`], [`servers`] and [`talkers`] are the
//!   parts the lines play; [`scene`] and [`course`] are where and when.
//! * [`score`] asks `nightdesk detect` about what was recorded.

mod addresses;
mod course;
mod exports;
mod gateway;
mod households;
mod infected;
mod network;
mod plan;
mod proxies;
mod relays;
mod roles;
mod scene;
mod score;
mod servers;
mod strangers;
mod talkers;
mod truth;
mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use fastrand::Rng;

use self::course::Course;
use self::exports::Recorders;
use self::network::Network;
use self::plan::Line;
use self::roles::Role;
use self::scene::{Scene, Threads};
use self::truth::Book;
use crate::net;

/// Records traffic of real proxies and of harmless lines, or scores what `nightdesk detect` says of such records.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask lab traffic")]
struct Options {
    /// How long the run lasts; 90 shows that everything works, 720 holds ten minutes of use for every proxy.
    #[arg(long, default_value_t = 720, value_parser = clap::value_parser!(u64).range(60..=7200))]
    seconds: u64,
    /// Where records and truth go.
    #[arg(long, default_value = "target/traffic")]
    out: PathBuf,
    /// Chooses who is what, on which port, and how chatty.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Ask `nightdesk detect` about these recorded runs instead of recording one.
    #[arg(long, num_args = 1.., value_name = "DIR")]
    score: Vec<PathBuf>,
}

/// `lab traffic …`: `words` are what follows.
pub(crate) fn run(words: &[String]) -> Result<()> {
    let name = ["cargo xtask lab traffic".to_owned()];
    let options = match Options::try_parse_from(name.iter().chain(words)) {
        Ok(options) => options,
        Err(error) if error.use_stderr() => bail!("{error}"),
        Err(help) => {
            println!("{help}");
            return Ok(());
        }
    };
    if options.score.is_empty() { record(&options) } else { score::score(&options.score) }
}

fn record(options: &Options) -> Result<()> {
    net::ready()?;
    net::ready_with(&NEEDED)?;
    let out = empty(&options.out)?;
    let dir = net::folder()?;
    let lines = plan::draw(options.seed, options.seconds);
    let network = Network::lay(&lines)?;
    let mut world = world::rise(&network, &lines, dir.path())?;
    let (seed, seconds) = (options.seed, options.seconds);
    println!("   the network stands: {} lines, seed {seed}, {seconds} s to go", lines.len());
    let recorders = Recorders::start(&network, &out, dir.path())?;
    let (course, book) = (Course::begin(Duration::from_secs(seconds)), Book::default());
    let scene = Scene { network: &network, course: &course, book: &book, dir: dir.path() };
    std::thread::scope(|threads| everybody(&scene, threads, &lines, seed));
    let written = recorders.end(&network, dir.path()).and_then(|()| book.write(&lines, &out));
    let ended = world.iter_mut().filter_map(|peer| peer.still_runs().err());
    let mut failures = course.failures();
    failures.extend(written.err().into_iter().chain(ended).map(|error| format!("{error:#}")));
    if !failures.is_empty() {
        keep_logs(dir.path(), &out);
        bail!("not everybody could play their part (logs in {}):\n{}", out.display(), failures.join("\n"));
    }
    println!("   recorded in {}: {} and what softflowd and tcpdump saw", out.display(), truth::FILE);
    Ok(())
}

/// The folder of a run, made; it must not hold another one.
fn empty(out: &Path) -> Result<PathBuf> {
    anyhow::ensure!(!out.join(truth::FILE).exists(), "{} holds a run already", out.display());
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    out.canonicalize().with_context(|| format!("cannot find {}", out.display()))
}

/// Every part in a thread of its own.
fn everybody<'t, 'e>(scene: &'t Scene<'e>, threads: Threads<'t, 'e>, lines: &'t [Line], seed: u64) {
    scene.play(threads, "the push service", || talkers::push_service(scene, threads));
    scene.play(threads, "the swarm", || households::swarm(scene));
    scene.play(threads, "the scanners", move || {
        infected::scanners(scene, lines, Rng::with_seed(seed ^ 0x5ca9))
    });
    for line in lines {
        scene.play(threads, line.role.name(), || part(scene, threads, line));
        if at_home(line.role) {
            scene.play(threads, "people at home", || households::browse(scene, line, scene.of(line)?, 20.0));
        }
    }
}

/// Whether people use a line beside what else it does.
fn at_home(role: Role) -> bool {
    !matches!(
        role,
        Role::Household | Role::NatHousehold | Role::MailServer | Role::WebServer | Role::ReverseProxy
    )
}

fn part<'t, 'e>(scene: &'t Scene<'e>, threads: Threads<'t, 'e>, line: &'t Line) -> Result<()> {
    match line.role {
        Role::OpenProxy(kind, word, wish) => relays::listening(scene, line, kind, word, wish),
        Role::BackConnect(tunnel, wish) => relays::back_connect(scene, threads, line, tunnel, wish),
        Role::Beacon => infected::beacon(scene, line),
        Role::Worm => infected::worm(scene, line),
        Role::Trojan => infected::trojan(scene, line),
        Role::Household => households::browse(scene, line, scene.of(line)?, line.pace),
        Role::NatHousehold => households::nat(scene, line),
        Role::Updates => households::updates(scene, line),
        Role::Push => talkers::push(scene, line),
        Role::Retries => households::retries(scene, line),
        Role::LongSsh => households::long_ssh(scene, line),
        Role::VpnSite => households::vpn_site(scene, line),
        Role::PeerToPeer => households::peer_to_peer(scene, line),
        Role::Voip => talkers::voip(scene, line, threads),
        Role::GameServer => talkers::udp_game(scene, line, threads),
        Role::TcpGameServer => talkers::tcp_game(scene, line, threads),
        Role::MailServer => servers::mail(scene, line),
        Role::WebServer => servers::web(scene, line, false),
        Role::ReverseProxy => servers::web(scene, line, true),
        Role::AllowedProxy => servers::allowed_proxy(scene, line),
        Role::RemoteAccess => servers::remote_access(scene, line),
        Role::HomeVpn => relays::home_vpn(scene, line),
        Role::AttackedSsh => servers::attacked_ssh(scene, line),
    }
}

/// Logs of a run that failed stay with what it recorded.
fn keep_logs(dir: &Path, out: &Path) {
    let logs = out.join("logs");
    let copied = fs::create_dir_all(&logs).and_then(|()| {
        for entry in fs::read_dir(dir)?.flatten() {
            if entry.path().extension().is_some_and(|ending| ending == "log") {
                fs::copy(entry.path(), logs.join(entry.file_name()))?;
            }
        }
        Ok(())
    });
    if let Err(error) = copied {
        eprintln!("lab: the logs could not be kept: {error}");
    }
}

/// Programs a run needs beside those of the stories, each with the Debian package it comes from.
const NEEDED: [(&str, &str); 20] = [
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
    ("openvpn", "openvpn"),
    ("sshd", "openssh-server"),
    ("ssh", "openssh-client"),
    ("aria2c", "aria2"),
    ("opentracker", "opentracker"),
    ("od", "coreutils"),
    ("chown", "coreutils"),
];
