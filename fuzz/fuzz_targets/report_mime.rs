//! Any bytes as the parts of a mail.
#![no_main]

mod reading;

const HEAD: &str = "\
    From: a@example.org\n\
    Date: Thu, 23 Oct 2003 18:13:36 -0400\n\
    MIME-Version: 1.0\n\
    Content-Type: multipart/mixed; boundary=b\n\
    \n\
    --b\n";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reading::mail(HEAD, bytes));
