//! Any bytes as XARF.
#![no_main]

mod reading;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reading::file("xarf.json", bytes));
