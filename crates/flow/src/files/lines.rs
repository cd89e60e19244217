//! Lines of a log, each in a buffer that is used again, none longer than is believed.

use super::Reading;
use super::doubt::DoubtKind;
use super::input::Input;

/// A connection's line takes a few hundred bytes, two thousand with the payload that Argus may add.
const LONGEST: usize = 1 << 20;

/// The lines of `input`, one after the other.
pub(super) struct Lines<'i, 'a> {
    input: &'i mut Input<'a>,
    line: Vec<u8>,
    number: u64,
}

impl<'i, 'a> Lines<'i, 'a> {
    pub(super) fn new(input: &'i mut Input<'a>) -> Lines<'i, 'a> {
        Lines { input, line: Vec::new(), number: 0 }
    }

    /// The next line without its end, and its number from 1; none at the end of the file. Lines that are too long are
    /// left out.
    pub(super) fn next(&mut self, reading: &mut Reading<'_>) -> Option<(u64, &[u8])> {
        loop {
            self.line.clear();
            self.number = self.number.saturating_add(1);
            let (any, whole) = self.take_line();
            if !any {
                return None;
            }
            if whole {
                break;
            }
            reading.doubts.note(DoubtKind::TooLong, self.number);
        }
        while matches!(self.line.last(), Some(b'\n' | b'\r')) {
            self.line.pop();
        }
        Some((self.number, &self.line))
    }

    /// Whether there was anything, and whether it is in the buffer whole.
    fn take_line(&mut self) -> (bool, bool) {
        let (mut any, mut whole) = (false, true);
        loop {
            let there = self.input.fill(self.number);
            if there.is_empty() {
                return (any, whole);
            }
            any = true;
            let end = memchr::memchr(b'\n', there).map(|end| end + 1);
            let part = there.get(..end.unwrap_or(there.len())).unwrap_or_default();
            if self.line.len() + part.len() <= LONGEST {
                self.line.extend_from_slice(part);
            } else {
                whole = false;
            }
            let count = part.len();
            self.input.consume(count);
            if end.is_some() {
                return (any, whole);
            }
        }
    }
}
