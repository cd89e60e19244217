//! The files of DHCP servers and address translators: each fixture read to the leases beside it.
use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use lease::{Format, Lease, Manner, Reader, Row, RowError};
use proptest::prelude::*;

use crate::at;

const FIXTURES: [(&str, Format); 4] = [
    ("kea-leases4.csv", Format::Kea),
    ("kea-leases6.csv", Format::Kea),
    ("dhcpd.leases", Format::IscDhcpd),
    ("nat.log", Format::NatLog),
];

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn reader(name: &str, format: Format) -> Reader {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let manner = Manner { name: name.to_owned(), zone: Some(zone), written: at("2026-03-01T12:00:00Z") };
    Reader::new(format, &manner, false)
}

fn read(name: &str, format: Format, bytes: &[u8]) -> Vec<Result<Row, RowError>> {
    let mut reader = reader(name, format);
    let mut rows = reader.feed(bytes, None);
    rows.extend(reader.finish());
    rows
}

fn tell(lease: &Lease) -> String {
    let ports = lease.ports.map_or_else(String::new, |ports| format!(" {}-{}", ports.first, ports.last));
    let to = lease.to.map_or_else(|| "-".to_owned(), |to| to.to_string());
    format!("{}{ports} {} .. {to} {} ({})", lease.net, lease.from, lease.subscriber, lease.record)
}

#[test]
fn every_fixture_reads_to_its_leases() {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        for (name, format) in FIXTURES {
            let told = read(name, format, &fixture(name)).into_iter().map(|row| match row {
                Ok(row) => tell(&row.lease),
                Err(wrong) => wrong.to_string(),
            });
            insta::assert_snapshot!(name, told.collect::<Vec<_>>().join("\n"));
        }
    });
}

#[test]
fn a_file_is_told_by_its_beginning() {
    for (name, format) in FIXTURES {
        assert_eq!(Format::of(&fixture(name)), Some(format), "{name}");
    }
    let detail = "Sun Mar  1 00:00:00 2026\n\tAcct-Status-Type = Start\n";
    assert_eq!(Format::of(detail.as_bytes()), Some(Format::RadiusDetail));
    assert_eq!(Format::of(b"\n# ours\naddress;subscriber;from;to\n"), Some(Format::Csv));
    let radacct = b"username,framedipaddress,acctstarttime,acctstoptime\nanna,198.51.100.7,1772323200,\n";
    assert_eq!(Format::of(radacct), Some(Format::Csv));
    for none in [&b""[..], b"\n\n", b"hello\nworld\n", b"id,name,colour\n", b"\xff\xfe\x00"] {
        assert_eq!(Format::of(none), None, "{none:?}");
    }
}

/// What is known in the end, whatever was given on the way.
fn known(rows: Vec<Result<Row, RowError>>) -> BTreeMap<String, Option<jiff::Timestamp>> {
    let mut known = BTreeMap::new();
    for row in rows.into_iter().flatten() {
        let lease = row.lease;
        let key = format!("{} {:?} {} {}", lease.net, lease.ports, lease.from, lease.subscriber);
        known.insert(key, lease.to);
    }
    known
}

#[test]
fn a_file_cut_anywhere_comes_to_the_same_leases() {
    for (name, format) in FIXTURES {
        let bytes = fixture(name);
        let whole = known(read(name, format, &bytes));
        for step in [1, 7, 100] {
            let mut reader = reader(name, format);
            let mut rows: Vec<_> = bytes.chunks(step).flat_map(|piece| reader.feed(piece, None)).collect();
            rows.extend(reader.finish());
            assert_eq!(known(rows), whole, "{name} in pieces of {step}");
        }
    }
}

#[test]
fn a_file_that_the_server_rewrote_goes_on_where_it_was() {
    let mut reader = reader("kea.csv", Format::Kea);
    let header = "address,hwaddr,valid_lifetime,expire,state\n";
    let row = |expire: i64, lifetime: i64| format!("198.51.100.7,02:00:5e:00:53:01,{lifetime},{expire},0\n");
    let midnight = at("2026-03-01T00:00:00Z").as_second();
    let first = header.to_owned() + &row(midnight + 3600, 3600);
    let mut rows = reader.feed(first.as_bytes(), None);
    rows.extend(reader.broke_off(None));
    // The clean-up leaves the newest row of each address, and the client renews it.
    let second = header.to_owned() + &row(midnight + 3600, 3600) + &row(midnight + 5400, 3600);
    rows.extend(reader.feed(second.as_bytes(), None));
    let told: Vec<String> = rows.iter().map(|row| tell(&row.as_ref().unwrap().lease)).collect();
    assert_eq!(
        told,
        [
            "198.51.100.7/32 2026-03-01T00:00:00Z .. 2026-03-01T01:00:00Z 02:00:5e:00:53:01 (kea.csv:2)",
            "198.51.100.7/32 2026-03-01T00:00:00Z .. 2026-03-01T01:30:00Z 02:00:5e:00:53:01 (kea.csv:3)",
        ]
    );
    // It is given up, and we were there when that was written.
    let rows = reader.feed(row(midnight + 1800, 0).as_bytes(), Some(at("2026-03-01T00:45:00Z")));
    assert_eq!(rows[0].as_ref().unwrap().lease.to, Some(at("2026-03-01T00:45:00Z")));
}

#[test]
fn a_log_without_a_zone_is_not_guessed_at() {
    let manner = Manner { name: "nat.log".to_owned(), zone: None, written: at("2026-03-01T12:00:00Z") };
    let mut reader = Reader::new(Format::NatLog, &manner, false);
    let line = "Mar  1 01:45:00 vsr fp-cgnat[1]: USER 100.64.0.18 (matching rule 1): NEW BLOCK (pool \"p\", ip public 203.0.113.108, proto 6, port 1 - 512)\n";
    let rows = reader.feed(line.as_bytes(), None);
    assert!(rows[0].as_ref().unwrap_err().what.contains("does not say its offset"), "{rows:?}");
    // In the hour that comes twice nobody knows which of the two it was.
    let zone = TimeZone::get("Europe/Berlin").ok();
    let manner = Manner { zone, written: at("2026-10-26T12:00:00Z"), ..manner };
    let mut reader = Reader::new(Format::NatLog, &manner, false);
    let rows = reader.feed(line.replace("Mar  1 01:45", "Oct 25 02:45").as_bytes(), None);
    assert!(rows[0].as_ref().unwrap_err().what.contains("twice or not at all"), "{rows:?}");
    // A log of the end of December is read in January.
    let manner = Manner { zone: Some(TimeZone::UTC), written: at("2027-01-02T12:00:00Z"), ..manner };
    let mut reader = Reader::new(Format::NatLog, &manner, false);
    let rows = reader.feed(line.replace("Mar  1", "Dec 31").as_bytes(), None);
    assert_eq!(rows[0].as_ref().unwrap().lease.from, at("2026-12-31T01:45:00Z"));
}

proptest! {
    #[test]
    fn any_change_of_a_good_file_is_read_without_harm(
        which in 0..FIXTURES.len(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
    ) {
        let (name, format) = FIXTURES[which];
        let mut bytes = fixture(name);
        for (place, byte) in cuts {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        for row in read(name, format, &bytes).into_iter().flatten() {
            prop_assert!(row.lease.to.is_none_or(|to| to > row.lease.from), "{}", tell(&row.lease));
        }
        let _any_format = Format::of(&bytes);
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..2000), which in 0..4usize) {
        let (name, format) = FIXTURES[which];
        prop_assert!(read(name, format, &bytes).len() <= bytes.len());
    }
}
