//! The traffic of the staged night: a day of households on disk, a scan for a trojan that one line answered, strangers at
//! the infected line; and an exporter that goes on telling of it. Made here; the addresses outside are of documentation.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use flow::wire::{Version, encode::Writer};
use flow::{ExporterId, Flow, Millis, Way, protocol, tcp};
use ipnet::IpNet;
use jiff::Timestamp;
use tokio::net::UdpSocket;

const MINUTE: i64 = 60_000;
/// How far back the households go: a day must be known before anything is new.
const BEFORE: i64 = 26 * 60;
/// Since when strangers are at the infected line, in minutes, and since when an exporter tells of it live.
const INFECTED: i64 = 170;
const LIVE: i64 = 20;
/// When the scan was, in minutes before now.
pub(crate) const SCANNED: i64 = 41;
/// Who scans, for what, and who of ours let it in.
pub(crate) const SCANNER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 200));
const SUBSEVEN: u16 = 27_374;
const LET_IN: u8 = 77;
/// The households.
const LINES: [u8; 5] = [23, 31, 42, 77, 99];
/// How often the exporter tells of what goes on.
const TELLS_EVERY: Duration = Duration::from_secs(5);

fn ours(last: u8) -> IpAddr {
    IpAddr::from([127, 66, 0, last])
}

fn outside(last: i64) -> IpAddr {
    IpAddr::from([192, 0, 2, u8::try_from(1 + last.rem_euclid(200)).unwrap_or(1)])
}

/// A whole connection.
fn talk(first: Millis, from: (IpAddr, u16), to: (IpAddr, u16), bytes: (u64, u64)) -> Flow {
    let way = |bytes: u64| {
        let packets = 4 + bytes / 1_000;
        Way { packets, bytes: bytes + 52 * packets, flags: tcp::SYN | tcp::ACK | tcp::PSH | tcp::FIN }
    };
    Flow {
        first,
        last: first.plus(700),
        source: from.0,
        destination: to.0,
        source_port: from.1,
        destination_port: to.1,
        protocol: protocol::TCP,
        both_ways: true,
        forward: way(bytes.0),
        reverse: way(bytes.1),
        sampling: 1,
        exporter: ExporterId(1),
        translated: None,
    }
}

/// What nobody answered.
fn knock(first: Millis, from: IpAddr, to: (IpAddr, u16)) -> Flow {
    let syn = Way { packets: 1, bytes: 44, flags: tcp::SYN };
    Flow { forward: syn, reverse: Way::default(), last: first, ..talk(first, (from, 40_000), to, (0, 0)) }
}

/// A port of a client, another for each connection.
fn client(number: i64) -> u16 {
    u16::try_from(30_000 + number.rem_euclid(25_000)).unwrap_or(30_000)
}

/// The households from so many minutes ago to so many: a page now and then, more in the evening of each.
fn households(now: Millis, from: i64, to: i64) -> impl Iterator<Item = Flow> {
    (to..from).rev().flat_map(move |minute| {
        let awake = move |line: &&u8| {
            (minute + 7 * i64::from(**line)).rem_euclid(9) < 1 + (minute / 60).rem_euclid(5)
        };
        LINES.iter().filter(awake).map(move |line| {
            let number = minute * 5 + i64::from(*line);
            let bytes = u64::try_from(20_000 + 791 * number.rem_euclid(900)).unwrap_or(20_000);
            let at = now.plus(-minute * MINUTE - i64::from(*line) * 300);
            talk(at, (ours(*line), client(number)), (outside(number), 443), (900, bytes))
        })
    })
}

/// Strangers use the proxy: each connection in is followed by one out, with the same bytes.
fn proxied(now: Millis, line: SocketAddr, from: i64, to: i64) -> impl Iterator<Item = Flow> {
    (to..from).rev().flat_map(move |minute| {
        (0..3).flat_map(move |turn: i64| {
            let number = minute * 3 + turn;
            let at = now.plus(-minute * MINUTE - turn * 19_000);
            let sizes = (700 + 37 * number.rem_euclid(40), 4_000 + 791 * number.rem_euclid(40));
            let (up, down) = (u64::try_from(sizes.0).unwrap_or(700), u64::try_from(sizes.1).unwrap_or(4_000));
            let stranger = IpAddr::from([203, 0, 113, u8::try_from(1 + number.rem_euclid(9)).unwrap_or(1)]);
            [
                talk(at, (stranger, client(number)), (line.ip(), line.port()), (up + 120, down + 39)),
                talk(at.plus(140), (line.ip(), client(number + 11)), (outside(number), 443), (up, down)),
            ]
        })
    })
}

/// The scan: it goes through half of the neighbourhood, and one line answers.
fn scan(now: Millis) -> impl Iterator<Item = Flow> {
    (1..=128u8).map(move |last| {
        let at = now.plus(-SCANNED * MINUTE + 40 * i64::from(last));
        match last {
            LET_IN => talk(at, (SCANNER, 40_000), (ours(last), SUBSEVEN), (90, 410)),
            _ => knock(at, SCANNER, (ours(last), SUBSEVEN)),
        }
    })
}

/// Puts the day before on disk, as if it had been told of.
pub(crate) fn on_disk(dir: &Path, home: &[IpNet], infected: SocketAddr, now: Timestamp) -> Result<()> {
    let now = Millis::from(now);
    let mut flows: Vec<Flow> = households(now, BEFORE, LIVE).collect();
    flows.extend(proxied(now, infected, INFECTED, LIVE));
    flows.extend(scan(now));
    flows.sort_by_key(|flow| flow.last);
    let mut writer = lake::Writer::open(dir, lake::Home::new(home.iter().copied()), None)?;
    writer.write(&flows)?;
    writer.settle().context("cannot put the demo's flows on disk")?;
    Ok(())
}

/// A router of the demo, which exports what its lines do.
pub(crate) struct Exporter {
    socket: UdpSocket,
    to: SocketAddr,
    writer: Writer,
}

impl Exporter {
    pub(crate) async fn new(to: SocketAddr) -> Result<Exporter> {
        let socket = UdpSocket::bind("127.0.0.1:0").await.context("cannot open the exporter's socket")?;
        let boot = Millis::from(Timestamp::now()).plus(-BEFORE * MINUTE);
        Ok(Exporter { socket, to, writer: Writer::new(Version::Ipfix, 7, boot) })
    }

    /// Tells of the last minutes at once.
    pub(crate) async fn tell_of_the_evening(&mut self, infected: SocketAddr) -> Result<usize> {
        let now = Millis::from(Timestamp::now());
        let mut flows: Vec<Flow> = households(now, LIVE, 0).collect();
        flows.extend(proxied(now, infected, LIVE, 0));
        self.tell(flows).await
    }

    async fn tell(&mut self, mut flows: Vec<Flow>) -> Result<usize> {
        flows.sort_by_key(|flow| flow.last);
        let mut datagrams = Vec::new();
        let now = Millis::from(Timestamp::now());
        self.writer.write(now, &flows, |datagram| datagrams.push(datagram.to_vec()));
        for datagram in datagrams {
            self.socket.send_to(&datagram, self.to).await.context("cannot tell of the demo's flows")?;
        }
        Ok(flows.len())
    }

    /// Goes on telling of the households until it is dropped; the infected line is contained and silent.
    pub(crate) async fn go_on(mut self) {
        loop {
            tokio::time::sleep(TELLS_EVERY).await;
            let now = Millis::from(Timestamp::now());
            let number = now.0.div_euclid(5_000);
            let page = |line: &u8| {
                let number = number + i64::from(*line);
                talk(now.plus(-900), (ours(*line), client(number)), (outside(number), 443), (900, 30_000))
            };
            if let Err(error) = self.tell(LINES.iter().map(page).collect()).await {
                tracing::warn!(%error, "the demo's exporter fell silent");
                return;
            }
        }
    }
}
