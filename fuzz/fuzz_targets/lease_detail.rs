//! The FreeRADIUS `detail` reader on any bytes: no panic, and the same rows wherever the bytes are cut.
#![no_main]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let whole: Vec<_> = lease::detail::read(bytes).collect();
    for row in whole.iter().flatten() {
        assert!(row.lease.to.is_none_or(|to| to > row.lease.from));
    }
    let (one, other) = bytes.split_at(bytes.len() / 2);
    let mut reader = lease::detail::Reader::new();
    let mut cut = reader.feed(one);
    cut.extend(reader.feed(other));
    cut.extend(reader.finish());
    assert_eq!(cut, whole);
});
