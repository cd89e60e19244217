//! Any bytes as the text of a SpamCop report.
#![no_main]

mod reading;

const HEAD: &str = "\
    From: 1@reports.spamcop.net\n\
    Subject: [SpamCop (192.0.2.1) id:1]x\n\
    Date: Thu, 23 Oct 2003 18:13:36 -0400\n\
    \n\
    [ SpamCop V4.8.3 ]\n";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reading::mail(HEAD, bytes));
