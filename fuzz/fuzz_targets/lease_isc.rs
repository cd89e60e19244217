//! The IscDhcpd reader on any bytes: no panic, no lease that ends before it begins, and a bound on what comes of it.
#![no_main]
mod lease_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| lease_file::read(lease::Format::IscDhcpd, bytes));
