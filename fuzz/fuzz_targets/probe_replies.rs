//! Whatever a supposed proxy says is read without a panic; what has been read stays read when more arrives.
#![no_main]

use libfuzzer_sys::fuzz_target;
use probe::replies::{
    Head, Reply, connect, final_head, http_head, socks4, socks5, socks5_login, socks5_method, socks5_password_method,
};
use probe::{smtp, telnet};

fuzz_target!(|input: (&[u8], &[u8])| {
    let (bytes, more) = input;
    let longer = [bytes, more].concat();
    for read in [connect, socks4, socks5_method, socks5_password_method, socks5_login, socks5] {
        let first = read(bytes);
        if let Reply::Granted(length) = first {
            assert!(length <= bytes.len());
        }
        assert!(first == Reply::More || read(&longer) == first);
    }
    for read in [http_head, final_head] {
        let head = read(bytes);
        if let Head::Complete { length, .. } = head {
            assert!(length <= bytes.len());
        }
        assert!(head == Head::More || read(&longer) == head);
    }
    let said = smtp::read(bytes);
    assert!(said == smtp::Said::More || smtp::read(&longer) == said);
    // A prompt is what stands at the end, so that more may change it; it is read without a panic all the same.
    let _prompt = telnet::prompt(bytes);
    if let Reply::Granted(length) = telnet::connected(bytes) {
        assert!(length <= bytes.len());
    }
});
