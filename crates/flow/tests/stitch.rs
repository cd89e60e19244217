//! What a stitcher does with what exporters tell.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::net::IpAddr;

use flow::{Before, ExporterId, Flow, Millis, Seen, StitchLimits, Stitcher, Way, protocol, tcp};
use proptest::prelude::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// One packet of a connection: when, from whom, how large, with which flags.
#[derive(Debug, Clone, Copy)]
struct Packet {
    at: i64,
    from_caller: bool,
    bytes: u64,
    flags: u8,
}

const CALLER: (&str, u16) = ("203.0.113.9", 40_112);
const CALLED: (&str, u16) = ("198.51.100.7", 48_613);

/// The record that an exporter makes of packets of one direction.
fn record(packets: &[Packet], exporter: u32) -> Flow {
    let (source, destination) = if packets[0].from_caller { (CALLER, CALLED) } else { (CALLED, CALLER) };
    Flow {
        first: Millis(packets[0].at),
        last: Millis(packets[packets.len() - 1].at),
        source: address(source.0),
        destination: address(destination.0),
        source_port: source.1,
        destination_port: destination.1,
        protocol: protocol::TCP,
        both_ways: false,
        forward: Way {
            packets: packets.len() as u64,
            bytes: packets.iter().map(|packet| packet.bytes).sum(),
            flags: packets.iter().fold(0, |flags, packet| flags | packet.flags),
        },
        reverse: Way::default(),
        sampling: 1,
        exporter: ExporterId(exporter),
        translated: None,
    }
}

/// A connection of up to a minute and a half, which is within what a record waits for its other direction: a handshake,
/// packets both ways, an end. No two packets share a millisecond.
fn connection() -> impl Strategy<Value = Vec<Packet>> {
    prop::collection::vec((1i64..1_500, any::<bool>(), 40u64..1500), 4..60).prop_map(|steps| {
        let mut at = 0;
        let mut packets = vec![Packet { at, from_caller: true, bytes: 60, flags: tcp::SYN }];
        packets.push(Packet { at: 1, from_caller: false, bytes: 60, flags: tcp::SYN | tcp::ACK });
        for (gap, from_caller, bytes) in steps {
            at += gap + 1;
            packets.push(Packet { at, from_caller, bytes, flags: tcp::ACK | tcp::PSH });
        }
        packets.push(Packet { at: at + 1, from_caller: true, bytes: 40, flags: tcp::ACK | tcp::FIN });
        packets
    })
}

/// The records of one direction, cut before the packets of these numbers.
fn cut(packets: &[Packet], from_caller: bool, cuts: &[prop::sample::Index], exporter: u32) -> Vec<Flow> {
    let side: Vec<Packet> =
        packets.iter().copied().filter(|packet| packet.from_caller == from_caller).collect();
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(side.len())).chain([0, side.len()]).collect();
    at.sort_unstable();
    at.dedup();
    at.windows(2).map(|ends| record(&side[ends[0]..ends[1]], exporter)).collect()
}

/// The order in which records reach a collector: about by their end, each late by up to so much.
fn arrival(mut records: Vec<Flow>, late: &[i64]) -> Vec<Flow> {
    let lateness = |at: usize| late.get(at % late.len().max(1)).copied().unwrap_or_default();
    let mut keyed: Vec<(i64, Flow)> =
        records.drain(..).enumerate().map(|(at, flow)| (flow.last.0 + lateness(at), flow)).collect();
    keyed.sort_by_key(|(at, _)| *at);
    keyed.into_iter().map(|(_, flow)| flow).collect()
}

fn stitched(records: &[Flow]) -> Vec<Seen> {
    let mut stitcher = Stitcher::new(StitchLimits::default());
    let mut seen = Vec::new();
    for record in records {
        stitcher.push(record, &mut |one| seen.push(*one));
    }
    stitcher.finish(&mut |one| seen.push(*one));
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn however_it_is_cut_and_shuffled_one_connection_comes_back(
        packets in connection(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        late in prop::collection::vec(0i64..8_000, 1..8),
    ) {
        let mut records = cut(&packets, true, &cuts, 1);
        records.extend(cut(&packets, false, &cuts, 1));
        let seen = stitched(&arrival(records, &late));
        let last = seen.last().unwrap();
        prop_assert_eq!(seen.iter().filter(|one| one.before.is_none()).count(), 1);
        prop_assert_eq!(last.flow.source, address(CALLER.0));
        prop_assert_eq!(last.flow.destination_port, CALLED.1);
        let sum = |from_caller| packets.iter().filter(|one| one.from_caller == from_caller).map(|one| one.bytes).sum::<u64>();
        prop_assert_eq!((last.flow.forward.bytes, last.flow.reverse.bytes), (sum(true), sum(false)));
        prop_assert_eq!(last.flow.first, Millis(0));
        prop_assert_eq!(last.flow.last, Millis(packets.last().unwrap().at));
    }

    #[test]
    fn a_second_exporter_and_a_second_interface_change_no_count(
        packets in connection(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        others in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
    ) {
        let mut records = cut(&packets, true, &cuts, 1);
        records.extend(cut(&packets, false, &cuts, 1));
        let alone = stitched(&arrival(records.clone(), &[0])).last().unwrap().flow;
        let twice: Vec<Flow> = records.iter().flat_map(|flow| [*flow, *flow]).collect();
        prop_assert_eq!(stitched(&arrival(twice, &[0])).last().unwrap().flow, alone);
        records.extend(cut(&packets, true, &others, 2));
        records.extend(cut(&packets, false, &others, 2));
        let both = stitched(&arrival(records, &[1])).last().unwrap().flow;
        let bytes = |flow: &Flow| (flow.forward.bytes, flow.reverse.bytes);
        let sum = |from_caller| packets.iter().filter(|one| one.from_caller == from_caller).map(|one| one.bytes).sum::<u64>();
        prop_assert!(bytes(&both).0 <= sum(true) && bytes(&both).1 <= sum(false), "nothing is counted twice: {both:?}");
    }

    #[test]
    fn whatever_comes_it_keeps_to_its_bounds(flows in prop::collection::vec(any_flow(), 0..400)) {
        let limits = StitchLimits { connections: 32, ..StitchLimits::default() };
        let mut stitcher = Stitcher::new(limits);
        let mut shown = 0u64;
        for flow in &flows {
            stitcher.push(flow, &mut |seen| shown += u64::from(seen.before.is_none()));
            prop_assert!(stitcher.len() <= 32);
        }
        stitcher.finish(&mut |seen| shown += u64::from(seen.before.is_none()));
        prop_assert!(stitcher.is_empty());
        prop_assert_eq!(shown, stitcher.counts().connections, "each connection is shown as new once");
    }
}

fn any_flow() -> impl Strategy<Value = Flow> {
    let way = || {
        (0u64..9, any::<u32>(), any::<u8>()).prop_map(|(packets, bytes, flags)| Way {
            packets,
            bytes: bytes.into(),
            flags,
        })
    };
    let times = prop_oneof![0i64..10_000_000, any::<i64>()];
    ((times, 0i64..100_000), (0u8..9, 0u8..9, 0u16..6, 0u16..6), any::<bool>(), (way(), way()), 0u32..3)
        .prop_map(
            |(
                (first, length),
                (from, to, source_port, destination_port),
                both_ways,
                (forward, reverse),
                exporter,
            )| Flow {
                first: Millis(first),
                last: Millis(first.saturating_add(length)),
                source: IpAddr::from([192, 0, 2, from]),
                destination: IpAddr::from([192, 0, 2, to]),
                source_port,
                destination_port,
                protocol: if from % 2 == 0 { protocol::TCP } else { protocol::UDP },
                both_ways,
                forward,
                reverse: if both_ways { reverse } else { Way::default() },
                sampling: 1,
                exporter: ExporterId(exporter),
                translated: None,
            },
        )
}

/// A tunnel of an hour whose exporter tells of it each minute.
fn tunnel() -> Vec<Flow> {
    let packet = |at, from_caller, flags| Packet { at, from_caller, bytes: 100, flags };
    (0..60)
        .flat_map(|minute| {
            let flags = if minute == 0 { tcp::SYN | tcp::ACK } else { tcp::ACK };
            let ends = [minute * 60_000, minute * 60_000 + 59_000];
            [true, false].map(|from| record(&ends.map(|at| packet(at + i64::from(!from), from, flags)), 1))
        })
        .collect()
}

#[test]
fn a_long_tunnel_is_seen_while_it_lives_as_one_that_grows() {
    let seen = stitched(&tunnel());
    assert_eq!(seen.iter().filter(|one| one.before.is_none()).count(), 1);
    assert!(seen.len() >= 60, "shown {} times", seen.len());
    let ways = |flow: &Flow| Some(Before { forward: flow.forward, reverse: flow.reverse });
    assert!(seen.windows(2).all(|pair| pair[1].before == ways(&pair[0].flow)));
    assert_eq!(seen.last().unwrap().flow.last, Millis(59 * 60_000 + 59_001));
}

#[test]
fn a_poll_each_minute_stays_a_connection_each_minute() {
    let polls: Vec<Flow> = (0..10)
        .map(|minute| {
            let mut flow =
                record(&[Packet { at: minute * 64_000, from_caller: true, bytes: 76, flags: 0 }], 1);
            (flow.protocol, flow.both_ways) = (protocol::UDP, true);
            (flow.source_port, flow.destination_port) = (123, 123);
            flow.reverse = flow.forward;
            flow
        })
        .collect();
    assert_eq!(stitched(&polls).iter().filter(|one| one.before.is_none()).count(), 10);
}

#[test]
fn the_same_ports_used_again_are_another_connection() {
    let packets = |from: i64| {
        let flags = tcp::SYN | tcp::ACK | tcp::FIN;
        [true, false].map(|caller| {
            record(&[Packet { at: from + i64::from(!caller), from_caller: caller, bytes: 900, flags }], 1)
        })
    };
    let records = [packets(0), packets(70_000)].concat();
    let seen = stitched(&records);
    assert_eq!(seen.iter().filter(|one| one.before.is_none()).count(), 2);
    assert_eq!(seen.last().unwrap().flow.forward.bytes, 900);
}

#[test]
fn an_unanswered_call_is_shown_once_nobody_answers() {
    let mut stitcher = Stitcher::new(StitchLimits::default());
    let mut seen = Vec::new();
    let call = |at, port| {
        let mut flow = record(&[Packet { at, from_caller: true, bytes: 60, flags: tcp::SYN }], 1);
        flow.source_port = port;
        flow
    };
    stitcher.push(&call(0, 1), &mut |one: &Seen| seen.push(*one));
    assert_eq!(seen, [], "the answer may come in the next datagram");
    stitcher.push(&call(130_000, 2), &mut |one: &Seen| seen.push(*one));
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].flow.source, seen[0].flow.both_ways), (address(CALLER.0), false));
}

#[test]
fn an_answer_alone_is_no_call() {
    let packets = [Packet { at: 0, from_caller: false, bytes: 60, flags: tcp::SYN | tcp::ACK }];
    let mut answer = record(&packets, 1);
    answer.source_port = 80;
    let seen = stitched(&[answer]);
    assert_eq!(seen[0].flow.source, address(CALLER.0), "whoever calls port 80 began it");
    assert_eq!(seen[0].flow.forward, Way::default());
    assert_eq!(seen[0].flow.reverse.packets, 1);
}

#[test]
fn what_is_told_on_the_way_in_and_on_the_way_out_counts_once() {
    // Each packet leaves the router some milliseconds after it came, so that the egress records lie a little later; single
    // packets, fragments of a tunnel, and both directions.
    let packet = |at, from_caller, bytes, flags| Packet { at, from_caller, bytes, flags };
    let syn = record(&[packet(0, true, 60, tcp::SYN)], 1);
    let answer = record(&[packet(1, false, 60, tcp::SYN | tcp::ACK)], 1);
    let once: Vec<Flow> = [syn, answer].into_iter().chain(tunnel().into_iter().skip(2)).collect();
    let twice: Vec<Flow> = once
        .iter()
        .flat_map(|flow| [*flow, Flow { first: flow.first.plus(3), last: flow.last.plus(3), ..*flow }])
        .collect();
    let ways = |records: &[Flow]| {
        stitched(records).last().map(|seen| (seen.flow.forward, seen.flow.reverse)).unwrap()
    };
    assert_eq!(ways(&twice), ways(&once));
    assert_eq!(ways(&once).0.packets, 1 + 59 * 2);
}

#[test]
fn who_began_is_not_guessed_anew_once_it_was_shown() {
    // Both first packets bear the same time, so that ports alone decide; then the other end is called by many.
    let packet = |at, from_caller| Packet { at, from_caller, bytes: 100, flags: tcp::ACK | tcp::SYN };
    let mut records = [true, false].map(|from| record(&[packet(0, from), packet(50_000, from)], 1)).to_vec();
    let other = |flow: &Flow, n: u16| Flow {
        first: Millis(51_000),
        last: Millis(51_000),
        source: address("192.0.2.1"),
        destination: address(CALLED.0),
        source_port: 2_000 + n,
        destination_port: CALLED.1,
        ..*flow
    };
    let first = records[0];
    records.extend((0..40).map(|n| other(&first, n)));
    let later = [true, false].map(|from| record(&[packet(60_000, from), packet(90_000, from)], 1));
    records.extend(later.map(|flow| Flow { forward: Way { flags: tcp::ACK, ..flow.forward }, ..flow }));
    let seen: Vec<Seen> =
        stitched(&records).into_iter().filter(|seen| seen.flow.source != address("192.0.2.1")).collect();
    let of_it: Vec<&Seen> = seen.iter().filter(|one| one.flow.forward.packets > 1 || one.guessed).collect();
    assert!(of_it.len() >= 3, "{of_it:#?}");
    assert!(of_it.iter().all(|one| one.flow.source == of_it[0].flow.source && one.guessed), "{of_it:#?}");
    assert_eq!(of_it.last().unwrap().flow.forward.packets + of_it.last().unwrap().flow.reverse.packets, 8);
}
