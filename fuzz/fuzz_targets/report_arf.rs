//! Any bytes as the fields of a feedback report and what it encloses.
#![no_main]

mod reading;

const HEAD: &str = "\
    From: fbl@example.org\n\
    Subject: FW: spam\n\
    Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\
    \n\
    --b\n\
    Content-Type: message/feedback-report\n\
    \n\
    Feedback-Type: abuse\n";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reading::mail(HEAD, bytes));
