//! Tables whose first line, or last comment above them, names the columns.

use std::ops::Range;

use crate::claims::Draft;
use crate::document::{Document, Found};
use crate::json::{self, plain_key};
use crate::kept::Kept;
use crate::reading::Format;
use crate::table::{self, Cell, Rows};

use super::objects::transport;
use super::{Entry, found, names};

/// Comments above a table that are looked at.
const COMMENTS: usize = 200;
/// What lists put between their columns.
const DELIMITERS: [u8; 4] = [b'\t', b'|', b';', b','];

/// Where in a row things are.
#[derive(Debug)]
struct Columns {
    address: usize,
    hosts: bool,
    port: Option<usize>,
    protocol: Option<usize>,
    time: Option<usize>,
    kinds: Vec<usize>,
    malware: Option<usize>,
    url: Option<usize>,
}

/// Reads `document`; None when it is no table, or accuses nobody.
pub(super) fn read(document: &Document<'_>) -> Option<Found> {
    let bytes = document.bytes;
    let (header, start) = header(bytes)?;
    let delimiter = delimiter(bytes.get(header.clone())?)?;
    let mut cells = Vec::new();
    Rows::new(bytes.get(..header.end)?, header.start, delimiter).next(&mut cells)?;
    let names: Vec<String> = cells.iter().map(|cell| plain_key(&cell.text(bytes))).collect();
    let columns = Columns::of(&names)?;
    let mut draft = Draft::default();
    let lines = memchr::memchr_iter(b'\n', bytes).count();
    let mut kept = Kept::with_room_for(lines);
    kept.make_room(lines, bytes.len(), &mut draft);
    draft.doubt("a list that was read by the names of its columns");
    let mut rows = Rows::new(bytes, start, delimiter);
    while rows.next(&mut cells).is_some() {
        if rows.is_cut() && cells.len() < names.len() {
            cells.pop();
        }
        let comment = cells.first().is_some_and(|cell| is_comment(cell.raw(bytes)));
        if comment {
            continue;
        }
        if let Some(claim) = columns.entry(bytes, &cells).claim(document, &mut kept, &mut draft) {
            kept.claim(claim, &mut draft);
        }
    }
    found(Format::Feed, draft, kept)
}

/// The line that names the columns, and where the rows begin: the last comment above them that names an address and
/// something that accuses, else the first line.
fn header(bytes: &[u8]) -> Option<(Range<usize>, usize)> {
    let mut at = table::behind_mark(bytes);
    let mut commented = None;
    for _ in 0..COMMENTS {
        let rest = bytes.get(at..)?;
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let line = rest.get(..length)?;
        let words = line.trim_ascii();
        if words.is_empty() && length > 0 {
            at += length;
            continue;
        }
        if !is_comment(words) {
            break;
        }
        let skipped = comment_mark(words);
        let start = at + (line.len() - line.trim_ascii_start().len()) + skipped;
        if words.get(skipped..).is_some_and(names_columns) {
            commented = Some(start..at + length);
        }
        at += length;
    }
    if let Some(commented) = commented {
        return Some((commented, at));
    }
    let rest = bytes.get(at..)?;
    let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
    Some((at..at + length, at + length))
}

fn is_comment(line: &[u8]) -> bool {
    matches!(line.first(), Some(b'#' | b';')) || line.starts_with(b"//")
}

/// How much of a comment stands before the names: marks, and a word with a colon (`# Format: ip|...`).
fn comment_mark(words: &[u8]) -> usize {
    let marks = words.iter().take_while(|byte| matches!(byte, b'#' | b';' | b'/' | b' ')).count();
    let format = words.get(marks..).is_some_and(|rest| {
        rest.get(..7).is_some_and(|start| {
            start.eq_ignore_ascii_case(b"format:") || start.eq_ignore_ascii_case(b"fields:")
        })
    });
    if format { marks + 7 } else { marks }
}

fn names_columns(line: &[u8]) -> bool {
    let Some(delimiter) = delimiter(line) else { return false };
    let names: Vec<String> =
        line.split(|&byte| byte == delimiter).map(|name| plain_key(&String::from_utf8_lossy(name))).collect();
    names.len() >= 3 && Columns::of(&names).is_some()
}

/// The delimiter that occurs most often.
fn delimiter(line: &[u8]) -> Option<u8> {
    let count = |delimiter: u8| memchr::memchr_iter(delimiter, line).count();
    DELIMITERS.into_iter().max_by_key(|&delimiter| count(delimiter)).filter(|&delimiter| count(delimiter) > 0)
}

impl Columns {
    /// Finds them; None when no column is an address or none accuses. A kind's column that all rows share (`category` of a
    /// list that names an address and a time beside it) accuses too.
    fn of(names: &[String]) -> Option<Columns> {
        let column = |name: &&str| names.iter().position(|known| known == name);
        let first = |wanted: &[&str]| wanted.iter().find_map(column);
        let kinds: Vec<usize> = names::KINDS.iter().filter_map(column).collect();
        let (time, source) = (first(&names::TIMES), first(&names::SOURCES));
        let classed = first(&["category", "report"]).is_some() && time.is_some() && first(&["asn"]).is_some();
        if !names::accuse(names.iter().map(String::as_str)) && !classed {
            return None;
        }
        Some(Columns {
            address: source.or_else(|| first(&names::HOSTS))?,
            hosts: source.is_none(),
            port: first(names::ports(source.is_none())),
            protocol: first(&names::PROTOCOLS),
            time,
            kinds,
            malware: first(&names::MALWARE),
            url: first(&names::URLS),
        })
    }

    fn entry(&self, bytes: &[u8], cells: &[Cell]) -> Entry {
        let text = |at: Option<usize>| {
            let text = cells.get(at?)?.text(bytes).into_owned();
            (!matches!(text.as_str(), "" | "-" | "NA" | "null")).then_some(text)
        };
        let address = cells.get(self.address).and_then(|cell| {
            let raw = std::str::from_utf8(cell.raw(bytes)).ok()?;
            let host = json::host(raw)?;
            let start = cell.range().start;
            Some((host.address, start + host.range.start..start + host.range.end))
        });
        Entry {
            address,
            hosts: self.hosts,
            port: text(self.port).and_then(|port| port.parse().ok()).filter(|&port| port > 0),
            protocol: text(self.protocol).and_then(|name| transport(&name)),
            time: text(self.time),
            kinds: self.kinds.iter().filter_map(|&at| text(Some(at))).collect(),
            malware: text(self.malware),
            url: text(self.url),
        }
    }
}
