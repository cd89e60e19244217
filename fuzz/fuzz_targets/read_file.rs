//! Any bytes under any name are a reading, and what it says lies within them. The first byte picks the name, and with it the
//! reader that is asked first.

#![no_main]

use libfuzzer_sys::fuzz_target;
use report::Hint;

const NAMES: [&str; 8] = [
    "2026-03-24-scan_http_proxy-x-asn.csv",
    "2026-03-24-event4_honeypot_ddos_target-x-asn.csv.gz",
    "2026-03-24-spam_url-x-asn.csv.zip",
    "reports.zip",
    "xarf.json",
    "list.csv",
    "list.jsonl",
    "",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let name = NAMES[usize::from(*first) % NAMES.len()];
    let reading = report::read_as(bytes, &Hint { name: Some(name), content_type: None });
    for claim in &reading.claims {
        assert!(claim.span.start <= claim.span.end && claim.span.end <= bytes.len());
    }
    assert!(!reading.is_report || reading.claims.iter().any(|claim| claim.role.is_alleged()));
});
