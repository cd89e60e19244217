//! nfdump's answers, and nfcapd to fill its files.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use crate::error::{Outcome, wrong};
use crate::ours::{Question, What, scan_time};

/// Asks nfdump to print what answers the question; the number that the answer is checked by.
pub(crate) fn ask(files: &Path, question: &Question) -> Outcome<u64> {
    let mut nfdump = Command::new("nfdump");
    nfdump.env("TZ", "UTC").args(["-q", "-N"]);
    match question.what {
        What::Who(address) | What::Line(address) => {
            let printed =
                output(all(&mut nfdump, files)?.args(["-o", "line"]).arg(format!("host {address}")))?;
            Ok(u64::try_from(printed.lines().count())?)
        }
        What::Exposure(scanner, net) => {
            let (at, window) = scan_time();
            let (since, until) = (at.plus(-window), at.plus(window));
            let hours = |at: i64| file_name(at.div_euclid(3_600_000));
            // Files that hold the hours asked about; what ends later is in a later one.
            let some = format!("{}:{}", files.join(hours(since.0)?).display(), hours(until.0 + 3_600_000)?);
            let time = format!("{}-{}", moment(since.0)?, moment(until.0)?);
            let filter = format!("src ip {scanner} and dst net {net}");
            let printed = output(nfdump.args(["-R", &some, "-t", &time, "-o", "fmt:%da"]).arg(filter))?;
            let lines: HashSet<IpAddr> =
                printed.lines().filter_map(|line| line.trim().parse().ok()).collect();
            Ok(u64::try_from(lines.len())?)
        }
        What::Heaviest | What::Aggregate => {
            let words = ["-A", "srcip,dstip,dstport", "-O", "bytes", "-n", "20", "-o", "fmt:%byt"];
            let printed = output(all(&mut nfdump, files)?.args(words))?;
            // It sorts by the bytes of both ways and prints those of one: the largest is among its first.
            let largest = printed.lines().filter_map(|line| line.trim().parse().ok()).max();
            largest.ok_or_else(|| wrong("nfdump's group-by has no answer"))
        }
    }
}

/// Reads every file.
fn all<'a>(nfdump: &'a mut Command, files: &Path) -> Outcome<&'a mut Command> {
    Ok(nfdump.arg("-R").arg(files))
}

fn moment(millis: i64) -> Outcome<String> {
    Ok(Timestamp::from_millisecond(millis)?.strftime("%Y/%m/%d.%H:%M:%S").to_string())
}

/// The name nfcapd would give the file that it writes in this hour.
pub(crate) fn file_name(hour: i64) -> Outcome<String> {
    Ok(Timestamp::from_second(hour * 3600)?.strftime("nfcapd.%Y%m%d%H%M").to_string())
}

fn output(command: &mut Command) -> Outcome<String> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(wrong(format!("nfdump failed: {}", String::from_utf8_lossy(&output.stderr))));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// An nfcapd on loopback that writes one file, LZO-compressed as most run it.
pub(crate) struct Nfcapd {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    to: SocketAddr,
}

impl Nfcapd {
    pub(crate) fn start(dir: &Path) -> Outcome<Nfcapd> {
        // A port that was free a moment ago.
        let to = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        let mut child = Command::new("nfcapd")
            .args(["-z", "-b", "127.0.0.1", "-B", "16777216", "-t", "86400", "-p", &to.port().to_string()])
            .arg("-w")
            .arg(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| wrong(format!("nfcapd does not start: {error}")))?;
        let log = child.stderr.take().ok_or_else(|| wrong("nfcapd says nothing"))?;
        let mut nfcapd = Nfcapd { child, log: BufReader::new(log), to };
        nfcapd.until("Startup nfcapd")?;
        Ok(nfcapd)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.to
    }

    /// The next line of its log with this in it.
    fn until(&mut self, said: &str) -> Outcome<String> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.log.read_line(&mut line)? == 0 {
                return Err(wrong(format!("nfcapd ended without {said:?}")));
            }
            if line.contains(said) {
                return Ok(line);
            }
        }
    }

    /// Waits until it has read all there is and ends it; how many flows it wrote.
    pub(crate) fn end(mut self) -> Outcome<u64> {
        while waiting(self.to.port())? > 0 {
            thread::sleep(Duration::from_millis(5));
        }
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let line = self.until("Flows: ")?;
        self.child.wait()?;
        let flows = line.split("Flows: ").nth(1).and_then(|rest| rest.split(',').next());
        flows
            .and_then(|flows| flows.trim().parse().ok())
            .ok_or_else(|| wrong(format!("nfcapd says {line:?}")))
    }
}

impl Drop for Nfcapd {
    fn drop(&mut self) {
        // One that has ended already is no trouble.
        if self.child.kill().is_ok() {
            self.child.wait().ok();
        }
    }
}

/// Bytes that lie in the socket's buffer (proc_net_udp(5)).
fn waiting(port: u16) -> Outcome<u64> {
    let table = std::fs::read_to_string("/proc/net/udp")?;
    let line = table.lines().find(|line| {
        line.split_whitespace().nth(1).is_some_and(|local| local.ends_with(&format!(":{port:04X}")))
    });
    let queues = line.and_then(|line| line.split_whitespace().nth(4)).unwrap_or("0:0");
    Ok(u64::from_str_radix(queues.split(':').nth(1).unwrap_or("0"), 16)?)
}
