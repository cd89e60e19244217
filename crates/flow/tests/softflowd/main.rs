//! What softflowd tells of packets, counted by us and by nfcapd: flows, packets and bytes are the same, and are those that
//! were in the packets.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod nfcapd;
mod packets;

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use flow::Millis;
use flow::wire::{Decoder, Limits};
use packets::BEGIN;

/// What a collector counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Totals {
    flows: u64,
    packets: u64,
    bytes: u64,
}

#[test]
fn what_softflowd_tells_is_counted_as_nfcapd_counts_it() {
    if let Some(missing) = ["softflowd", "nfcapd", "nfdump"].into_iter().find(|name| !runs(name)) {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{missing} cannot be run");
        return eprintln!("SKIPPED: {missing} cannot be run; install Debian's packages softflowd and nfdump");
    }
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("packets.pcap");
    let made = packets::write(&capture);
    for (version, name) in [("5", "NetFlow v5"), ("9", "NetFlow v9"), ("10", "IPFIX")] {
        let datagrams = exported(&capture, folder.path(), version);
        let ours = ours(&datagrams);
        let theirs = nfcapd::count(&datagrams, &folder.path().join(version));
        assert_eq!(ours, theirs, "{name}: nightdesk's count, and nfcapd's");
        assert_eq!(ours, made, "{name}: what is counted, and what there was");
    }
}

fn runs(program: &str) -> bool {
    let help = if program == "softflowd" { "-h" } else { "-V" };
    Command::new(program).arg(help).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// The datagrams that softflowd sends of a capture; it ends by itself when it has read all of it.
fn exported(capture: &Path, folder: &Path, version: &str) -> Vec<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = socket.local_addr().unwrap().to_string();
    let mut softflowd = Command::new("timeout")
        .args(["60", "softflowd", "-c", "none", "-v", version, "-n", &to, "-r"])
        .arg(capture)
        .arg("-p")
        .arg(folder.join("pid"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert!(softflowd.wait().unwrap().success());
    // All that was sent over loopback is in the socket by then.
    socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let mut room = vec![0; 65_536];
    let mut datagrams = Vec::new();
    while let Ok(length) = socket.recv(&mut room) {
        datagrams.push(room[..length].to_vec());
    }
    datagrams
}

fn ours(datagrams: &[Vec<u8>]) -> Totals {
    let mut decoder = Decoder::new(Limits::default());
    let mut flows = Vec::new();
    for datagram in datagrams {
        decoder.decode(IpAddr::V4(Ipv4Addr::LOCALHOST), Millis(BEGIN * 1000), datagram, &mut flows);
    }
    let sum =
        |of: fn(&flow::Way) -> u64| flows.iter().map(|flow| of(&flow.forward) + of(&flow.reverse)).sum();
    Totals {
        flows: u64::try_from(flows.len()).unwrap(),
        packets: sum(|way| way.packets),
        bytes: sum(|way| way.bytes),
    }
}
