//! Accounting: any datagram against the signature, and any attributes as a request that was signed.
#![no_main]
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use sensors::radius::{Secret, read, respond};

fuzz_target!(|bytes: &[u8]| {
    let Some(secret) = Secret::new(b"of the two of us") else { return };
    if let Ok(request) = read(bytes, &secret) {
        assert!(respond(&request, &secret).len() >= 20);
    }
    let mut sessions = lease::accounting::Accounting::default();
    for attributes in bytes.split(|byte| *byte == 0xff) {
        for row in sessions.take(attributes, [192, 0, 2, 1].into(), Timestamp::UNIX_EPOCH).into_iter().flatten() {
            assert!(row.lease.to.is_none_or(|to| to > row.lease.from));
        }
    }
});
