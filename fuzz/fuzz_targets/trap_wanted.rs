//! Any first bytes to a trap's port: something is said of them, and nothing of the stranger's in it is a control character.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trap::{Transport, identify};

fuzz_target!(|input: (bool, u16, &[u8])| {
    let (udp, port, bytes) = input;
    let wanted = identify(if udp { Transport::Udp } else { Transport::Tcp }, port, bytes);
    assert!(wanted.details.iter().all(|detail| !detail.contains(|c: char| c.is_control())));
    assert!(wanted.target.is_none_or(|target| !target.host.contains(|c: char| c.is_control())));
});
