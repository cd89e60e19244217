//! The lease CSV reader on any bytes: no panic, and no more rows than lines.
#![no_main]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let lines = bytes.split(|byte| *byte == b'\n').count();
    let mut rows = 0;
    for row in lease::csv::read(bytes, "fuzz.csv") {
        rows += 1;
        match row {
            Ok(row) => assert!(row.lease.to.is_none_or(|to| to > row.lease.from)),
            Err(wrong) => assert!(!wrong.to_string().contains(char::is_control)),
        }
    }
    assert!(rows <= lines);
});
