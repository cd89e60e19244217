//! Foreign text on its way into a log or onto a terminal.

use std::fmt;

/// Text or bytes from a stranger, displayed on one line, without control characters, and cut at 200 characters.
///
/// Everything that could move a cursor, start a line or reorder text is written as an escape: C0 and C1 controls,
/// U+2028 and U+2029, bidirectional overrides and isolates, invalid UTF-8 (as `\x80`).
#[derive(Debug, Clone, Copy)]
pub struct Printable<'a>(pub &'a [u8]);

impl<'a> From<&'a str> for Printable<'a> {
    fn from(text: &'a str) -> Self {
        Printable(text.as_bytes())
    }
}

/// Enough to recognise a name or an address (RFC 5321 4.5.3.1.2 allows 255 octets), not enough to fill a disk.
const LONGEST: usize = 200;

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = 0;
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                written += 1;
                if written > LONGEST {
                    return f.write_str("…");
                }
                if is_plain(character) {
                    fmt::Write::write_char(f, character)?;
                } else {
                    write!(f, "{}", character.escape_unicode())?;
                }
            }
            for byte in chunk.invalid() {
                written += 1;
                if written > LONGEST {
                    return f.write_str("…");
                }
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Whether a character can stand in a log line as it is.
fn is_plain(character: char) -> bool {
    let reorders = matches!(character, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(character, '\u{2028}' | '\u{2029}');
    let invisible =
        matches!(character, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    !(character.is_control() || reorders || breaks || invisible || character == '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_stays_one_line_and_plain() {
        let hostile = b"a\r\nb\x1b[2J\x00\xe2\x80\xa8\xe2\x80\xaegnp\xff\xc2\x85\\";
        let shown = Printable(hostile).to_string();
        assert_eq!(shown, r"a\u{d}\u{a}b\u{1b}[2J\u{0}\u{2028}\u{202e}gnp\xff\u{85}\u{5c}");
    }

    #[test]
    fn it_is_cut_where_it_would_fill_the_log() {
        let long = "ü".repeat(5000);
        assert_eq!(Printable::from(long.as_str()).to_string().chars().count(), LONGEST + 1);
    }
}
