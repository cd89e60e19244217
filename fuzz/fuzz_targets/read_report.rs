//! Any bytes are a reading, and what it says lies within them.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let reading = report::read(bytes);
    for claim in &reading.claims {
        assert!(claim.span.start <= claim.span.end && claim.span.end <= bytes.len());
    }
    let _ = reading.face("fuzz", &[]).to_string();
});
