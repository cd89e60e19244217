//! nfcapd on loopback, and what nfdump says of its file.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::Totals;

/// What it counts of these datagrams.
pub(crate) fn count(datagrams: &[Vec<u8>], folder: &Path) -> Totals {
    fs::create_dir(folder).unwrap();
    // A port that was free a moment ago.
    let to = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut nfcapd = Command::new("timeout")
        .args(["60", "nfcapd", "-t", "86400", "-b", "127.0.0.1", "-p", &to.port().to_string(), "-w"])
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(nfcapd.stderr.take().unwrap()).lines();
    assert!(log.by_ref().any(|line| line.unwrap().contains("Startup nfcapd")));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for datagram in datagrams {
        socket.send_to(datagram, to).unwrap();
        // One at a time: a small buffer must lose none.
        while waiting(to.port()) > 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
    Command::new("kill").arg(nfcapd.id().to_string()).status().unwrap();
    log.for_each(|line| drop(line.unwrap()));
    nfcapd.wait().unwrap();
    said(folder)
}

/// Bytes that lie in the socket's buffer (proc_net_udp(5)).
fn waiting(port: u16) -> u64 {
    let table = fs::read_to_string("/proc/net/udp").unwrap();
    let of_it = |line: &&str| {
        line.split_whitespace().nth(1).is_some_and(|local| local.ends_with(&format!(":{port:04X}")))
    };
    let queues = table.lines().find(of_it).and_then(|line| line.split_whitespace().nth(4)).unwrap();
    u64::from_str_radix(queues.split(':').nth(1).unwrap(), 16).unwrap()
}

/// `nfdump -I`: a word and a number a line.
fn said(folder: &Path) -> Totals {
    let output = Command::new("nfdump").arg("-I").arg("-R").arg(folder).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let number = |word: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(word)).unwrap();
        line.trim().parse().unwrap()
    };
    Totals { flows: number("Flows:"), packets: number("Packets:"), bytes: number("Bytes:") }
}
