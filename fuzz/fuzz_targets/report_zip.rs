//! Any bytes as an archive.
#![no_main]

mod reading;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reading::file(
    "2026-03-24-scan_http_proxy-example.csv.zip",
    bytes
));
