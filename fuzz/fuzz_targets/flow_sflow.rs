//! sFlow on any bytes, and the packets that it carries: no panic, no more flows than samples have room, all of now.
#![no_main]
use std::net::{IpAddr, Ipv4Addr};

use flow::Millis;
use flow::wire::{Decoder, Limits};
use libfuzzer_sys::fuzz_target;

const NOW: Millis = Millis(1_700_000_000_000);

/// The head of a datagram of agent 192.0.2.1 with three samples.
const HEAD: [u8; 28] =
    [0, 0, 0, 5, 0, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3];

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = Decoder::new(Limits::default());
    let mut flows = Vec::new();
    let from = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    // What begins as another version is read as that.
    decoder.decode(from, NOW, bytes, &mut flows);
    flows.clear();
    decoder.decode(from, NOW, &[&HEAD[..], bytes].concat(), &mut flows);
    // A sample with a packet in it takes at least its heads.
    assert!(flows.len() <= bytes.len() / 40 + 1);
    assert!(flows.iter().all(|flow| flow.first == NOW && flow.last == NOW));
});
