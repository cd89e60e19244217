//! JSON objects in a file: one a line, or spread over several lines as nfdump and `jq` print them, alone or in an array.

use super::Reading;
use super::doubt::DoubtKind;
use super::lines::Lines;

/// An object over several lines is no longer than this.
const LONGEST: usize = 64 << 10;

/// The objects of `lines`.
pub(super) struct Objects<'i, 'a> {
    lines: Lines<'i, 'a>,
    object: Vec<u8>,
}

impl<'i, 'a> Objects<'i, 'a> {
    pub(super) fn new(lines: Lines<'i, 'a>) -> Objects<'i, 'a> {
        Objects { lines, object: Vec::new() }
    }

    /// The next object and the line on which it begins; none at the end of the file. What begins an object and does not
    /// end it before the next one begins is unreadable.
    pub(super) fn next(&mut self, reading: &mut Reading<'_>) -> Option<(u64, &[u8])> {
        // The line on which the object that is being gathered begins; 0 where none is.
        let mut open = 0;
        loop {
            let Some((number, line)) = self.lines.next(reading) else {
                if open > 0 {
                    reading.doubts.note(DoubtKind::Unreadable, open);
                }
                return None;
            };
            let Some(line) = within_array(line) else { continue };
            let begins = line.starts_with(b"{");
            if open > 0 && (begins || self.object.len() > LONGEST) {
                reading.doubts.note(DoubtKind::Unreadable, open);
                open = 0;
            }
            if open == 0 {
                self.object.clear();
                open = number;
            }
            self.object.extend_from_slice(line);
            let spread = self.object.len() > line.len() || line == b"{";
            if !spread || (line.starts_with(b"}") && balanced(&self.object)) {
                return Some((open, alone(&self.object)));
            }
        }
    }
}

/// A line without what begins an array or goes on with it; none where nothing else is there.
fn within_array(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"[").unwrap_or(line).trim_ascii_start();
    let line = line.strip_prefix(b",{").map_or(line, |_| line.get(1..).unwrap_or_default());
    (!line.is_empty() && line != b"]" && line != b",").then_some(line)
}

/// An object without what follows it in an array.
fn alone(object: &[u8]) -> &[u8] {
    let bare = object.strip_suffix(b"]").or_else(|| object.strip_suffix(b",")).map(<[u8]>::trim_ascii_end);
    bare.filter(|bare| bare.ends_with(b"}")).unwrap_or(object)
}

/// Whether as many objects end as begin, outside of texts.
fn balanced(json: &[u8]) -> bool {
    let (mut depth, mut text, mut escaped) = (0i64, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            b'{' if !text => depth += 1,
            b'}' if !text => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}
