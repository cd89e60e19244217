//! The flow sockets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use flow::wire::Version;
use flow::wire::encode::Writer;
use flow::{ExporterId, Flow, Millis, Way};
use jiff::Timestamp;
use sensors::flows::{Batch, Config, Heard, NatTap, Reading, Sockets, bind, serve};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

const PATIENCE: Duration = Duration::from_secs(20);

fn flows(count: u16) -> Vec<Flow> {
    let now = Millis::from(Timestamp::now());
    (0..count)
        .map(|number| Flow {
            first: now.plus(-2000),
            last: now.plus(-1000),
            source: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            destination: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)),
            source_port: number,
            destination_port: 443,
            protocol: flow::protocol::TCP,
            both_ways: false,
            forward: Way { packets: 3, bytes: 180, flags: 2 },
            reverse: Way::default(),
            sampling: 0,
            exporter: ExporterId(0x7F00_0001),
            translated: None,
        })
        .collect()
}

fn send(to: SocketAddr, flows: &[Flow]) -> u64 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let now = Millis::from(Timestamp::now());
    let mut sent = 0;
    Writer::new(Version::NetflowV5, 1, now.plus(-60_000)).write(now, flows, |datagram| {
        socket.send_to(datagram, to).unwrap();
        sent += 1;
    });
    sent
}

struct Night {
    address: SocketAddr,
    batches: mpsc::Receiver<Batch>,
    heard: Arc<Heard>,
    stop: watch::Sender<bool>,
    served: JoinHandle<std::io::Result<()>>,
}

fn config(exporters: &str) -> Config {
    Config {
        within: Duration::from_millis(20),
        ..Config::new(vec!["127.0.0.1:0".parse().unwrap()], vec![exporters.parse().unwrap()])
    }
}

fn begin(sockets: Sockets, config: Config, room: usize) -> Night {
    let address = sockets.addresses()[0];
    let heard = Arc::clone(&config.heard);
    let (sender, batches) = mpsc::channel(room);
    let (stop, stopped) = watch::channel(false);
    let served = tokio::spawn(serve(sockets, config, sender, stopped));
    Night { address, batches, heard, stop, served }
}

impl Night {
    async fn until(&self, met: impl Fn(&Reading) -> bool) -> Reading {
        let wait = async {
            loop {
                let reading = self.heard.read();
                if met(&reading) {
                    return reading;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the counts come to that")
    }

    async fn end(self) -> Reading {
        self.stop.send(true).unwrap();
        tokio::time::timeout(PATIENCE, self.served).await.expect("it stops").unwrap().unwrap();
        self.heard.read()
    }
}

#[tokio::test]
async fn what_an_exporter_sends_comes_out_in_batches_and_is_counted() {
    let config = Config { sockets: 2, ..config("127.0.0.0/8") };
    let mut night = begin(bind(&config).unwrap(), config, 64);
    let sent = flows(100);
    let datagrams = send(night.address, &sent);
    let mut got = Vec::new();
    while got.len() < sent.len() {
        let batch = tokio::time::timeout(PATIENCE, night.batches.recv()).await.expect("a batch in time");
        got.extend(batch.expect("the sensor runs").flows);
    }
    assert_eq!(got, sent);
    let reading = night.end().await;
    assert_eq!((reading.counts.datagrams, reading.counts.flows), (datagrams, 100));
    let report = &reading.exporters[0];
    assert_eq!((report.address, report.flows), (IpAddr::V4(Ipv4Addr::LOCALHOST), 100));
    assert_eq!((report.version, report.losses.sequence_lost), (Some(Version::NetflowV5), 0));
}

#[tokio::test]
async fn an_exporter_that_is_not_on_the_list_is_counted_and_not_read() {
    let config = config("192.0.2.0/24");
    let mut night = begin(bind(&config).unwrap(), config, 64);
    let datagrams = send(night.address, &flows(100));
    let reading = night.until(|reading| reading.counts.strangers == datagrams).await;
    assert_eq!(reading.strangers.get(&IpAddr::V4(Ipv4Addr::LOCALHOST)), Some(&datagrams));
    assert!(reading.exporters.is_empty());
    assert!(night.batches.try_recv().is_err());
    night.end().await;
}

#[tokio::test]
async fn flows_that_nobody_takes_are_dropped_and_counted() {
    let config = Config { batch: 10, ..config("127.0.0.1/32") };
    let night = begin(bind(&config).unwrap(), config, 1);
    let all = |reading: &Reading| reading.counts.flows + reading.counts.flows_dropped;
    send(night.address, &flows(30));
    night.until(|reading| all(reading) == 30).await;
    send(night.address, &flows(30));
    let reading = night.until(|reading| all(reading) == 60).await;
    assert_eq!((reading.counts.flows, reading.counts.flows_dropped), (30, 30));
    night.end().await;
}

#[tokio::test]
async fn what_the_kernel_drops_is_counted() {
    let config = Config { buffer_bytes: 4096, ..config("127.0.0.1/32") };
    let sockets = bind(&config).unwrap();
    // Nobody reads yet, so most of these find no room.
    let sent = send(sockets.addresses()[0], &flows(6000));
    let night = begin(sockets, config, 64);
    let reading = night.until(|reading| reading.counts.kernel_drops > 0).await;
    assert_eq!(reading.counts.datagrams + reading.counts.kernel_drops, sent);
    let lost = sent - reading.counts.datagrams;
    assert!(lost > 0 && reading.exporters[0].losses.sequence_lost < 6000);
    night.end().await;
}

#[tokio::test]
async fn an_address_that_is_not_ours_is_refused_by_name() {
    let config = Config { listen: vec!["192.0.2.77:2055".parse().unwrap()], ..config("127.0.0.1/32") };
    let refused = bind(&config).unwrap_err().to_string();
    assert!(refused.starts_with("cannot listen for flows on 192.0.2.77:2055"), "{refused}");
}

/// An IPFIX message with a template of port blocks (RFC 8158) and one block that is given, numbered so.
fn block_given(sequence: u32) -> Vec<u8> {
    let template: [u16; 14] = [2, 28, 256, 5, 8, 4, 225, 4, 361, 2, 362, 2, 230, 1];
    let record = [&[10, 66, 0, 17, 203, 0, 113, 9][..], &[4, 0, 5, 255, 16]].concat();
    let seconds = u32::try_from(Timestamp::now().as_second()).unwrap();
    let mut message = [10, 61].map(u16::to_be_bytes).concat();
    message.extend([seconds, sequence, 1].map(u32::to_be_bytes).as_flattened());
    message.extend(template.map(u16::to_be_bytes).as_flattened());
    message.extend([256, 17].map(u16::to_be_bytes).as_flattened());
    [message, record].concat()
}

#[tokio::test]
async fn a_translators_events_come_out_and_what_was_lost_of_them_is_said_with_the_next() {
    let (events, mut batches) = mpsc::channel(1);
    let translators = vec!["127.0.0.1/32".parse().unwrap()];
    let config = Config { nat: Some(NatTap { translators, events }), ..config("127.0.0.0/8") };
    let night = begin(bind(&config).unwrap(), config, 64);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let send = |sequence| socket.send_to(&block_given(sequence), night.address).unwrap();
    let mut next = async || {
        let batch = tokio::time::timeout(PATIENCE, batches.recv()).await.expect("events in time").unwrap();
        (batch.lost, batch.events.len())
    };
    send(0);
    assert_eq!(next().await, (false, 1));
    send(1);
    assert_eq!(next().await, (false, 1));
    send(7);
    assert_eq!(next().await, (true, 1), "five never came");
    // The second of these finds no room.
    send(8);
    send(9);
    night.until(|reading| reading.counts.datagrams == 5).await;
    assert_eq!(next().await, (false, 1));
    send(10);
    assert_eq!(next().await, (true, 1), "what was dropped is lost as well");
    // Another exporter's events are nobody's business.
    let other = UdpSocket::bind("127.0.0.2:0").unwrap();
    other.send_to(&block_given(0), night.address).unwrap();
    night.until(|reading| reading.counts.datagrams == 7).await;
    night.end().await;
    assert!(batches.recv().await.is_none());
}
