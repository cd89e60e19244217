//! Any bytes as a table, of a type that the first byte picks.
#![no_main]

mod reading;

const NAMES: [&str; 5] = [
    "2026-03-24-scan_http_proxy-example.csv",
    "2026-03-24-event4_honeypot_darknet-example.csv",
    "2026-03-24-sandbox_conn-example.csv",
    "2026-03-24-population_http_proxy-example.csv",
    "hosts.csv",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((pick, bytes)) = bytes.split_first() else { return };
    reading::file(NAMES[usize::from(*pick) % NAMES.len()], bytes);
});
