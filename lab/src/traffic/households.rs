//! Lines that only call out, as most do.

use anyhow::{Context, Result};
use fastrand::Rng;

use super::addresses::{DEAD, SITES, TIME, site, site_name};
use super::network::{behind, tunnel_ends};
use super::plan::Line;
use super::proxies::ssh;
use super::relays::{Calls, vpn};
use super::scene::Scene;
use super::strangers::pages;
use crate::net::Namespace;
use crate::peers::Peer;

/// People at home: pages, names, the time. On lines with another part it goes on beside that, but slower.
pub(crate) fn browse(scene: &Scene<'_>, line: &Line, from: &Namespace, mean: f64) -> Result<()> {
    let mut rng = line.rng(50);
    let _clock = line.number.is_multiple_of(3).then(|| clock(scene, line, from)).transpose()?;
    while scene.course.pause_about(mean, &mut rng) {
        let words = match rng.u8(0..10) {
            0 => vec!["dig".to_owned(), "+short".to_owned(), "+time=1".to_owned(), site_name(rng.u16(..))],
            _ => {
                let parallel =
                    ["curl", "-sk", "-m", "15", "--parallel", "--parallel-max", "4"].map(str::to_owned);
                parallel.into_iter().chain(pages(&mut rng)).chain(pages(&mut rng)).collect()
            }
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        from.attempt(&words)?;
    }
    Ok(())
}

/// A client of the time server, as every host has one.
fn clock(scene: &Scene<'_>, line: &Line, from: &Namespace) -> Result<Peer> {
    let name = format!("clock{}", line.number);
    let text = format!(
        "server {TIME} iburst minpoll 4 maxpoll 6\ncmdport 0\nbindcmdaddress /\npidfile {}.pid\n",
        scene.file(&name)?
    );
    let file = scene.write(&format!("{name}.conf"), &text)?;
    Peer::start(from, &name, &["chronyd", "-d", "-x", "-u", "root", "-f", &file], scene.dir)
}

/// The same from behind a router that translates addresses.
pub(crate) fn nat(scene: &Scene<'_>, line: &Line) -> Result<()> {
    let host = behind(scene.of(line)?, &format!("host{}", line.number))?;
    let _resolver = super::network::ResolvConf::write(&host)?;
    browse(scene, line, &host, line.pace)
}

/// One server, at regular times.
pub(crate) fn updates(scene: &Scene<'_>, line: &Line) -> Result<()> {
    let mut rng = line.rng(1);
    let every = *rng.choice(&[20.0, 30.0, 45.0]).unwrap_or(&30.0);
    let url = format!("https://{}/o{}", site_name(7), rng.u8(4..7));
    while scene.course.pause(every) {
        scene.of(line)?.attempt(&["curl", "-sk", "-m", "15", "-o", "/dev/null", &url])?;
    }
    Ok(())
}

/// A server that is gone, tried again and again as programs do that know nothing better.
pub(crate) fn retries(scene: &Scene<'_>, line: &Line) -> Result<()> {
    let mut rng = line.rng(1);
    let every = *rng.choice(&[1.0, 2.0, 5.0]).unwrap_or(&2.0);
    let url = format!("http://{DEAD}:5999/");
    while scene.course.pause(every) {
        scene.of(line)?.attempt(&["curl", "-s", "--connect-timeout", "1", "-o", "/dev/null", &url])?;
    }
    Ok(())
}

/// Somebody logged in elsewhere, typing, reading.
pub(crate) fn long_ssh(scene: &Scene<'_>, line: &Line) -> Result<()> {
    scene.course.until(line.opens);
    let (port, at) = (line.port.to_string(), format!("root@{}", line.controller()));
    let typing = "while :; do sleep 2; head -c 700 /dev/zero | od -c; done";
    let words = ssh(scene, &["-tt", "-p", &port, &at, typing])?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut session = scene.start(line, "ssh", &words)?;
    scene.keep(&mut session)
}

/// A site-to-site tunnel with traffic inside.
pub(crate) fn vpn_site(scene: &Scene<'_>, line: &Line) -> Result<()> {
    let mut rng = line.rng(1);
    let _ends = vpn(scene, line, Calls::Out)?;
    let (far, _) = tunnel_ends(line);
    while scene.course.pause_about(line.pace, &mut rng) {
        let url = format!("http://{far}/o{}", rng.u8(0..7));
        scene.of(line)?.attempt(&["curl", "-s", "-m", "15", "-o", "/dev/null", &url])?;
    }
    Ok(())
}

/// How many peers outside take part in the swarm.
const PEERS: u16 = 7;

/// The swarm's peers outside; they go on until the run is over.
pub(crate) fn swarm(scene: &Scene<'_>) -> Result<()> {
    let mut peers = Vec::new();
    for number in 0..PEERS {
        let address = format!("203.0.113.{}", 20 + 13 * number);
        let words = aria(scene, &format!("outside{number}"), number == 0, 51_000 + number, Some(&address))?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        peers.push(Peer::start(scene.world(), &format!("aria-outside{number}"), &words, scene.dir)?);
    }
    while scene.course.pause(2.0) {
        peers.iter_mut().try_for_each(Peer::still_runs)?;
    }
    Ok(())
}

/// A line in the swarm: half of them have the whole file already and are called more than they call.
pub(crate) fn peer_to_peer(scene: &Scene<'_>, line: &Line) -> Result<()> {
    scene.course.until(line.opens);
    let words = aria(scene, &format!("line{}", line.number), line.rng(1).bool(), line.port, None)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut peer = scene.start(line, "aria", &words)?;
    scene.keep(&mut peer)
}

fn aria(scene: &Scene<'_>, name: &str, whole: bool, port: u16, address: Option<&str>) -> Result<Vec<String>> {
    let swarm = scene.path("swarm");
    let folder = swarm.join(if whole { "whole" } else { name });
    let mut words: Vec<String> = [
        "aria2c",
        "--no-conf",
        "--quiet",
        "--enable-dht=false",
        "--enable-dht6=false",
        "--bt-enable-lpd=false",
        "--seed-ratio=0.0",
        "--seed-time=100000",
        "--max-overall-upload-limit=40K",
        "--max-overall-download-limit=60K",
        "--file-allocation=none",
        "--bt-tracker-interval=20",
        "--bt-max-peers=20",
        "--disable-ipv6=true",
    ]
    .map(str::to_owned)
    .into();
    words.push(format!("--listen-port={port}"));
    words.push(format!("--dir={}", folder.to_str().context("the lab's folder has no plain name")?));
    words.extend(address.map(|address| format!("--interface={address}")));
    if whole {
        words.push("--bt-seed-unverified=true".to_owned());
    }
    words.push(scene.file("film.torrent")?);
    Ok(words)
}

/// The address of a site that a line keeps talking to.
pub(crate) fn favourite(rng: &mut Rng) -> std::net::Ipv4Addr {
    site(rng.u16(0..SITES))
}
