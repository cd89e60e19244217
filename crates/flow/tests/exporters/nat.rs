//! What an address translator tells of its ports.

use std::net::IpAddr;

use flow::Millis;
use flow::wire::{Decoder, Limits, NatChange, NatEvent};

use crate::datagram::{EXPORTER, HOME, NOW, PEER, ipfix, numbers, set, template, v9};

/// 10.66.0.17, inside.
const INSIDE: u64 = 0x0A42_0011;
/// A second before the datagram was sent.
const WHEN: u64 = 1_699_999_999_000;

fn events(datagrams: &[Vec<u8>]) -> Vec<NatEvent> {
    let mut decoder = Decoder::new(Limits::default());
    decoder.keep_nat_events();
    let mut events = Vec::new();
    for datagram in datagrams {
        decoder.decode(EXPORTER, NOW, datagram, &mut Vec::new());
        events.extend(decoder.nat_events());
    }
    events
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A port block of RFC 8158 section 5.6.9, as far as this says more than its defaults.
fn block(change: NatChange, first_port: u16, last_port: u16) -> NatEvent {
    NatEvent {
        change,
        at: Millis(1_699_999_999_000),
        since: None,
        inside: address("10.66.0.17"),
        domain: 0,
        outside: address("203.0.113.9"),
        first_port,
        last_port,
        step: 1,
        protocol: 0,
        destination: None,
    }
}

#[test]
fn a_block_is_told_by_its_ends_or_by_how_many_ports_it_has() {
    let ends = template(256, &[(323, 8), (8, 4), (225, 4), (361, 2), (362, 2), (230, 1)]);
    let count = template(257, &[(323, 8), (8, 4), (225, 4), (361, 2), (363, 2), (364, 2), (230, 1)]);
    let given = numbers(&[(WHEN, 8), (INSIDE, 4), (PEER, 4), (1024, 2), (1535, 2), (16, 1)]);
    let taken = numbers(&[(WHEN, 8), (INSIDE, 4), (PEER, 4), (1536, 2), (1, 2), (512, 2), (17, 1)]);
    let scattered = numbers(&[(WHEN, 8), (INSIDE, 4), (PEER, 4), (4000, 2), (4, 2), (512, 2), (16, 1)]);
    let told = events(&[ipfix(
        0,
        1,
        &[set(2, &[ends, count].concat()), set(256, &given), set(257, &[taken, scattered].concat())],
    )]);
    let apart = NatEvent { step: 4, ..block(NatChange::Given, 4000, 6044) };
    assert_eq!(told, [block(NatChange::Given, 1024, 1535), block(NatChange::Taken, 1536, 2047), apart]);
}

#[test]
fn a_session_names_its_port_its_destination_and_its_routing_domain() {
    let fields = [(323, 8), (234, 4), (8, 4), (225, 4), (12, 4), (7, 2), (227, 2), (11, 2), (4, 1), (230, 1)];
    let record = |event: u64| {
        let ports = [(50_000, 2), (2048, 2), (443, 2), (6, 1), (event, 1)];
        numbers(&[&[(WHEN, 8), (7, 4), (INSIDE, 4), (PEER, 4), (HOME, 4)], &ports[..]].concat())
    };
    let body = [record(4), record(5)].concat();
    let told = events(&[v9(1, 1, 3_600_000, &[set(0, &template(256, &fields)), set(256, &body)])]);
    let session = |change| NatEvent {
        domain: 7,
        protocol: 6,
        destination: Some((address("198.51.100.7"), 443)),
        ..block(change, 2048, 2048)
    };
    assert_eq!(told, [session(NatChange::Given), session(NatChange::Taken)]);
}

#[test]
fn behind_nat64_the_inside_address_is_ipv6() {
    let fields = template(256, &[(323, 8), (27, 16), (225, 4), (361, 2), (362, 2), (230, 1)]);
    let record = [
        numbers(&[(WHEN, 8), (0x2001_0DB8_0000_0000, 8), (0x17, 8)]),
        numbers(&[(PEER, 4), (1024, 2), (1535, 2), (16, 1)]),
    ];
    let told = events(&[ipfix(0, 1, &[set(2, &fields), set(256, &record.concat())])]);
    assert_eq!(told, [NatEvent { inside: address("2001:db8::17"), ..block(NatChange::Given, 1024, 1535) }]);
}

#[test]
fn what_tells_of_no_port_of_anybody_is_no_event() {
    let fields = template(256, &[(323, 8), (8, 4), (225, 4), (361, 2), (362, 2), (230, 1)]);
    let record = |inside, outside, first, last, event| {
        numbers(&[(WHEN, 8), (inside, 4), (outside, 4), (first, 2), (last, 2), (event, 1)])
    };
    let records = [
        record(INSIDE, PEER, 1024, 1535, 3),  // addresses ran out
        record(INSIDE, PEER, 1024, 1535, 14), // an address was bound, which others may be too
        record(INSIDE, PEER, 1535, 1024, 16), // backwards
        record(INSIDE, PEER, 0, 0, 16),
        record(0, PEER, 1024, 1535, 16),
        record(INSIDE, 0, 1024, 1535, 16),
    ];
    assert_eq!(events(&[ipfix(0, 1, &[set(2, &fields), set(256, &records.concat())])]), []);
}
