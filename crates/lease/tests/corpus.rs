//! What the samples of lease files outside the tree are read as, where `NIGHTDESK_CORPUS` says where they are: how many
//! leases, and how many of the rows cannot be used.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lease::{Format, Manner, Reader};

/// File, format, leases, rows that cannot be used.
const EXPECTED: [(&str, Option<Format>, usize, usize); 17] = [
    ("isc-backup.leases", Some(Format::IscDhcpd), 1, 0),
    // Five that ended; the sixth was abandoned.
    ("isc-debian7.leases", Some(Format::IscDhcpd), 5, 0),
    ("isc-dhcpd6-4.2.4.leases", Some(Format::IscDhcpd), 2, 0),
    ("isc-dhcpd6-4.3.3.leases", Some(Format::IscDhcpd), 4, 0),
    ("isc-epoch.leases", Some(Format::IscDhcpd), 1, 0),
    ("isc-options.leases", Some(Format::IscDhcpd), 1, 0),
    ("isc-pfsense.leases", Some(Format::IscDhcpd), 2, 0),
    // Free, and it does not say until when its device had it.
    ("isc-static.leases", Some(Format::IscDhcpd), 0, 0),
    ("kea-stork-small-leases4.csv", Some(Format::Kea), 3, 0),
    ("kea-stork-small-leases6.csv", Some(Format::Kea), 3, 0),
    ("kea-stork-small2-leases4.csv", Some(Format::Kea), 3, 0),
    ("kea-stork-small2-leases6.csv", Some(Format::Kea), 3, 0),
    // One of the three was declined.
    ("kea-lease4-dump.csv", Some(Format::Kea), 2, 0),
    ("kea-lease6-dump.csv", Some(Format::Kea), 3, 0),
    // Kea's columns in no release: times without a zone, and no lifetime.
    ("kea-fuzz-leases.csv", None, 0, 0),
    ("radius-packet-acct.txt", None, 0, 0),
    ("cgnat-nfware-radius-port_block_mapping.txt", None, 0, 0),
];

#[test]
fn the_samples_are_read_as_expected() {
    let Ok(corpus) = std::env::var("NIGHTDESK_CORPUS") else {
        eprintln!("skipped: NIGHTDESK_CORPUS does not say where the corpus is");
        return;
    };
    for (name, format, leases, wrong) in EXPECTED {
        let path = std::path::Path::new(&corpus).join("leases").join(name);
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(Format::of(&bytes), format, "{name}");
        let Some(format) = format else { continue };
        let manner =
            Manner { name: name.to_owned(), zone: Some(TimeZone::UTC), written: Timestamp::UNIX_EPOCH };
        let mut reader = Reader::new(format, &manner, false);
        let mut rows = reader.feed(&bytes, None);
        rows.extend(reader.finish());
        let good = rows.iter().filter(|row| row.is_ok()).count();
        assert_eq!((good, rows.len() - good), (leases, wrong), "{name}: {rows:#?}");
    }
}
