//! What has to be seen around a clock before a pattern is tried there: nine patterns are dear, and most lines have the marks
//! of one of them at most.

use super::month_number;

/// What a pattern cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// The name of a month.
    Month,
    /// Two digits with a mark of a date between them.
    Numbers,
    /// `date=` of a log of keys and values.
    Field,
    /// Six digits in a row.
    Digits,
}

/// What is seen in a text, in one pass.
#[derive(Debug, Default)]
pub(super) struct Seen {
    month: bool,
    numbers: bool,
    digits: bool,
}

impl Seen {
    pub(super) fn of(text: &str) -> Seen {
        let mut seen = Seen::default();
        let bytes = text.as_bytes();
        let mut row = 0u32;
        for (at, &byte) in bytes.iter().enumerate() {
            row = if byte.is_ascii_digit() { row + 1 } else { 0 };
            seen.digits |= row >= 6;
            match byte {
                b'J' | b'F' | b'M' | b'A' | b'S' | b'O' | b'N' | b'D' => {
                    seen.month |= text.get(at..at + 3).is_some_and(|name| month_number(name).is_some());
                }
                b'-' | b'/' | b'.' => {
                    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
                    seen.numbers |= at > 0 && digit(at - 1) && digit(at + 1);
                }
                _ => {}
            }
        }
        seen
    }

    pub(super) fn has(&self, sight: Sight, text: &str) -> bool {
        match sight {
            Sight::Month => self.month,
            Sight::Numbers => self.numbers,
            Sight::Field => text.contains("date="),
            Sight::Digits => self.digits,
        }
    }
}
