//! nfcapd, from Debian.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::sender::Sent;
use crate::{BUFFER, Collector, Heard, Outcome};

/// One that writes into a folder of its own.
pub(crate) struct Nfcapd {
    child: Child,
    log: BufReader<ChildStderr>,
    address: SocketAddr,
    _files: TempDir,
}

impl Collector for Nfcapd {
    const NAME: &'static str = "nfcapd";

    fn start() -> Outcome<Nfcapd> {
        // A port that was free a moment ago.
        let address = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        let files = TempDir::new()?;
        let mut child = Command::new("nfcapd")
            .args(["-z", "-t", "86400", "-b", "127.0.0.1", "-p", &address.port().to_string()])
            .args(["-B", &BUFFER.to_string(), "-w"])
            .arg(files.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let log = BufReader::new(child.stderr.take().ok_or("nfcapd says nothing")?);
        let mut nfcapd = Nfcapd { child, log, address, _files: files };
        nfcapd.until("Startup nfcapd")?;
        Ok(nfcapd)
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    fn end(mut self, _: &Sent) -> Outcome<Heard> {
        while self.socket(4, |queues| u64::from_str_radix(queues.split(':').nth(1)?, 16).ok())? > 0 {
            thread::sleep(Duration::from_millis(5));
        }
        let kernel_drops = self.socket(12, |drops| drops.parse().ok())?;
        let cpu = self.cpu()?;
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let line = self.until("Flows: ")?;
        self.child.wait()?;
        let (flows, gaps) = (after(&line, "Flows: ")?, after(&line, "Sequence Errors: ")?);
        Ok(Heard { flows, kernel_drops, gaps, cpu })
    }
}

impl Nfcapd {
    /// The next line of its log with this in it.
    fn until(&mut self, said: &str) -> Outcome<String> {
        let mut line = String::new();
        while !line.contains(said) {
            line.clear();
            if self.log.read_line(&mut line)? == 0 {
                return Err(format!("nfcapd ended without {said:?}").into());
            }
        }
        Ok(line)
    }

    /// A column of its socket's line in the kernel's table (proc_net_udp(5)).
    fn socket(&self, column: usize, read: impl Fn(&str) -> Option<u64>) -> Outcome<u64> {
        let table = fs::read_to_string("/proc/net/udp")?;
        let port = format!(":{:04X}", self.address.port());
        let of_it = |line: &&str| line.split_whitespace().nth(1).is_some_and(|local| local.ends_with(&port));
        let told = table.lines().find(of_it).and_then(|line| line.split_whitespace().nth(column));
        Ok(told.and_then(read).ok_or("nfcapd has no socket")?)
    }

    /// Seconds of CPU time of all its threads.
    fn cpu(&self) -> Outcome<f64> {
        let mut nanoseconds = 0.0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let told = fs::read_to_string(task?.path().join("schedstat"))?;
            nanoseconds += told.split_whitespace().next().ok_or("no CPU time")?.parse::<f64>()?;
        }
        Ok(nanoseconds / 1e9)
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

/// The number behind a word.
fn after(line: &str, word: &str) -> Outcome<u64> {
    let rest = line.split(word).nth(1).ok_or_else(|| format!("nfcapd says {line:?}"))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Ok(digits.parse()?)
}
