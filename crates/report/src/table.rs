//! Tables of delimited cells (RFC 4180) at the speed of a look at each byte, with the place of each cell.
//!
//! Cells are ranges of the input: nothing is copied until a cell is wanted as text. What the standard leaves open is read
//! as spreadsheets do: a quotation mark opens a cell only as its first byte, line ends are LF or CRLF, and inside quotation
//! marks anything goes, line ends too.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2};

/// A quoted cell longer than this was never closed: it is ended at its first line end instead of swallowing the table.
const LONGEST_CELL: usize = 256 << 10;
/// Cells of one row that are looked at.
const MOST_CELLS: usize = 4096;

/// One cell: where its text lies, without the quotation marks around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    start: usize,
    end: usize,
    /// Whether doubled quotation marks stand in it.
    doubled: bool,
}

/// How a row ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    Whole,
    /// A quotation mark was opened and not closed.
    Torn,
}

/// Walks the rows of a table.
#[derive(Debug)]
pub(crate) struct Rows<'t> {
    bytes: &'t [u8],
    at: usize,
    delimiter: u8,
}

impl Cell {
    /// The bytes as they stand.
    pub(crate) fn raw<'t>(&self, bytes: &'t [u8]) -> &'t [u8] {
        bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// The text, trimmed, doubled quotation marks undone.
    pub(crate) fn text<'t>(&self, bytes: &'t [u8]) -> Cow<'t, str> {
        let text = String::from_utf8_lossy(self.raw(bytes).trim_ascii());
        if self.doubled { Cow::Owned(text.replace("\"\"", "\"")) } else { text }
    }

    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

impl<'t> Rows<'t> {
    /// The rows from `at` on.
    pub(crate) fn new(bytes: &'t [u8], at: usize, delimiter: u8) -> Rows<'t> {
        Rows { bytes, at, delimiter }
    }

    /// Puts the cells of the next row that is not empty into `cells`; None at the end.
    pub(crate) fn next(&mut self, cells: &mut Vec<Cell>) -> Option<Row> {
        cells.clear();
        while matches!(self.bytes.get(self.at), Some(b'\n' | b'\r')) {
            self.at += 1;
        }
        if self.at >= self.bytes.len() {
            return None;
        }
        let mut row = Row::Whole;
        loop {
            let (cell, torn) = self.cell();
            if torn {
                row = Row::Torn;
            }
            if cells.len() < MOST_CELLS {
                cells.push(cell);
            }
            match self.bytes.get(self.at) {
                Some(&byte) if byte == self.delimiter => self.at += 1,
                Some(_) => {
                    self.at += 1;
                    return Some(row);
                }
                None => return Some(row),
            }
        }
    }

    /// Whether the last row was read and no line end stood behind it.
    pub(crate) fn is_cut(&self) -> bool {
        self.at >= self.bytes.len() && self.bytes.last() != Some(&b'\n')
    }

    /// One cell; `at` is then on what ended it.
    fn cell(&mut self) -> (Cell, bool) {
        if self.bytes.get(self.at) == Some(&b'"') {
            return self.quoted();
        }
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        self.at = start + memchr2(self.delimiter, b'\n', rest).unwrap_or(rest.len());
        (Cell { start, end: self.without_return(start), doubled: false }, false)
    }

    fn quoted(&mut self) -> (Cell, bool) {
        let start = self.at + 1;
        let mut from = start;
        let mut doubled = false;
        loop {
            let limit = self.bytes.len().min(start + LONGEST_CELL);
            let rest = self.bytes.get(from..limit).unwrap_or_default();
            let Some(close) = memchr(b'"', rest).map(|at| from + at) else {
                return (self.torn(start), true);
            };
            if self.bytes.get(close + 1) == Some(&b'"') {
                doubled = true;
                from = close + 2;
                continue;
            }
            let rest = self.bytes.get(close + 1..).unwrap_or_default();
            self.at = close + 1 + memchr2(self.delimiter, b'\n', rest).unwrap_or(rest.len());
            return (Cell { start, end: close, doubled }, false);
        }
    }

    /// A cell that was never closed: it ends with its line.
    fn torn(&mut self, start: usize) -> Cell {
        let rest = self.bytes.get(start..).unwrap_or_default();
        self.at = start + memchr(b'\n', rest).unwrap_or(rest.len());
        Cell { start, end: self.without_return(start), doubled: false }
    }

    fn without_return(&self, start: usize) -> usize {
        if self.at > start && self.bytes.get(self.at - 1) == Some(&b'\r') { self.at - 1 } else { self.at }
    }
}

/// Where the names of columns stand: which cell each is. Names are compared in lower case, without blanks around them.
#[derive(Debug, Default)]
pub(crate) struct Header {
    names: Vec<String>,
}

impl Header {
    pub(crate) fn of(bytes: &[u8], cells: &[Cell]) -> Header {
        let name = |cell: &Cell| {
            let text = cell.text(bytes);
            text.trim_start_matches(['\u{feff}', '#']).trim().trim_matches('"').to_ascii_lowercase()
        };
        Header { names: cells.iter().map(name).collect() }
    }

    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.column(name).is_some()
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }
}

/// The text's beginning behind a byte order mark.
pub(crate) fn behind_mark(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Row, Vec<String>)> {
        let (mut rows, mut cells, mut all) = (Rows::new(text.as_bytes(), 0, b','), Vec::new(), Vec::new());
        while let Some(row) = rows.next(&mut cells) {
            all.push((row, cells.iter().map(|cell| cell.text(text.as_bytes()).into_owned()).collect()));
        }
        all
    }

    fn whole(cells: &[&str]) -> (Row, Vec<String>) {
        (Row::Whole, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn cells_are_what_a_spreadsheet_shows() {
        assert_eq!(read("a,b\r\n1,\r\n"), [whole(&["a", "b"]), whole(&["1", ""])]);
        assert_eq!(
            read("\"a,\nb\",\"say \"\"x\"\"\"\n\n,2"),
            [whole(&["a,\nb", "say \"x\""]), whole(&["", "2"])]
        );
        assert_eq!(read("5\" disk,\"x\" y\n"), [whole(&["5\" disk", "x"])]);
    }

    #[test]
    fn a_quotation_mark_left_open_costs_a_row_and_not_the_table() {
        let rows = read("a,\"b\nc,d");
        assert_eq!(rows, [(Row::Torn, vec!["a".to_owned(), "b".to_owned()]), whole(&["c", "d"])]);
    }
}
