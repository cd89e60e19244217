//! Content-Transfer-Encodings undone with the origin of every byte kept (RFC 2045 section 6).

use crate::text::{Cell, Text};

/// Undoes quoted-printable. What is no valid escape stands for itself. Where such are met, the mail declares it over
/// plain text, and escapes in lower case, which RFC 2045 section 6.7 forbids, stand for themselves too (`?id=d7`).
pub(crate) fn quoted_printable(raw: &[u8], offset: usize) -> Text {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut cells = Vec::with_capacity(raw.len());
    undo_quoted_printable(raw, |byte, at, len| {
        bytes.push(byte);
        cells.push(Cell::new(offset + at, len));
        true
    });
    Text::mapped(&bytes, cells)
}

/// The same without the origins, at most `most` bytes.
pub(crate) fn quoted_printable_bytes(raw: &[u8], most: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len().min(most));
    undo_quoted_printable(raw, |byte, _, _| {
        bytes.push(byte);
        bytes.len() < most
    });
    bytes
}

/// Gives each decoded byte with the place and length it was written at, until `take` has had enough.
fn undo_quoted_printable(raw: &[u8], mut take: impl FnMut(u8, usize, usize) -> bool) {
    let honest = memchr::memchr_iter(b'=', raw)
        .all(|at| escape(raw.get(at + 1..).unwrap_or_default()) != (Some(b'='), 1));
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        let rest = raw.get(at + 1..).unwrap_or_default();
        let lower = rest.iter().take(2).any(u8::is_ascii_lowercase);
        let (decoded, len) = if byte == b'=' && (honest || !lower) { escape(rest) } else { (Some(byte), 1) };
        if decoded.is_some_and(|decoded| !take(decoded, at, len)) {
            return;
        }
        at += len;
    }
}

/// What follows an equals sign: an octet in hexadecimal, a soft line break (nothing), or neither.
fn escape(rest: &[u8]) -> (Option<u8>, usize) {
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match rest.get(blanks..) {
        Some([b'\r', b'\n', ..]) => return (None, blanks + 3),
        Some([b'\n', ..]) => return (None, blanks + 2),
        Some([]) => return (None, blanks + 1),
        _ => {}
    }
    let octet = |high: u8, low: u8| Some(hex(high)? << 4 | hex(low)?);
    match rest {
        [high, low, ..] => octet(*high, *low).map_or((Some(b'='), 1), |byte| (Some(byte), 3)),
        _ => (Some(b'='), 1),
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Undoes base64; each byte's origin is the group of four it was written in.
pub(crate) fn base64(raw: &[u8], offset: usize) -> Text {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut cells = Vec::with_capacity(raw.len());
    undo_base64(raw, |byte, at, len| {
        bytes.push(byte);
        cells.push(Cell::new(offset + at, len));
        true
    });
    Text::mapped(&bytes, cells)
}

/// The same without the origins, at most `most` bytes.
pub(crate) fn base64_bytes(raw: &[u8], most: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity((raw.len() / 4 * 3 + 3).min(most));
    undo_base64(raw, |byte, _, _| {
        bytes.push(byte);
        bytes.len() < most
    });
    bytes
}

/// Gives each decoded byte with the place and length of the group it was written in, until `take` has had enough.
fn undo_base64(raw: &[u8], mut take: impl FnMut(u8, usize, usize) -> bool) {
    let mut group = 0u32;
    let mut filled = 0u32;
    let mut first = 0;
    let digits = raw.iter().enumerate().filter_map(|(at, &byte)| Some((at, sextet(byte)?)));
    for (at, value) in digits {
        if filled == 0 {
            first = at;
        }
        group = group << 6 | value;
        filled += 1;
        if filled == 4 {
            for byte in group.to_be_bytes().into_iter().skip(1) {
                if !take(byte, first, at + 1 - first) {
                    return;
                }
            }
            (group, filled) = (0, 0);
        }
    }
    if filled > 1 {
        let padded = group << (6 * (4 - filled));
        for byte in padded.to_be_bytes().into_iter().skip(1).take(filled as usize - 1) {
            if !take(byte, first, 1) {
                return;
            }
        }
    }
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}
