//! Text to search, and the way back from each of its bytes to the bytes of the message.
//!
//! Everything a reader looks for (addresses, ports, dates, header names) is ASCII, so a [`Text`] is an ASCII projection
//! of the decoded part: one byte per decoded byte, anything else replaced. Offsets therefore never need a charset.

use std::ops::Range;

/// What is looked at of one line. Nobody writes longer ones by hand, and no log does.
const LONGEST_LINE: usize = 4096;

/// Where one byte of a text came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    /// Offset of the first original byte.
    at: u32,
    /// How many original bytes it was written with.
    len: u8,
}

impl Cell {
    pub(crate) fn new(at: usize, len: usize) -> Cell {
        Cell { at: u32::try_from(at).unwrap_or(u32::MAX), len: u8::try_from(len).unwrap_or(u8::MAX) }
    }

    fn end(self) -> usize {
        self.at as usize + usize::from(self.len)
    }
}

/// How offsets in a text lead back to the message.
#[derive(Debug, Clone)]
enum Map {
    /// The text lies in the message as it is, from this offset on.
    Identity(usize),
    /// Each byte has its own origin.
    Cells(Vec<Cell>),
    /// Only the enclosing bytes are known (a part of a part that was itself encoded).
    Enclosing(Range<usize>),
}

/// Searchable text with its origin.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    ascii: String,
    map: Map,
}

impl Text {
    /// Text that lies in the message unencoded, starting at `offset`.
    pub(crate) fn identity(bytes: &[u8], offset: usize) -> Text {
        Text { ascii: project(bytes), map: Map::Identity(offset) }
    }

    /// Decoded bytes with the origin of each; `cells` are as many as `bytes`.
    pub(crate) fn mapped(bytes: &[u8], cells: Vec<Cell>) -> Text {
        Text { ascii: project(bytes), map: Map::Cells(cells) }
    }

    /// Text of which only the enclosing bytes are known.
    pub(crate) fn enclosed(bytes: &[u8], span: Range<usize>) -> Text {
        Text { ascii: project(bytes), map: Map::Enclosing(span) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.ascii
    }

    /// The same origin under other words: `cells` index into this text. Used for text taken out of HTML.
    pub(crate) fn derive(&self, bytes: &[u8], picks: &[Range<usize>]) -> Text {
        if let Map::Enclosing(span) = &self.map {
            return Text::enclosed(bytes, span.clone());
        }
        let cells = picks
            .iter()
            .map(|pick| {
                let span = self.span(pick.clone());
                Cell::new(span.start, span.len())
            })
            .collect();
        Text::mapped(bytes, cells)
    }

    /// What follows `at`, as a text of its own.
    pub(crate) fn tail(&self, at: usize) -> Text {
        let ascii = self.ascii.get(at..).unwrap_or_default().to_owned();
        let map = match &self.map {
            Map::Identity(offset) => Map::Identity(offset + at),
            Map::Enclosing(span) => Map::Enclosing(span.clone()),
            Map::Cells(cells) => Map::Cells(cells.get(at..).unwrap_or_default().to_vec()),
        };
        Text { ascii, map }
    }

    /// The bytes of the message that `range` of the text was read from.
    pub(crate) fn span(&self, range: Range<usize>) -> Range<usize> {
        match &self.map {
            Map::Identity(offset) => offset + range.start..offset + range.end,
            Map::Enclosing(span) => span.clone(),
            Map::Cells(cells) => {
                let start = cells.get(range.start).or(cells.last()).map_or(0, |cell| cell.at as usize);
                let last = range.end.saturating_sub(1).max(range.start);
                let end = cells.get(last).or(cells.last()).map_or(start, |cell| cell.end());
                start..end.max(start)
            }
        }
    }

    /// The lines, quotation marks taken off.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut at = 0;
        self.ascii.split_inclusive('\n').map(move |raw| {
            let start = at;
            at += raw.len();
            let line = raw.trim_end_matches(['\n', '\r']);
            Line::new(line.get(..LONGEST_LINE).unwrap_or(line), start)
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

/// One ASCII byte per byte; control characters and the two ways to write a no-break space become blanks.
fn project(bytes: &[u8]) -> String {
    let ascii = bytes.iter().map(|&byte| PROJECTED.get(usize::from(byte)).copied().unwrap_or(b'?')).collect();
    // The table has nothing but ASCII.
    String::from_utf8(ascii).unwrap_or_default()
}

/// What each byte is projected to.
const PROJECTED: [u8; 256] = {
    let mut table = [b'?'; 256];
    let mut byte = 0u8;
    while byte < 128 {
        let kept = matches!(byte, b'\n' | b'\r' | b'\t' | b' '..=b'~');
        table[byte as usize] = if kept { byte } else { b' ' };
        byte += 1;
    }
    table[0xA0] = b' ';
    table[0xC2] = b' ';
    table
};
