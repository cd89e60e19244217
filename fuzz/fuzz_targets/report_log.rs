//! Any bytes as a log.
#![no_main]

mod reading;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reading::file("messages.log", bytes));
