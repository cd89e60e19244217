//! What records tell.

use std::net::{IpAddr, Ipv4Addr};

use flow::{Millis, Translated};

use crate::datagram::{
    HOME, Heard, NOW, PEER, PLAIN, SECONDS, UPTIME, ipfix, numbers, plain, set, template, v9,
};

fn v4(number: u64) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(number as u32))
}

/// One record of a v9 or IPFIX template.
fn one(version: u16, fields: &[(u16, u16)], record: &[u8]) -> Heard {
    let templates = set(if version == 9 { 0 } else { 2 }, &template(256, fields));
    let sets = [templates, set(256, record)];
    Heard::all(&[if version == 9 { v9(1, 0, UPTIME, &sets) } else { ipfix(0, 0, &sets) }])
}

#[test]
fn fields_of_variable_length_and_of_unknown_enterprises_are_passed_over() {
    // 8, 12, then a name of variable length, an enterprise's field of it, ports, protocol, counts of three bytes.
    let mut fields = template(256, &[(8, 4), (12, 4), (82, 65535), (7, 2), (11, 2), (4, 1), (2, 3), (1, 3)]);
    fields[3] += 1;
    fields.extend([0x80, 55, 0xFF, 0xFF, 0, 0, 0x12, 0x34]);
    let record = |name: &[u8], own: usize| {
        let long = [&[255][..], &(own as u16).to_be_bytes(), &vec![7; own]].concat();
        let counts = numbers(&[(40_000, 2), (443, 2), (6, 1), (3, 3), (180, 3)]);
        [numbers(&[(HOME, 4), (PEER, 4)]), vec![name.len() as u8], name.to_vec(), counts, long].concat()
    };
    let records = [record(b"", 0), record(b"ge-0/0/1", 300), record(b"x", 5)].concat();
    let heard = Heard::all(&[ipfix(0, 0, &[set(2, &fields), set(256, &records)])]);
    assert_eq!(heard.counts(), [(3, 180, 0, 0, 0); 3]);
    assert!(heard.flows.iter().all(|flow| (flow.source, flow.destination) == (v4(HOME), v4(PEER))));
    assert_eq!(heard.losses().malformed, 0);
}

#[test]
fn a_biflow_tells_both_ways() {
    let fields = [&PLAIN[..], &[(0x8002, 4), (0x8001, 4), (0x8006, 1)]].concat();
    let record = [plain(5, 500), numbers(&[(4, 4), (4000, 4), (0x1B, 1)])].concat();
    let heard = one(10, &fields, &record);
    assert_eq!(heard.counts(), [(5, 500, 4, 4000, 0)]);
    assert!(heard.flows[0].both_ways);
    assert_eq!(heard.flows[0].reverse.flags, 0x1B);
}

#[test]
fn a_firewall_tells_a_connection_once_when_it_ends_or_is_denied() {
    // As NSEL: event, octets of initiator and responder, start and event time.
    let fields = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (233, 1), (231, 4), (232, 4), (152, 8), (323, 8)];
    let start = u64::from(SECONDS) * 1000 - 90_000;
    let event = |event: u64, there: u64, back: u64| {
        let ends = [(HOME, 4), (PEER, 4), (40_000, 2), (443, 2), (6, 1)];
        let rest = [(event, 1), (there, 4), (back, 4), (start, 8), (start + 60_000, 8)];
        [numbers(&ends), numbers(&rest)].concat()
    };
    let records = [event(1, 0, 0), event(5, 100, 2000), event(2, 900, 80_000), event(3, 0, 0)].concat();
    let heard = one(9, &fields, &records);
    assert_eq!(heard.counts(), [(0, 100, 0, 2000, 0), (0, 900, 0, 80_000, 0), (0, 0, 0, 0, 0)]);
    assert!(heard.flows.iter().all(|flow| flow.both_ways));
    assert_eq!((heard.flows[1].first, heard.flows[1].last), (NOW.plus(-90_000), NOW.plus(-30_000)));
    assert_eq!(heard.decoder.reports().next().unwrap().other_records, 1);
}

#[test]
fn translation_is_told_where_it_changes_something() {
    let fields = [&PLAIN[..], &[(225, 4), (227, 2), (230, 1)]].concat();
    let record = |outside: u64, port: u64, event: u64| {
        [plain(0, 0), numbers(&[(outside, 4), (port, 2), (event, 1)])].concat()
    };
    // Created, created without a change, deleted.
    let heard = one(
        10,
        &fields,
        &[record(PEER - 1, 1024, 4), record(HOME, 40_000, 4), record(PEER - 1, 1024, 5)].concat(),
    );
    let translated: Vec<_> = heard.flows.iter().map(|flow| flow.translated).collect();
    assert_eq!(translated, [Some(Translated { address: v4(PEER - 1), port: 1024 }), None]);
}

#[test]
fn outgoing_counters_are_the_way_back_only_where_they_can_be() {
    let fields = [&PLAIN[..], &[(24, 4), (23, 4)]].concat();
    let record = |packets: u64, bytes: u64| [plain(5, 500), numbers(&[(packets, 4), (bytes, 4)])].concat();
    let records = [record(0, 0), record(5, 500), record(5, 620), record(7, 9000)].concat();
    let back =
        |version| one(version, &fields, &records).counts().into_iter().map(|told| told.3).collect::<Vec<_>>();
    assert_eq!(back(9), [0, 0, 620, 9000]);
    // 24 bytes a packet more are a header, behind a middlebox.
    assert_eq!(back(10), [0, 0, 0, 9000]);
    let alone = [&PLAIN[..5], &[(24, 4), (23, 4)]].concat();
    let record = [plain(0, 0)[..13].to_vec(), numbers(&[(7, 4), (700, 4)])].concat();
    assert_eq!(one(9, &alone, &record).counts(), [(7, 700, 0, 0, 0)]);
}

#[test]
fn a_record_with_addresses_of_both_families_uses_one() {
    let fields = [&PLAIN[..], &[(27, 16), (28, 16), (60, 1)]].concat();
    let six = (0x2001_0db8u64 << 32, 1u64);
    let addresses =
        |version: u64| numbers(&[(six.0, 8), (six.1, 8), (six.0, 8), (six.1 + 1, 8), (version, 1)]);
    let none = numbers(&[(0, 8), (0, 8), (40_000, 2), (443, 2)]);
    let four = [plain(1, 40), vec![0; 32], vec![4]].concat();
    let six = [none[8..16].to_vec(), plain(1, 40)[8..].to_vec(), addresses(6)].concat();
    let heard = one(9, &fields, &[four, six].concat());
    let sources: Vec<_> = heard.flows.iter().map(|flow| flow.source.to_string()).collect();
    assert_eq!(sources, ["198.51.100.7", "2001:db8::1"]);
}

#[test]
fn icmp_has_its_type_and_code_where_a_port_would_be() {
    let fields = [&PLAIN[..], &[(32, 2)]].concat();
    let mut record = [plain(1, 84), numbers(&[(0x0301, 2)])].concat();
    record[12] = flow::protocol::ICMP;
    let heard = one(9, &fields, &record);
    assert_eq!((heard.flows[0].source_port, heard.flows[0].destination_port), (0, 0x0301));
}

#[test]
fn ipfix_that_counts_from_its_start_is_read_by_the_start_that_its_options_tell() {
    let fields = [&PLAIN[..], &[(22, 4), (21, 4)]].concat();
    let record = [plain(1, 40), numbers(&[(1_000_000, 4), (1_030_000, 4)])].concat();
    let boot = u64::from(SECONDS) * 1000 - 1_090_000;
    let options = [vec![1, 1, 0, 2, 0, 1], template(0, &[(149, 4), (160, 8)])[4..].to_vec()].concat();
    let told = set(257, &numbers(&[(0, 4), (boot, 8)]));
    let mut heard = Heard::all(&[ipfix(0, 0, &[set(2, &template(256, &fields)), set(256, &record)])]);
    // Nobody has told the start: it ended when it was sent.
    assert_eq!((heard.flows[0].first, heard.flows[0].last), (NOW.plus(-30_000), NOW));
    heard.hear(&ipfix(1, 0, &[set(3, &options), told]));
    heard.hear(&ipfix(2, 0, &[set(256, &record)]));
    assert_eq!((heard.flows[1].first, heard.flows[1].last), (NOW.plus(-90_000), NOW.plus(-60_000)));
    assert_eq!(heard.losses().sequence_lost, 0);
}

#[test]
fn packets_in_records_are_read_as_flows_of_one_packet() {
    let mut frame = vec![0; 12];
    frame.extend([0x81, 0, 0, 9, 8, 0, 0x45, 0, 0, 60, 0, 0, 0, 0, 64, 17, 0, 0]);
    frame.extend(numbers(&[(HOME, 4), (PEER, 4), (5353, 2), (53, 2), (40, 2), (0, 2)]));
    let record = [vec![frame.len() as u8], frame].concat();
    let heard = one(10, &[(315, 65535)], &record);
    assert_eq!(heard.counts(), [(1, 60, 0, 0, 0)]);
    let flow = heard.flows[0];
    assert_eq!(
        (flow.source, flow.source_port, flow.destination_port, flow.protocol),
        (v4(HOME), 5353, 53, 17)
    );
}

#[test]
fn times_that_cannot_be_true_are_counted() {
    let fields = [&PLAIN[..], &[(152, 8), (153, 8)]].concat();
    let now = u64::from(SECONDS) * 1000;
    let year = 365 * 86_400_000;
    let record = |first: u64, last: u64| [plain(1, 40), numbers(&[(first, 8), (last, 8)])].concat();
    let records =
        [record(now - 5000, now - 1000), record(now - year, now - year), record(now - 1000, now - 5000)];
    let heard = one(10, &fields, &records.concat());
    let times: Vec<(Millis, Millis)> = heard.flows.iter().map(|flow| (flow.first, flow.last)).collect();
    assert_eq!(times, [(NOW.plus(-5000), NOW.plus(-1000)), (NOW, NOW), (NOW.plus(-5000), NOW.plus(-5000))]);
    assert_eq!(heard.losses().bad_times, 2);
}
