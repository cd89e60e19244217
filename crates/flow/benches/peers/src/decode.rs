//! How many flows a second of CPU time we decode, beside two crates that decode the same.
//!
//! Each is given the same datagrams, again and again, and whatever it makes of them is dropped when there are about two
//! thousand flows. The crates give their own records, which are still to be made flows of; ours are flows.

mod exported;

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use bytes::BytesMut;
use exported::{Kind, NOW, datagrams, records};
use flow::Millis;
use flow::wire::{Decoder, Limits};
use netflow_parser::NetflowParser;
use netgauze_flow_pkt::codec::FlowInfoCodec;
use tokio_util::codec::Decoder as _;

const DATAGRAMS: u32 = 400;
/// Nanoseconds of CPU time for each figure.
const FOR: u64 = 2_000_000_000;

fn main() {
    println!("decode, million flows per CPU second (17 fields; the best of three)");
    println!(
        "{:<8}{:>12}{:>18}{:>22}{:>10}",
        "", "nightdesk", "netflow_parser", "netgauze-flow-pkt", "ratio"
    );
    for kind in [Kind::V5, Kind::V9, Kind::Ipfix] {
        let sent = datagrams(kind, DATAGRAMS, NOW);
        let ours = best(kind, &sent, ours());
        let parser = best(kind, &sent, netflow_parser());
        let gauze = (kind != Kind::V5).then(|| best(kind, &sent, netgauze()));
        let ratio = ours / gauze.unwrap_or(0.0).max(parser);
        let gauze = gauze.map_or("-".to_owned(), |rate| format!("{rate:.2}"));
        println!("{:<8}{ours:>12.1}{parser:>18.2}{gauze:>22}{ratio:>9.1}x", format!("{kind:?}"));
    }
}

fn best(kind: Kind, sent: &[Vec<u8>], mut decode: impl FnMut(&[u8]) -> usize) -> f64 {
    let expected = DATAGRAMS as usize * records(kind);
    let flows: usize = sent.iter().map(|datagram| decode(datagram)).sum();
    assert_eq!(flows, expected, "{kind:?}: not all flows were decoded");
    (0..3).map(|_| rate(sent, &mut decode)).fold(0.0, f64::max)
}

fn rate(sent: &[Vec<u8>], decode: &mut impl FnMut(&[u8]) -> usize) -> f64 {
    let (begun, mut flows) = (cpu(), 0);
    loop {
        // The template is known.
        for datagram in sent.iter().skip(1) {
            flows += decode(black_box(datagram));
        }
        let took = cpu() - begun;
        if took >= FOR / 3 {
            return flows as f64 * 1000.0 / took as f64;
        }
    }
}

fn ours() -> impl FnMut(&[u8]) -> usize {
    let mut decoder = Decoder::new(Limits::default());
    let mut flows = Vec::new();
    let from = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    move |datagram| {
        if flows.len() > 2048 {
            black_box(&flows);
            flows.clear();
        }
        decoder.decode(from, Millis(i64::from(NOW) * 1000), datagram, &mut flows).flows
    }
}

fn netflow_parser() -> impl FnMut(&[u8]) -> usize {
    use netflow_parser::NetflowPacket;
    use netflow_parser::variable_versions::{ipfix, v9};
    let mut parser = NetflowParser::default();
    move |datagram| {
        let read = black_box(parser.parse_bytes(datagram));
        let flows = read.packets.iter().map(|packet| match packet {
            NetflowPacket::V5(packet) => packet.flowsets.len(),
            NetflowPacket::V9(packet) => packet
                .flowsets
                .iter()
                .map(|set| match &set.body {
                    v9::FlowSetBody::Data(data) => data.fields.len(),
                    _ => 0,
                })
                .sum(),
            NetflowPacket::IPFix(packet) => packet
                .flowsets
                .iter()
                .map(|set| match &set.body {
                    ipfix::FlowSetBody::Data(data) => data.fields.len(),
                    _ => 0,
                })
                .sum(),
            _ => 0,
        });
        flows.sum()
    }
}

fn netgauze() -> impl FnMut(&[u8]) -> usize {
    use netgauze_flow_pkt::{FlowInfo, ipfix, netflow};
    let mut codec = FlowInfoCodec::new();
    let mut buffer = BytesMut::new();
    move |datagram| {
        buffer.clear();
        buffer.extend_from_slice(datagram);
        match black_box(codec.decode(&mut buffer)) {
            Ok(Some(FlowInfo::NetFlowV9(packet))) => packet
                .sets()
                .iter()
                .map(|set| match set {
                    netflow::Set::Data { records, .. } => records.len(),
                    _ => 0,
                })
                .sum(),
            Ok(Some(FlowInfo::IPFIX(packet))) => packet
                .sets()
                .iter()
                .map(|set| match set {
                    ipfix::Set::Data { records, .. } => records.len(),
                    _ => 0,
                })
                .sum(),
            _ => 0,
        }
    }
}

/// Nanoseconds that this thread has run (proc_pid_schedstat(5)).
fn cpu() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel tells CPU time");
    told.split_whitespace().next().and_then(|nanos| nanos.parse().ok()).expect("a number")
}
