//! Evidence as text: control characters made harmless, claims marked where they stand.

use report::Reading;

use crate::view::Piece;

/// How many bytes of one message are shown; the rest is a download.
const SHOWN: usize = 64 * 1024;

/// The text of `bytes` in pieces with the claims of `reading` marked, and how many bytes were left off.
pub(crate) fn pieces(bytes: &[u8], reading: Option<&Reading>) -> (Vec<Piece>, u64) {
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    let left_off = u64::try_from(bytes.len() - shown.len()).unwrap_or(u64::MAX);
    let mut pieces = Vec::new();
    let mut at = 0;
    for (start, end, words) in marks(reading) {
        if start < at || end > shown.len() || start >= end {
            continue;
        }
        push(&mut pieces, shown.get(at..start), None);
        push(&mut pieces, shown.get(start..end), Some(words));
        at = end;
    }
    push(&mut pieces, shown.get(at..), None);
    (pieces, left_off)
}

/// Spans with what they claim, in order; claims read from one place share a mark.
fn marks(reading: Option<&Reading>) -> Vec<(usize, usize, String)> {
    let claims = reading.map(|reading| reading.claims.as_slice()).unwrap_or_default();
    let mut marks: Vec<(usize, usize, String)> = Vec::new();
    let mut sorted: Vec<_> = claims.iter().collect();
    sorted.sort_by_key(|claim| (claim.span.start, claim.span.end));
    for claim in sorted {
        let words = format!("{}, {}", word(&claim.kind), word(&claim.role));
        match marks.last_mut() {
            Some((start, end, known)) if (*start, *end) == (claim.span.start, claim.span.end) => {
                if !known.contains(&words) {
                    known.push_str("; ");
                    known.push_str(&words);
                }
            }
            _ => marks.push((claim.span.start, claim.span.end, words)),
        }
    }
    marks
}

/// A unit-like value by its serialised name.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

fn push(pieces: &mut Vec<Piece>, bytes: Option<&[u8]>, claim: Option<String>) {
    if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
        pieces.push(Piece { text: harmless(bytes), claim });
    }
}

/// Text for people: UTF-8 where it is, line ends kept, everything that could move a cursor or turn the reading
/// direction replaced by a visible mark.
pub(crate) fn harmless(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .replace("\r\n", "\n")
        .chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            // Bidirectional controls and line separators (UAX #9) can make text read as something else.
            '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{2028}'
            | '\u{2029}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_cursor_survives() {
        let text = harmless("a\u{1b}[2Jb\r\nc\u{202e}d\u{0}\te".as_bytes());
        assert_eq!(text, "a\u{fffd}[2Jb\nc\u{fffd}d\u{fffd}\te");
    }

    #[test]
    fn the_pieces_are_the_whole_text_with_the_claim_marked() {
        let bytes = b"Email from 203.0.113.7 / now";
        let mut reading = Reading::unreadable("x");
        reading.claims.push(report::Claim {
            address: "203.0.113.7".parse().expect("an address"),
            port: None,
            protocol: None,
            time: None,
            time_basis: report::TimeBasis::Unknown,
            kind: report::Kind::OpenProxy,
            role: report::Role::Offender,
            url: None,
            malware: None,
            xarf: None,
            rsit: None,
            span: 11..22,
        });
        let (pieces, left_off) = pieces(bytes, Some(&reading));
        assert_eq!(left_off, 0);
        let marked: Vec<_> = pieces.iter().filter(|piece| piece.claim.is_some()).collect();
        assert_eq!(marked.len(), 1);
        assert_eq!(marked[0].text, "203.0.113.7");
        assert_eq!(marked[0].claim.as_deref(), Some("open-proxy, offender"));
        let whole: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(whole.as_bytes(), bytes);
    }
}
