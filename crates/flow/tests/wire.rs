//! Datagrams to flows: what an exporter writes is what is read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use flow::wire::encode::Writer;
use flow::wire::{Decoder, Limits, Losses, Version};
use flow::{ExporterId, Flow, Millis, Way};
use proptest::prelude::*;

const NOW: Millis = Millis(1_700_000_000_000);
const EXPORTER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fn address(v6: bool) -> BoxedStrategy<IpAddr> {
    if v6 {
        any::<u64>()
            .prop_map(|low| IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(low))))
            .boxed()
    } else {
        any::<u8>().prop_map(|low| IpAddr::V4(Ipv4Addr::new(198, 51, 100, low))).boxed()
    }
}

prop_compose! {
    fn way()(packets in 1..100_000u64, each in 20..1500u64, flags in any::<u8>()) -> Way {
        Way { packets, bytes: packets * each, flags }
    }
}

fn flow() -> impl Strategy<Value = Flow> {
    any::<bool>().prop_flat_map(|v6| {
        let ends = (address(v6), address(v6), any::<u16>(), any::<u16>(), any::<u8>());
        (ends, way(), way(), any::<bool>(), 0..600_000i64, 0..300_000i64).prop_map(
            |(
                (source, destination, source_port, destination_port, protocol),
                forward,
                back,
                both_ways,
                ago,
                took,
            )| Flow {
                first: NOW.plus(-ago - took),
                last: NOW.plus(-ago),
                source,
                destination,
                source_port,
                destination_port,
                protocol,
                both_ways,
                forward,
                reverse: if both_ways { back } else { Way::default() },
                sampling: 0,
                exporter: ExporterId(0xC000_0201),
                translated: None,
            },
        )
    })
}

fn datagrams(version: Version, flows: &[Flow]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    Writer::new(version, 3, NOW.plus(-86_400_000)).write(NOW, flows, |datagram| all.push(datagram.to_vec()));
    all
}

fn read(datagrams: &[Vec<u8>]) -> (Vec<Flow>, Losses) {
    let mut decoder = Decoder::new(Limits::default());
    let mut flows = Vec::new();
    for datagram in datagrams {
        decoder.decode(EXPORTER, NOW, datagram, &mut flows);
    }
    let losses = decoder.report(EXPORTER).map(|report| report.losses).unwrap_or_default();
    (flows, losses)
}

proptest! {
    #[test]
    fn what_is_written_as_ipfix_is_read(flows in prop::collection::vec(flow(), 0..120)) {
        let (read, losses) = read(&datagrams(Version::Ipfix, &flows));
        prop_assert_eq!(&read, &flows);
        prop_assert_eq!(losses.sequence_lost + losses.malformed + losses.bad_times, 0);
        prop_assert_eq!(losses.unknown_sampling, read.len() as u64);
    }

    #[test]
    fn what_is_written_as_v5_and_v9_is_read_one_way_at_a_time(flows in prop::collection::vec(flow(), 1..120)) {
        for version in [Version::NetflowV5, Version::NetflowV9] {
            let written = flows.iter().filter(|flow| version == Version::NetflowV9 || flow.source.is_ipv4());
            let (read, losses) = read(&datagrams(version, &flows.clone()));
            let mut expected = Vec::new();
            for flow in written {
                expected.push(Flow { both_ways: false, reverse: Way::default(), ..*flow });
                if flow.both_ways {
                    expected.push(Flow {
                        source: flow.destination, destination: flow.source, source_port: flow.destination_port,
                        destination_port: flow.source_port, forward: flow.reverse, both_ways: false,
                        reverse: Way::default(), ..*flow
                    });
                }
            }
            prop_assert_eq!(&read, &expected);
            prop_assert_eq!(losses.sequence_lost + losses.malformed + losses.bad_times, 0);
        }
    }

    #[test]
    fn whatever_comes_is_bounded_and_no_flow_ends_before_it_begins(
        flows in prop::collection::vec(flow(), 1..60),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let limits = Limits { waiting_bytes: 8192, held_bytes: 32_768, ..Limits::default() };
        let most = limits.held_bytes;
        let mut decoder = Decoder::new(limits);
        let mut read = Vec::new();
        for version in [Version::NetflowV5, Version::NetflowV9, Version::Ipfix] {
            for mut datagram in datagrams(version, &flows) {
                for (place, byte) in &changes {
                    let place = place.index(datagram.len());
                    datagram[place] = *byte;
                }
                let end = cut.index(datagram.len() + 1);
                for bytes in [&datagram[..], &datagram[..end], &datagram[end..]] {
                    decoder.decode(EXPORTER, NOW, bytes, &mut read);
                    prop_assert!(decoder.held() <= most);
                }
            }
        }
        prop_assert!(read.iter().all(|flow| flow.first <= flow.last && flow.last <= NOW.plus(600_000)));
    }
}
