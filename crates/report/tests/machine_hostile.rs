//! Whatever a file holds and whatever it is called, reading it ends, and what it says lies within it.

#![expect(clippy::unwrap_used, reason = "a test may stop at what it cannot read")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use report::{Hint, Reading, read_as};

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/machine");
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect()
}

fn check(bytes: &[u8], name: &str) -> Reading {
    let reading = read_as(bytes, &Hint { name: Some(name), content_type: None });
    for claim in &reading.claims {
        assert!(claim.span.start <= claim.span.end && claim.span.end <= bytes.len(), "{claim:?}");
    }
    if reading.is_report {
        assert!(reading.claims.iter().any(|claim| claim.role.is_alleged()), "{reading:?}");
    }
    reading
}

/// Names that send a file to each of the readers.
const NAMES: [&str; 6] = [
    "2026-03-24-scan_http_proxy-x-asn.csv",
    "2026-03-24-event4_honeypot_ddos_target-x-asn.csv.gz",
    "reports.zip",
    "xarf.json",
    "list.csv",
    "",
];

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["2026-03-24-scan_http_proxy-x-asn.csv", "b/xarf.json"] {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..2000), which in 0..NAMES.len()) {
        for start in [&b""[..], b"{", b"[{", b"PK\x03\x04", b"\x1F\x8B\x08", b"timestamp,ip,asn,geo,region,city\n"] {
            check(&[start, &bytes].concat(), NAMES[which]);
        }
    }

    #[test]
    fn any_table_is_read(text in "(timestamp,|ip,|src_ip,|port,|asn,geo,region,city|\"|\n|\r\n|,|;|\\||#|192.0.2.1|2001:db8::1|2026-03-24 00:00:01|malware|[ -~]{0,9}){0,80}", which in 0..NAMES.len()) {
        check(text.as_bytes(), NAMES[which]);
    }

    #[test]
    fn any_json_is_read(text in "(\\{|\\}|\\[|\\]|:|,|\"xarf_version\"|\"Version\"|\"Report\"|\"ReporterInfo\"|\"source_identifier\"|\"category\"|\"SourceIp\"|\"malware\"|\"ip\"|\"192.0.2.1\"|\"\\\\u0031\"|null|7|true|é| ){0,60}") {
        check(text.as_bytes(), "xarf.json");
    }

    #[test]
    fn damaged_files_are_read(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        length in 0..60usize,
        put in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let (name, bytes) = fixtures().swap_remove(which.index(fixtures().len()));
        let from = at.index(bytes.len() + 1);
        let mut damaged = bytes.clone();
        damaged.splice(from..(from + length).min(bytes.len()), put);
        check(&damaged, &name);
        check(&bytes[..from], &name);
    }

    #[test]
    fn damaged_archives_are_read(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut archive = zipped(b"timestamp,ip,port,asn,geo\n2026-03-24 00:00:01,192.0.2.1,80,64496,ZZ\n");
        let end = archive.len();
        archive[at.index(end)] = byte;
        check(&archive, "reports.zip");
        check(&archive[..cut.index(end)], "reports.zip");
    }

    /// A row more in front, columns in another order and columns nobody knows change nothing of what is said.
    #[test]
    fn the_order_of_columns_says_nothing(order in Just(vec![0usize, 1, 2, 3, 4, 5, 6]).prop_shuffle()) {
        let names = ["timestamp", "ip", "port", "protocol", "asn", "geo", "unheard_of"];
        let row = ["2026-03-24 00:00:01", "192.0.2.1", "3128", "tcp", "64496", "ZZ", "\"x, y\""];
        let line = |cells: &[&str]| order.iter().map(|&at| cells[at]).collect::<Vec<_>>().join(",");
        let table = format!("{}\n{}\n", line(&names), line(&row));
        let reading = check(table.as_bytes(), NAMES[0]);
        prop_assert_eq!(reading.claims.len(), 1);
        let claim = &reading.claims[0];
        prop_assert_eq!(claim.address.to_string(), "192.0.2.1");
        prop_assert_eq!(claim.port, Some(3128));
        prop_assert_eq!(claim.time.map(|time| time.to_string()), Some("2026-03-24T00:00:01Z".to_owned()));
        prop_assert_eq!(&table[claim.span.clone()], "192.0.2.1");
        prop_assert!(reading.doubts.is_empty());
    }
}

/// Shapes that cost a careless reader its stack or its evening. A second each is what the desk allows; the bar here is
/// wider since the build is not optimised and the machine is shared.
#[test]
fn files_made_to_be_read_for_ever_are_not() {
    let many = |piece: &str| piece.repeat((1 << 18) / piece.len());
    let shapes = [
        many("["),
        many("{\"xarf_version\":"),
        format!("{{\"xarf_version\": {}", many("[")),
        many("{ \"ReporterInfo\" "),
        format!("[{}{{}}]", many("{\"xarf_version\":\"4.0.0\"},")),
        format!("{{\"Version\":\"3\",\"Report\":{{\"Samples\":[{}{{}}]}}}}", many("{},")),
        format!("{{\"Version\":\"3\",\"ReporterInfo\":{{{}\"a\":1}}}}", many("\"email\":\"x\",")),
        format!("timestamp,ip,asn,geo\n{}", many("\"")),
        format!("timestamp,ip,asn,geo\n{}", many("\"\n")),
        format!("timestamp,ip,asn,geo\n{}", many("timestamp,ip,asn,geo\n")),
        format!("timestamp,ip,asn,geo\n{}", many("Mon Jan 18 23:57:24 EST 2016,192.0.2.1\n")),
        many("timestamp,"),
        many(","),
        many("#a,ip,malware\n"),
        format!("ip,malware,timestamp\n{}", many("192.0.2.1,x,19 Jun 2003 17:34:13\n")),
        format!("# Source IP is 0 padded\n{}", many("192.000.002.001\t1\t1\n")),
        format!("Subject: x\nX-XARF: YES\n\nReported-From: x\n{}", many("Source: \n")),
    ];
    for shape in &shapes {
        for name in NAMES {
            let begun = Instant::now();
            check(shape.as_bytes(), name);
            let took = begun.elapsed();
            let start: String = shape.chars().take(60).collect();
            assert!(took < Duration::from_secs(5), "{name}: took {took:?}: {start:?}...");
        }
    }
}
