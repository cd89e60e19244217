//! Any bytes as a mail.
#![no_main]

mod reading;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reading::mail("", bytes));
