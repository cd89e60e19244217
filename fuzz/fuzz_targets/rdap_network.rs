//! What a registry answers: any bytes are a network or none, and whoever is named can be written to.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    let Some(network) = lookup::Network::read(json) else { return };
    assert!(network.mailboxes.len() <= 8);
    for mailbox in &network.mailboxes {
        assert!(mailbox.len() <= 254 && mailbox.bytes().all(|byte| byte.is_ascii_graphic()), "{mailbox:?}");
    }
    for net in ["192.0.2.0/24", "2001:db8::/32"].iter().filter_map(|net| net.parse().ok()) {
        // Only that it ends, whatever the stated range.
        let _: bool = network.covers(net);
    }
});
