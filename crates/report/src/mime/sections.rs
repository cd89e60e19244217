//! Where the parts of a multipart lie (RFC 2046 section 5.1.1).

use std::ops::Range;

use crate::limits::PARTS;

/// What lies between the boundary lines of a multipart. The last section may lack its closing line.
pub(super) fn sections(bytes: &[u8], boundary: &[u8]) -> Vec<Range<usize>> {
    let mark = [b"--", boundary].concat();
    let finder = memchr::memmem::Finder::new(&mark);
    let mut sections = Vec::new();
    let mut open: Option<usize> = None;
    let mut from = 0;
    while let Some(at) = finder.find(bytes.get(from..).unwrap_or_default()) {
        let start = from + at;
        let behind = bytes.get(start..).unwrap_or_default();
        let end = memchr::memchr(b'\n', behind).map_or(bytes.len(), |at| start + at + 1);
        from = end;
        let begins = start == 0 || bytes.get(start - 1) == Some(&b'\n');
        let rest = bytes.get(start + mark.len()..end).unwrap_or_default().trim_ascii();
        if begins && (rest.is_empty() || rest == b"--") {
            sections.extend(open.take().map(|from| from..start));
            if rest == b"--" || sections.len() > PARTS {
                return sections;
            }
            open = Some(end);
        }
    }
    sections.extend(open.map(|from| from..bytes.len()));
    sections
}

/// The boundary that the parts of `bytes` are set apart by, where none is stated, or another: the first line that looks like
/// one.
pub(super) fn guess(bytes: &[u8]) -> Option<&[u8]> {
    let head = bytes.get(..bytes.len().min(64 << 10)).unwrap_or_default();
    let mut lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end).peekable();
    let is_field = |line: &&[u8]| line.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"content-"));
    while let Some(line) = lines.next() {
        let opens = lines.peek().is_some_and(is_field);
        if let Some(boundary) = line.strip_prefix(b"--").filter(|boundary| opens && !boundary.is_empty()) {
            return Some(boundary);
        }
    }
    None
}
