//! Whatever a supposed proxy says is read without a panic; what has been read stays read when more arrives.
#![no_main]

use libfuzzer_sys::fuzz_target;
use probe::replies::{Head, Reply, connect, http_head, socks4, socks5, socks5_method};

fuzz_target!(|input: (&[u8], &[u8])| {
    let (bytes, more) = input;
    let longer = [bytes, more].concat();
    for read in [connect, socks4, socks5_method, socks5] {
        let first = read(bytes);
        if let Reply::Granted(length) = first {
            assert!(length <= bytes.len());
        }
        assert!(first == Reply::More || read(&longer) == first);
    }
    let head = http_head(bytes);
    if let Head::Complete { length, .. } = head {
        assert!(length <= bytes.len());
    }
    assert!(head == Head::More || http_head(&longer) == head);
});
