//! Any frame to the stateless traps: whatever is answered goes back to whoever sent it, from where it was sent to.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use trap::stateless::{Stateless, read};

fuzz_target!(|frames: Vec<&[u8]>| {
    let mut engine = Stateless::new(vec!["0.0.0.0/1".parse().expect("a prefix"), "2001:db8::/32".parse().expect("a prefix")]);
    let mut out = Vec::new();
    for frame in frames {
        let _taken = engine.take(frame, Timestamp::UNIX_EPOCH, &mut out);
        if !out.is_empty() {
            let (asked, answered) = (read(frame).expect("it was read"), read(&out).expect("it is whole"));
            assert_eq!((answered.from, answered.to), (asked.to, asked.from));
            assert!(out.len() <= 78);
        }
    }
});
