//! Any bytes as the text of a complaint that fits no format.
#![no_main]

mod reading;

const HEAD: &str = "\
    From: a@example.org\n\
    To: abuse@example.net\n\
    Subject: abuse from your network\n\
    Date: Thu, 23 Oct 2003 18:13:36 -0400\n\
    \n";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reading::mail(HEAD, bytes));
