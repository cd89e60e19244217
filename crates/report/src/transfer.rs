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
    let mut at = 0;
    // Whole groups are taken as they stand, line by line; from the first that is not whole on, digit by digit.
    while bytes.len() + 3 <= most
        && let Some(group) = raw.get(at..at + 4).and_then(whole)
    {
        bytes.extend(group.to_be_bytes().into_iter().skip(1));
        at += 4;
        while raw.get(at).is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            at += 1;
        }
    }
    if bytes.len() < most {
        undo_base64(raw.get(at..).unwrap_or_default(), |byte, _, _| {
            bytes.push(byte);
            bytes.len() < most
        });
    }
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

/// The 24 bits of four digits; None where one of the four is no digit.
fn whole(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |group, &byte| Some(group << 6 | sextet(byte)?))
}

fn sextet(byte: u8) -> Option<u32> {
    SEXTETS.get(usize::from(byte)).filter(|value| **value < 64).map(|value| u32::from(*value))
}

/// The value of each digit (RFC 4648 sections 4 and 5); 64 for what is none.
const SEXTETS: [u8; 256] = {
    let mut table = [64; 256];
    let mut value = 0u8;
    while value < 26 {
        table[(b'A' + value) as usize] = value;
        table[(b'a' + value) as usize] = value + 26;
        value += 1;
    }
    value = 0;
    while value < 10 {
        table[(b'0' + value) as usize] = value + 52;
        value += 1;
    }
    table[b'+' as usize] = 62;
    table[b'-' as usize] = 62;
    table[b'/' as usize] = 63;
    table[b'_' as usize] = 63;
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_by_groups_are_those_by_digits() {
        for raw in ["Zm9v\r\nYmFy", "Zm\r\n9vYg==\nZm9v", "Z m9v*YmFy", "Zm9vYg", "_-+/"] {
            let digits = base64(raw.as_bytes(), 0);
            for most in 1..=8 {
                let bytes = base64_bytes(raw.as_bytes(), most);
                let expected = Text::identity(&bytes, 0);
                assert_eq!(digits.as_str().get(..bytes.len()), Some(expected.as_str()), "{raw}");
                assert_eq!(bytes.len(), most.min(digits.as_str().len()), "{raw}");
            }
        }
    }
}
