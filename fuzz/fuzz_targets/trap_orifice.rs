//! Any datagram as Back Orifice's: what is decrypted is no longer than what came.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    if let Some(packet) = trap::wanted::decrypt(datagram) {
        assert!(packet.data.len() < datagram.len());
    }
});
