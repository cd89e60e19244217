//! The traps in their other ways: statelessly on an interface's raw packets, and as a tarpit that holds few of each source.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::network::Traps;
use super::{places, seen, visitors};
use crate::{net, step};

/// How many one source may hold in this story, and how many it tries.
const PER_SOURCE: usize = 5;
const TRIED: usize = 8;

/// What is played against traps that are set.
type GoesOn = fn(&Traps<'_>) -> Result<()>;

/// Plays it.
pub(crate) fn play() -> Result<()> {
    net::ready_with(&[("nmap", "nmap"), ("tcpdump", "tcpdump")])?;
    let ways: [(&[&str], GoesOn); 2] =
        [(&["--stateless", "outside"], stateless), (&["--tarpit", "--per-source", "5"], tarpit)];
    for (options, goes_on) in ways {
        let dir = net::folder()?;
        let mut traps = Traps::set(dir.path(), options)?;
        let played = goes_on(&traps);
        if played.is_err() {
            println!("   nightdesk's last words:\n{}", traps.last_words());
        }
        played?;
        traps.nobody_else_heard(1)?;
        traps.end()?;
    }
    Ok(())
}

/// No connection is held: the first bytes of each visitor are told, and who says nothing is told as silent.
fn stateless(traps: &Traps<'_>) -> Result<()> {
    // The visitor's own words fit one packet, and it is reset when they have come.
    visitors::curl(traps, "http://198.18.70.1:48613", "http://judge.example.org/azenv")?;
    let told = seen(traps, |hit| hit["trap"] == "198.18.70.1")?;
    ensure!(
        told["wanted"] == "http-absolute" && told["target"] == "judge.example.org:80",
        "curl is told as {told}"
    );
    ensure!(told["handshake"] == true, "a connection without a handshake: {told}");
    let said =
        traps.world.run(&["nmap", "-n", "-Pn", "-sS", "-T5", "-p", "8080", "198.18.72.0/23", "-oG", "-"])?;
    let open = said.lines().filter(|line| line.contains("8080/open")).count();
    ensure!(open == 512, "nmap finds {open} of 512 open");
    ensure!(places(&traps.hits()?, 8080).is_empty(), "first packets alone are told as visits");
    let silent = connect("198.18.74.1", 12_345, traps)?;
    let told = seen(traps, |hit| hit["trap"] == "198.18.74.1")?;
    ensure!(
        told["ended"] == "idle" && told["wanted"] == "netbus",
        "who waits for a greeting is told as {told}"
    );
    drop(silent);
    step(
        "statelessly: curl's request is told with where it leads, nmap's first packets find 512 of 512 open and are no \
         hits, and who waits for NetBus' greeting is told as that",
    );
    Ok(())
}

/// Each byte takes a second, and one source holds so many and no more.
fn tarpit(traps: &Traps<'_>) -> Result<()> {
    let mut held = Vec::new();
    for last in 1..=TRIED {
        held.push(connect(&format!("198.18.80.{last}"), 23, traps)?);
    }
    let begun = Instant::now();
    let (mut heard, mut let_go) = (0, 0);
    for stream in &mut held {
        let mut first = [0; 64];
        match stream.read(&mut first) {
            Ok(1..) => heard += 1,
            Ok(0) | Err(_) => let_go += 1,
        }
    }
    ensure!((heard, let_go) == (PER_SOURCE, TRIED - PER_SOURCE), "{heard} are held and {let_go} are let go");
    let first = held.first_mut().context("nobody is held")?;
    let mut more = [0; 64];
    let mut count = 1;
    while count < 5 {
        count += first.read(&mut more)?;
    }
    let took = begun.elapsed();
    ensure!(took >= Duration::from_secs(4), "{count} bytes of the greeting came within {took:?}");
    seen(traps, |hit| hit["ended"] == "too-many" && hit["port"] == 23)?;
    step(&format!(
        "as a tarpit: {count} bytes of a greeting take {:.1} s; of {TRIED} connections of one source {PER_SOURCE} are \
         held, and the others are told as too many",
        took.as_secs_f64()
    ));
    Ok(())
}

fn connect(trap: &str, port: u16, traps: &Traps<'_>) -> Result<TcpStream> {
    visitors::there(traps, || {
        let address: SocketAddr = format!("{trap}:{port}").parse()?;
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(stream)
    })
}
