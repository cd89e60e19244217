//! Somebody would use the desk as a weapon: forged reports by the thousand name addresses that are not ours, and ours that
//! must never be touched. tcpdump at the router sees whether one packet goes to any of them.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;

use crate::duty::{self, Duty};
use crate::night::{NEIGHBOUR, Night, PORT, Proxy};
use crate::patience::until;
use crate::peers::Peer;
use crate::{mail, net, step};

/// How many, if `LAB_FORGED` names no other number.
const REPORTS: usize = 100_000;
/// Connections that bring them at the same time, so that many share one fsync.
const SENDERS: usize = 8;
/// Mails on one connection.
const ON_ONE_CONNECTION: usize = 50;
/// Until the desk has read them all: it reads some hundreds a second even as an unoptimised build.
const UNTIL_READ: Duration = Duration::from_secs(1800);

/// Addresses that are not ours, reachable by a route all the same.
const FOREIGN: &str = "192.0.2.0/24";
/// Ours, and on the never-touch list.
const SPARED: &str = "203.0.113.200/29";

/// Plays it.
pub(crate) fn play() -> Result<()> {
    net::ready_with(&[("tcpdump", "tcpdump")])?;
    let number = std::env::var("LAB_FORGED").ok().and_then(|text| text.parse().ok()).unwrap_or(REPORTS);
    let dir = net::folder()?;
    let night = Night::fall(Proxy::Microsocks, dir.path())?;
    night.router.ip(&format!("route add {FOREIGN} via 198.51.100.2"))?;
    let config =
        duty::config(dir.path()).replace("\"203.0.113.1/32\"", &format!("\"203.0.113.1/32\", \"{SPARED}\""));
    let duty = Duty::begin_with(&night, dir.path(), &config)?;
    import(&duty, dir.path())?;
    let mut capture = capture(&night, dir.path())?;
    send(&night, number)?;
    step(&format!("{number} forged reports are accepted"));
    // Mail is read in order: once the last one, which is true, has had its proxy shut, the others have been read.
    duty.deliver(&mail::spamcop(NEIGHBOUR, PORT, Timestamp::now()))?;
    until("the one true report among them is acted on", UNTIL_READ, || {
        let cases = duty.ask(&["case", "list"])?;
        Ok(cases.lines().any(|line| line.contains("line-0067") && line.contains("contained")).then_some(()))
    })?;
    step("the one true report that came after them has had its proxy shut");
    capture.stop()?;
    judge(&night, dir.path()).with_context(|| format!("tcpdump said: {}", capture.last_words()))?;
    duty.end()
}

/// All that goes to those addresses, name resolution of the link included, and what is begun with the neighbour, so that a
/// capture that sees nothing is not taken for silence.
fn capture(night: &Night, dir: &Path) -> Result<Peer> {
    let filter =
        format!("dst net {FOREIGN} or dst net {SPARED} or (dst host {NEIGHBOUR} and tcp dst port {PORT})");
    let file = dir.join("forged.pcap");
    let file = file.to_str().context("the lab's folder has no plain name")?;
    let words = ["tcpdump", "--immediate-mode", "-i", "any", "-n", "-U", "-w", file, &filter];
    let capture = Peer::start(&night.router, "tcpdump", &words, dir)?;
    until("tcpdump listens", Duration::from_secs(10), || {
        Ok(capture.said().contains("listening on").then_some(()))
    })?;
    Ok(capture)
}

fn judge(night: &Night, dir: &Path) -> Result<()> {
    let file = dir.join("forged.pcap");
    let file = file.to_str().context("the lab's folder has no plain name")?;
    let count = |filter: &str| -> Result<usize> {
        Ok(night.router.run(&["tcpdump", "-n", "-r", file, filter])?.lines().count())
    };
    let allowed = count(&format!("dst host {NEIGHBOUR}"))?;
    let forbidden = count(&format!("dst net {FOREIGN} or dst net {SPARED}"))?;
    ensure!(allowed > 0, "the capture did not even see the probe of the neighbour");
    ensure!(forbidden == 0, "{forbidden} packets went to addresses that must not be touched");
    step(&format!(
        "{allowed} packets went to the proved line, 0 to any address that is not ours or never to be touched"
    ));
    Ok(())
}

/// The spared addresses have holders too: nothing but the list keeps the desk from asking them.
fn import(duty: &Duty<'_>, dir: &Path) -> Result<()> {
    let mut rows = "address,from,to,subscriber,contact\n".to_owned();
    for host in 200..208 {
        rows.push_str(&format!(
            "203.0.113.{host},2024-01-01T00:00:00Z,,line-0{host},line-0{host}@customers.example.net\n"
        ));
    }
    let file = dir.join("spared.csv");
    std::fs::write(&file, rows)?;
    duty.ask(&["lease", "import", file.to_str().context("the lab's folder has no plain name")?]).map(drop)
}

fn send(night: &Night, number: usize) -> Result<()> {
    let share = number.div_ceil(SENDERS);
    let world = &night.world;
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                scope.spawn(move || -> Result<()> {
                    world.enter()?;
                    let mine: Vec<usize> = (sender * share..((sender + 1) * share).min(number)).collect();
                    mine.chunks(ON_ONE_CONNECTION).try_for_each(deliver)
                })
            })
            .collect();
        for sender in senders {
            match sender.join() {
                Ok(sent) => sent?,
                Err(_) => bail!("a sender fell over"),
            }
        }
        Ok(())
    })
}

/// A forged report: every other one of a foreign address.
fn forged(number: usize) -> String {
    let address = match number % 2 {
        0 => format!("192.0.2.{}", 1 + number / 2 % 254),
        _ => format!("203.0.113.{}", 200 + number / 2 % 8),
    };
    let port = u16::try_from(1024 + number % 60_000).unwrap_or(PORT);
    mail::spamcop(&address, port, Timestamp::now()).replace("6100000017", &format!("61{number:08}"))
}

fn deliver(numbers: &[usize]) -> Result<()> {
    let mut stream = BufReader::new(TcpStream::connect("198.51.100.1:25")?);
    stream.get_ref().set_read_timeout(Some(Duration::from_secs(60)))?;
    hear(&mut stream)?;
    say(&mut stream, "EHLO forger.example.com\r\n")?;
    for number in numbers {
        say(&mut stream, "MAIL FROM:<6100000017@reports.spamcop.net>\r\n")?;
        say(&mut stream, "RCPT TO:<abuse@example.net>\r\n")?;
        say(&mut stream, "DATA\r\n")?;
        say(&mut stream, &format!("{}.\r\n", forged(*number)))?;
    }
    Ok(())
}

fn say(stream: &mut BufReader<TcpStream>, words: &str) -> Result<()> {
    stream.get_mut().write_all(words.as_bytes())?;
    hear(stream)
}

/// Hears one reply, which must be a yes.
fn hear(stream: &mut BufReader<TcpStream>) -> Result<()> {
    loop {
        let mut line = String::new();
        ensure!(stream.read_line(&mut line)? > 0, "the desk hung up");
        if line.as_bytes().get(3) != Some(&b'-') {
            ensure!(line.starts_with(['2', '3']), "the desk said: {}", line.trim_end());
            return Ok(());
        }
    }
}
