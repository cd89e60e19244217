//! One lease file, in one piece and cut in two.
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Reads `bytes` as `format`.
pub fn read(format: lease::Format, bytes: &[u8]) {
    let manner = lease::Manner {
        name: "fuzz".to_owned(),
        zone: Some(TimeZone::UTC),
        written: Timestamp::UNIX_EPOCH,
    };
    let (one, other) = bytes.split_at(bytes.len() / 2);
    for pieces in [vec![bytes], vec![one, other]] {
        let mut reader = lease::Reader::new(format, &manner, true);
        let mut rows: Vec<_> = pieces.into_iter().flat_map(|piece| reader.feed(piece, None)).collect();
        rows.extend(reader.finish());
        for row in rows.iter().flatten() {
            assert!(row.lease.to.is_none_or(|to| to > row.lease.from));
        }
    }
    let _known = lease::Format::of(bytes);
}
