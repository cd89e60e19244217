//! Any bytes in any pieces to a trap on any port, with silences: what it says is bounded by what it heard, what it keeps by
//! ten kilobytes, and it ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trap::talk::{EXCHANGES, Talk};

fuzz_target!(|input: (u8, bool, Vec<&[u8]>)| {
    let (port, waits, pieces) = input;
    let port = [25, 23, 21, 110, 1080, 80, 12345, 27374, 6379][usize::from(port) % 9];
    let mut talk = Talk::new(port);
    if waits {
        talk.silence();
    }
    // Nothing said is no exchange.
    for (count, piece) in pieces.iter().filter(|piece| !piece.is_empty()).enumerate() {
        let say = talk.hear(piece);
        assert!(say.bytes.len() <= 128 * piece.len());
        assert!(say.last || count + 1 < usize::from(EXCHANGES));
        if say.last {
            break;
        }
        talk.silence();
    }
    if let Some(mail) = talk.mail() {
        assert!(mail.text.len() + mail.to.iter().map(String::len).sum::<usize>() < 10 * 1024);
    }
    let _said = talk.wanted(pieces.first().copied().unwrap_or_default());
});
