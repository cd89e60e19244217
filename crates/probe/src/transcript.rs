//! What was said, line by line, safe to print.

use std::sync::{Arc, Mutex, PoisonError};

use case::Line;
use tokio::time::Instant;

/// Bytes of one message that are shown.
const SHOWN: usize = 200;

/// Most lines: 32 ports with eleven methods of some six lines each, and as much again for what is tried twice.
const MOST_LINES: usize = 4000;

/// The transcript of one question, filled by everything that works on it. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Transcript {
    began: Instant,
    lines: Arc<Mutex<Vec<Line>>>,
}

impl Transcript {
    pub(crate) fn begin() -> Self {
        Transcript { began: Instant::now(), lines: Arc::default() }
    }

    /// Somebody who speaks on one port and method.
    pub(crate) fn voice(&self, on: impl Into<String>) -> Voice {
        Voice { transcript: self.clone(), on: on.into() }
    }

    /// Seconds since it began.
    pub(crate) fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// All lines so far, in order of time.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone();
        lines.sort_by_key(|line| line.at_ms);
        lines
    }

    fn note(&self, on: &str, text: String) {
        let at_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < MOST_LINES || on == "verdict" {
            lines.push(Line { at_ms, on: on.to_owned(), text });
        }
    }
}

/// Writes lines for one port and method.
#[derive(Debug, Clone)]
pub(crate) struct Voice {
    transcript: Transcript,
    on: String,
}

impl Voice {
    /// Something noticed. Foreign text in it must have gone through [`escape`].
    pub(crate) fn say(&self, text: impl Into<String>) {
        self.transcript.note(&self.on, text.into());
    }

    /// What we sent.
    pub(crate) fn sent(&self, bytes: &[u8]) {
        self.say(format!("sent {}", escape(bytes)));
    }

    /// What came back.
    pub(crate) fn received(&self, bytes: &[u8]) {
        self.say(format!("received {}", escape(bytes)));
    }
}

/// Printable ASCII as it is, the rest as `\r`, `\n`, `\t`, `\\` or `\xNN`; cut after [`SHOWN`] bytes.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes.iter().take(SHOWN) {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    if bytes.len() > SHOWN {
        text.push_str(&format!("... ({} bytes)", bytes.len()));
    }
    text
}

/// Only the printable ASCII of a configured text: what may stand in a header or on a plain page.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|character| matches!(character, ' '..='~')).take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn whatever_comes_back_is_printable_and_short(bytes: Vec<u8>) {
            let text = escape(&bytes);
            proptest::prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            proptest::prop_assert!(text.len() <= 4 * SHOWN + 32);
        }
    }

    #[test]
    fn an_escape_sequence_cannot_reach_a_terminal_and_a_backslash_cannot_fake_one() {
        assert_eq!(escape(b"\x1b[2J\xff\\x1b"), r"\x1b[2J\xff\\x1b");
        assert_eq!(escape(&[b'a'; 300]), format!("{}... (300 bytes)", "a".repeat(200)));
        assert_eq!(plain("Ex\r\nX-Evil: 1\u{202e}"), "ExX-Evil: 1");
    }
}
