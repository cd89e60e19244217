//! Text to search, and the way back from each of its bytes to the bytes of the message.
//!
//! Everything a reader looks for (addresses, ports, dates, header names) is ASCII, so a [`Text`] is an ASCII projection
//! of the decoded part: one byte per decoded byte, anything else replaced. Offsets therefore never need a charset.

use std::ops::Range;

use crate::runs::Runs;

/// What is looked at of one line. Nobody writes longer ones by hand, and no log does.
const LONGEST_LINE: usize = 4096;

/// How offsets in a text lead back to the message.
#[derive(Debug, Clone)]
enum Map {
    /// The text lies in the message as it is, from this offset on.
    Identity(usize),
    /// It was decoded from it.
    Decoded(Runs),
    /// Only the enclosing bytes are known (a part of a part that was itself encoded).
    Enclosing(Range<usize>),
    /// It was picked out of another text, whose length and map stand behind.
    Picked(Runs, usize, Box<Map>),
}

impl Map {
    /// The bytes of the message that `range` of a text of `length` bytes was read from.
    fn span(&self, range: Range<usize>, length: usize) -> Range<usize> {
        match self {
            Map::Identity(offset) => offset + range.start..offset + range.end,
            Map::Enclosing(span) => span.clone(),
            Map::Decoded(runs) => runs.source(within(range, length), length),
            Map::Picked(picks, of, map) => map.span(picks.source(within(range, length), length), *of),
        }
    }
}

/// What is asked for behind the end of a text is its last byte.
fn within(range: Range<usize>, length: usize) -> Range<usize> {
    let start = range.start.min(length.saturating_sub(1));
    start..range.end.max(start + 1)
}

/// Searchable text with its origin.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    ascii: String,
    map: Map,
    /// How much of the text that `map` is about was taken off in front.
    skipped: usize,
}

impl Text {
    fn new(bytes: &[u8], map: Map) -> Text {
        Text { ascii: project(bytes), map, skipped: 0 }
    }

    /// Text that lies in the message unencoded, starting at `offset`.
    pub(crate) fn identity(bytes: &[u8], offset: usize) -> Text {
        Text::new(bytes, Map::Identity(offset))
    }

    /// Decoded bytes with the origin of each.
    pub(crate) fn decoded(bytes: &[u8], runs: Runs) -> Text {
        Text::new(bytes, Map::Decoded(runs))
    }

    /// Text of which only the enclosing bytes are known.
    pub(crate) fn enclosed(bytes: &[u8], span: Range<usize>) -> Text {
        Text::new(bytes, Map::Enclosing(span))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.ascii
    }

    /// Words that were picked out of this text, as HTML is taken off them.
    pub(crate) fn pick(self, bytes: &[u8], picks: Runs) -> Text {
        let length = self.ascii.len();
        Text::new(bytes, Map::Picked(picks, length, Box::new(self.map)))
    }

    /// What follows `at`, as a text of its own.
    pub(crate) fn tail(&self, at: usize) -> Text {
        let ascii = self.ascii.get(at..).unwrap_or_default().to_owned();
        Text { ascii, map: self.map.clone(), skipped: self.skipped + at }
    }

    /// The bytes of the message that `range` of the text was read from.
    pub(crate) fn span(&self, range: Range<usize>) -> Range<usize> {
        let skipped = self.skipped;
        self.map.span(range.start + skipped..range.end + skipped, self.ascii.len() + skipped)
    }

    /// The lines, quotation marks taken off.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let rest = self.ascii.as_bytes().get(start..).filter(|rest| !rest.is_empty())?;
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = self.ascii.get(start..start + length)?.trim_end_matches('\r');
            let from = start;
            start += length + 1;
            Some(Line::new(line.get(..LONGEST_LINE).unwrap_or(line), from))
        })
    }
}

/// One line of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'t> {
    /// The words, without quotation marks in front and blanks behind.
    pub(crate) words: &'t str,
    /// Where `words` begins in the text.
    pub(crate) start: usize,
}

impl<'t> Line<'t> {
    /// Takes leading `>` marks off, but not the `>From ` of an mbox (RFC 4155).
    fn new(raw: &'t str, start: usize) -> Line<'t> {
        let mut words = raw;
        let mut quoted = 0u8;
        loop {
            let inner = words.strip_prefix('>').or_else(|| {
                let trimmed = words.trim_start_matches(' ');
                (quoted > 0).then(|| trimmed.strip_prefix('>')).flatten()
            });
            match inner {
                Some(rest) if !rest.starts_with("From ") && quoted < 64 => {
                    words = rest;
                    quoted += 1;
                }
                _ => break,
            }
        }
        if quoted > 0 {
            words = words.strip_prefix(' ').unwrap_or(words);
        }
        let start = start + (raw.len() - words.len());
        Line { words: words.trim_end(), start }
    }

    /// The range in the text of a range in the line's words.
    pub(crate) fn range(&self, within: Range<usize>) -> Range<usize> {
        self.start + within.start..self.start + within.end
    }
}

/// The first `most` characters of some words, those that control a terminal left out.
pub(crate) fn shown(words: &str, most: usize) -> String {
    if words.len() <= most && words.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return words.to_owned();
    }
    words.chars().filter(|c| !c.is_control()).take(most).collect()
}

/// One ASCII byte per byte; control characters and the two ways to write a no-break space become blanks. Without a table
/// or a branch, so that the compiler does many bytes at once: all text of all mails goes through here.
fn project(bytes: &[u8]) -> String {
    let ascii = bytes.iter().map(|&byte| {
        let kept = matches!(byte, b'\n' | b'\r' | b'\t' | b' '..=b'~');
        let blank = byte < 128 || byte == 0xA0 || byte == 0xC2;
        let other = if blank { b' ' } else { b'?' };
        if kept { byte } else { other }
    });
    // There is nothing but ASCII in it.
    String::from_utf8(ascii.collect()).unwrap_or_default()
}
