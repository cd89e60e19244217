//! NetFlow and IPFIX on any bytes, several datagrams of one exporter in turn and then once more, so that templates come
//! before and after their data: no panic, bounded memory, no flow that ends before it began, and no block of ports that runs
//! backwards.
#![no_main]
use std::net::{IpAddr, Ipv4Addr};

use flow::Millis;
use flow::wire::{Decoder, Limits};
use libfuzzer_sys::fuzz_target;

const NOW: Millis = Millis(1_700_000_000_000);
const EXPORTER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { waiting_bytes: 16 * 1024, held_bytes: 64 * 1024, domains: 8, ..Limits::default() };
    let most = limits.held_bytes;
    let mut decoder = Decoder::new(limits);
    decoder.keep_nat_events();
    let mut flows = Vec::new();
    // Two bytes of length before each datagram.
    let mut datagrams = Vec::new();
    let mut left = bytes;
    while let Some((length, rest)) = left.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        datagrams.push(&rest[..length]);
        left = &rest[length..];
    }
    for datagram in datagrams.iter().chain(&datagrams) {
        let outcome = decoder.decode(EXPORTER, NOW, datagram, &mut flows);
        assert!(outcome.flows <= flows.len());
        assert!(decoder.held() <= most);
        for event in decoder.nat_events() {
            assert!(event.first_port <= event.last_port && event.first_port > 0);
        }
    }
    for flow in &flows {
        assert!(flow.first <= flow.last && flow.last <= NOW.plus(600_000));
    }
    if let Some(report) = decoder.report(EXPORTER) {
        assert_eq!(report.flows, flows.len() as u64);
    }
});
