//! The reader of Zeek's logs on any bytes that follow a beginning which leads to it: no panic, and no flow that ends before it
//! begins or that is counted wrongly.
#![no_main]
use libfuzzer_sys::fuzz_target;

mod flow_file;

fuzz_target!(|bytes: &[u8]| {
    for beginning in BEGINNINGS {
        flow_file::read(&[beginning, bytes].concat());
    }
});

const BEGINNINGS: [&[u8]; 4] = [
    b"#separator \\x09\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\thistory\torig_pkts\tduration\n",
    b"#separator \\x2c\n",
    b"{\"id\":{\"orig_h\":\"192.0.2.1\",\"resp_h\":\"192.0.2.2\"},\"conn_state\":\"SF\",\"proto\":\"tcp\",\"ts\":",
    b"{",
];
