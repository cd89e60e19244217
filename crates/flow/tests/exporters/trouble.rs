//! What goes wrong, and that it costs nothing else.

use std::net::{IpAddr, Ipv4Addr};

use flow::wire::{Decoder, Limits};

use crate::datagram::{Heard, NOW, PLAIN, UPTIME, ipfix, numbers, plain, set, template, v5, v9};

fn announced() -> Vec<u8> {
    set(0, &template(256, &PLAIN))
}

#[test]
fn data_waits_for_its_template() {
    let data = set(256, &[plain(1, 40), plain(2, 80)].concat());
    let mut heard = Heard::all(&[v9(1, 5, UPTIME, &[data])]);
    assert!(heard.flows.is_empty());
    assert_eq!(heard.losses().waiting, 1);
    // Another domain's template of the same number is none of its own.
    heard.hear(&v9(1, 6, UPTIME, &[announced()]));
    assert!(heard.flows.is_empty());
    heard.hear(&v9(2, 5, UPTIME + 60_000, &[announced()]));
    assert_eq!(heard.counts(), [(1, 40, 0, 0, 0), (2, 80, 0, 0, 0)]);
    assert_eq!((heard.losses().waiting, heard.losses().no_template), (0, 0));
    assert_eq!(heard.flows[0].last, NOW, "it was sent when it was sent, not when it could be read");
}

#[test]
fn what_waits_is_bounded_in_bytes_and_age() {
    let limits = Limits { waiting_bytes: 10_000, waiting_ms: 60_000, ..Limits::default() };
    let mut heard = Heard::with(limits);
    for sequence in 0..100 {
        heard.hear(&v9(sequence, 0, UPTIME, &[set(300, &[1; 1000])]));
    }
    assert!(heard.decoder.held() <= 10_000);
    assert_eq!(heard.losses().waiting + heard.losses().no_template, 100);
    heard.hear_at(NOW.plus(61_000), &v9(100, 0, UPTIME + 61_000, &[announced()]));
    assert_eq!((heard.losses().waiting, heard.losses().no_template), (0, 100));
}

#[test]
fn after_a_restart_a_number_may_stand_for_something_else() {
    let other = [(12, 4), (8, 4), (1, 8), (2, 8), (4, 1), (7, 2), (11, 2), (21, 4)];
    let record = numbers(&[(9, 4), (8, 4), (700, 8), (7, 8), (17, 1), (1, 2), (2, 2), (1000, 4)]);
    let mut heard = Heard::all(&[v9(500, 0, UPTIME, &[announced(), set(256, &plain(1, 40))])]);
    heard.hear_at(NOW.plus(600_000), &again(0, 1500, &[set(256, &record)]));
    assert_eq!((heard.flows.len(), heard.losses().restarts, heard.losses().waiting), (1, 1, 1));
    heard.hear_at(NOW.plus(600_000), &again(1, 1600, &[set(0, &template(256, &other))]));
    assert_eq!(heard.counts()[1], (7, 700, 0, 0, 0));
    assert_eq!(heard.losses().sequence_lost, 0);
}

/// A datagram ten minutes later, after the exporter began anew.
fn again(sequence: u32, uptime: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let mut datagram = v9(sequence, 0, UPTIME, sets);
    datagram[4..8].copy_from_slice(&uptime.to_be_bytes());
    datagram[8..12].copy_from_slice(&1_700_000_600u32.to_be_bytes());
    datagram
}

#[test]
fn a_template_can_be_redefined_and_withdrawn() {
    let shorter = &PLAIN[..5];
    let heard = Heard::all(&[
        ipfix(0, 0, &[set(2, &template(256, &PLAIN)), set(256, &plain(1, 40))]),
        ipfix(1, 0, &[set(2, &template(256, shorter)), set(256, &plain(1, 40)[..13])]),
        ipfix(2, 0, &[set(2, &numbers(&[(256, 2), (0, 2)])), set(256, &plain(1, 40))]),
    ]);
    assert_eq!(heard.counts(), [(1, 40, 0, 0, 0), (0, 0, 0, 0, 0)]);
    assert_eq!(heard.losses().waiting, 1);
    assert_eq!(heard.decoder.reports().next().unwrap().templates, 0);
}

#[test]
fn a_set_that_lies_costs_no_other_and_padding_may_be_anything() {
    let mut lying = set(256, &plain(1, 40));
    lying[2..4].copy_from_slice(&60_000u16.to_be_bytes());
    let padded = set(256, &[plain(2, 80), vec![0xAB; 3]].concat());
    let heard = Heard::all(&[v9(1, 0, UPTIME, &[announced(), lying, padded])]);
    assert_eq!(heard.counts(), [(1, 40, 0, 0, 0), (2, 80, 0, 0, 0)]);
    assert_eq!(heard.losses().malformed, 1);
    // Cut off in the middle of a record: what is whole is read.
    let whole = v9(1, 0, UPTIME, &[announced(), set(256, &[plain(1, 40), plain(2, 80)].concat())]);
    let heard = Heard::all(&[whole[..whole.len() - 5].to_vec()]);
    assert_eq!(heard.counts(), [(1, 40, 0, 0, 0)]);
    assert_eq!(heard.losses().malformed, 1);
}

#[test]
fn gaps_are_counted_in_what_each_version_numbers() {
    let lost = |datagrams: &[Vec<u8>]| Heard::all(datagrams).losses().sequence_lost;
    assert_eq!(lost(&[v5(0, 0, 3), v5(3, 0, 2), v5(9, 0, 1)]), 4);
    assert_eq!(lost(&[v5(0, 0, 3), v5(9, 0, 1), v5(3, 0, 6), v5(10, 0, 1)]), 0, "it came late");
    let data =
        |sequence| v9(sequence, 0, UPTIME, &[announced(), set(256, &[plain(1, 40), plain(1, 40)].concat())]);
    assert_eq!(lost(&[data(1), data(2), data(5)]), 2);
    let data = |sequence| {
        ipfix(
            sequence,
            0,
            &[set(2, &template(256, &PLAIN)), set(256, &[plain(1, 40), plain(1, 40)].concat())],
        )
    };
    assert_eq!(lost(&[data(0), data(2), data(8)]), 4);
}

#[test]
fn any_number_of_forged_exporters_takes_bounded_memory() {
    let mut decoder = Decoder::new(Limits { exporters: 100, ..Limits::default() });
    let mut flows = Vec::new();
    let datagram = v9(1, 0, UPTIME, &[announced(), set(256, &plain(1, 40)), set(300, &[1; 1000])]);
    for number in 0..100_000u32 {
        let from = IpAddr::V4(Ipv4Addr::from_bits(0xC612_0000 + number));
        decoder.decode(from, NOW, &datagram, &mut flows);
        flows.clear();
    }
    assert_eq!((decoder.reports().count(), decoder.refused()), (100, 99_900));
    assert!(decoder.held() < 100 * 4000);
}

#[test]
fn what_is_no_flow_datagram_is_counted_as_such() {
    let heard = Heard::all(&[b"GET / HTTP/1.1".to_vec(), vec![], vec![0, 9], vec![0, 8, 0, 1]]);
    let losses = heard.losses();
    assert_eq!((losses.unknown_version, losses.malformed), (3, 1));
}

#[test]
fn templates_beyond_the_limits_are_refused_and_the_rest_is_read() {
    let mut heard = Heard::with(Limits { templates: 3, ..Limits::default() });
    for id in 256..300 {
        heard.hear(&ipfix(id.into(), 0, &[set(2, &template(id, &PLAIN)), set(id, &plain(1, 40))]));
    }
    assert_eq!((heard.flows.len(), heard.losses().templates_refused), (3, 41));
}

#[test]
fn records_of_no_length_come_to_an_end() {
    // Of a flow's field, and of one whose packets are taken apart.
    for field in [8, 315] {
        let nothing = set(0, &template(300, &[(field, 0)]));
        let heard = Heard::all(&[v9(
            1,
            0,
            UPTIME,
            &[nothing, announced(), set(300, &[7; 8]), set(256, &plain(1, 40))],
        )]);
        assert_eq!(heard.counts(), [(1, 40, 0, 0, 0)], "field {field}");
    }
}
