//! Any bytes as a TLS client hello: its sum has the shape of a JA4, whatever is missing.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(hello) = trap::wanted::client_hello(bytes) {
        let ja4 = hello.ja4();
        assert_eq!(ja4.len(), 36, "{ja4}");
        assert_eq!(ja4.matches('_').count(), 2);
    }
});
