//! sFlow version 5.

use flow::wire::Version;

use crate::datagram::{HOME, Heard, NOW, PEER, numbers};

/// A datagram of agent 192.0.2.1 with these samples, each with its tag.
fn sflow(sequence: u64, samples: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let head =
        [(5, 4), (1, 4), (0xC000_0201, 4), (0, 4), (sequence, 4), (1000, 4), (samples.len() as u64, 4)];
    let mut out = numbers(&head);
    for (tag, sample) in samples {
        out.extend(numbers(&[(*tag, 4), (sample.len() as u64, 4)]));
        out.extend(sample);
    }
    out
}

/// A flow sample with these records, each with its tag.
fn flow_sample(rate: u64, records: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut out =
        numbers(&[(1, 4), (3, 4), (rate, 4), (0, 4), (0, 4), (1, 4), (2, 4), (records.len() as u64, 4)]);
    for (tag, record) in records {
        out.extend(numbers(&[(*tag, 4), (record.len() as u64, 4)]));
        out.extend(record);
    }
    out
}

fn raw(begins: u64, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u64;
    [numbers(&[(begins, 4), (1518, 4), (4, 4), (length, 4)]), bytes.to_vec()].concat()
}

/// A TCP packet of 1500 bytes in Ethernet, in a VLAN or behind two MPLS labels.
fn frame(kind: &[u8]) -> Vec<u8> {
    let ip = [0x45, 0, 0x05, 0xDC, 0, 0, 0x40, 0, 64, 6, 0, 0];
    let tcp = numbers(&[(40_000, 2), (443, 2), (1, 4), (1, 4), (0x5018, 2)]);
    [&[2; 12][..], kind, &ip, &numbers(&[(HOME, 4), (PEER, 4)]), &tcp].concat()
}

#[test]
fn a_sampled_packet_is_a_flow_of_as_many_as_it_stands_for() {
    let plain = frame(&[8, 0]);
    let tagged = frame(&[0x81, 0, 0, 5, 8, 0]);
    let labelled = frame(&[0x88, 0x47, 0, 1, 0, 64, 0, 1, 1, 64]);
    let samples: Vec<_> =
        [plain, tagged, labelled].iter().map(|it| (1, flow_sample(512, &[(1, raw(1, it))]))).collect();
    let heard = Heard::all(&[sflow(1, &samples)]);
    assert_eq!(heard.counts(), [(512, 768_000, 0, 0, 512); 3]);
    for flow in &heard.flows {
        assert_eq!((flow.source.to_string(), flow.source_port), ("198.51.100.7".to_owned(), 40_000));
        assert_eq!((flow.destination_port, flow.protocol, flow.forward.flags), (443, 6, 0x18));
        assert_eq!((flow.first, flow.last), (NOW, NOW));
    }
}

#[test]
fn counters_are_passed_over_and_counted() {
    let sample = flow_sample(10, &[(1001, vec![0; 16]), (3, sampled4())]);
    let heard = Heard::all(&[sflow(
        1,
        &[(2, vec![0; 40]), (1, sample), (4, vec![0; 12]), (4096 * 9 + 1, vec![7; 8])],
    )]);
    assert_eq!(heard.counts(), [(10, 840, 0, 0, 10)]);
    let report = heard.decoder.reports().next().unwrap();
    assert_eq!((report.option_records, report.version), (2, Some(Version::SflowV5)));
    assert_eq!(report.losses.malformed, 0);
}

/// What an agent makes of a UDP packet of 84 bytes.
fn sampled4() -> Vec<u8> {
    numbers(&[(84, 4), (17, 4), (HOME, 4), (PEER, 4), (5060, 4), (5060, 4), (0, 4), (0, 4)])
}

#[test]
fn ipv6_is_read_behind_its_extension_headers() {
    let head = [0x60, 0, 0, 0, 0, 40, 0, 64];
    let ends = numbers(&[(0x2001_0db8_0000_0000, 8), (1, 8), (0x2001_0db8_0000_0000, 8), (2, 8)]);
    let options = [17, 0, 0, 0, 0, 0, 0, 0];
    let udp = numbers(&[(1024, 2), (53, 2), (32, 2), (0, 2)]);
    let packet = [&head[..], &ends, &options, &udp].concat();
    let heard = Heard::all(&[sflow(1, &[(1, flow_sample(1, &[(1, raw(12, &packet))]))])]);
    let flow = heard.flows[0];
    assert_eq!((flow.destination.to_string(), flow.destination_port), ("2001:db8::2".to_owned(), 53));
    assert_eq!((flow.protocol, flow.forward.bytes), (17, 80));
}

#[test]
fn a_sample_that_lies_about_its_length_is_read_as_far_as_it_goes() {
    let mut datagram =
        sflow(1, &[(1, flow_sample(10, &[(3, sampled4())])), (1, flow_sample(10, &[(3, sampled4())]))]);
    let whole = datagram.len();
    datagram.truncate(whole - 6);
    let heard = Heard::all(&[datagram]);
    assert_eq!((heard.flows.len(), heard.losses().malformed), (1, 1));
    let heard = Heard::all(&[sflow(1, &[]), sflow(4, &[])]);
    assert_eq!(heard.losses().sequence_lost, 2);
}
