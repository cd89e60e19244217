//! Content-Transfer-Encodings undone with the origin of every byte kept (RFC 2045 section 6).

use crate::runs::Runs;
use crate::text::Text;

/// Decoded bytes, and the way from each to the bytes of the message.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) runs: Runs,
}

impl Decoded {
    /// The bytes as text to search, and the bytes themselves.
    pub(crate) fn with_text(self) -> (Text, Vec<u8>) {
        (Text::decoded(&self.bytes, self.runs), self.bytes)
    }
}

/// Undoes quoted-printable. What is no valid escape stands for itself. Where such are met, the mail declares it over
/// plain text, and escapes in lower case, which RFC 2045 section 6.7 forbids, stand for themselves too (`?id=d7`).
pub(crate) fn quoted_printable(raw: &[u8], offset: usize) -> Decoded {
    let mut runs = Runs::default();
    let bytes =
        undo_quoted_printable(raw, usize::MAX, |start, at, read| runs.units(start, offset + at, 1, read));
    Decoded { bytes, runs }
}

/// The same without the origins, at most `most` bytes.
pub(crate) fn quoted_printable_bytes(raw: &[u8], most: usize) -> Vec<u8> {
    undo_quoted_printable(raw, most, |_, _, _| ())
}

/// At most `most` decoded bytes; `place` is told, for each stretch of them, where it begins, where it was read and how many
/// bytes each was written with. What stands between two equals signs is copied at once.
fn undo_quoted_printable(raw: &[u8], most: usize, mut place: impl FnMut(usize, usize, usize)) -> Vec<u8> {
    let honest = memchr::memchr_iter(b'=', raw)
        .all(|at| escape(raw.get(at + 1..).unwrap_or_default()) != (Some(b'='), 1));
    let mut bytes = Vec::with_capacity(raw.len().min(most));
    let mut at = 0;
    while at < raw.len() && bytes.len() < most {
        let rest = raw.get(at..).unwrap_or_default();
        let plain = memchr::memchr(b'=', rest).unwrap_or(rest.len()).min(most - bytes.len());
        if plain > 0 {
            place(bytes.len(), at, 1);
            bytes.extend_from_slice(rest.get(..plain).unwrap_or_default());
            at += plain;
            continue;
        }
        let rest = rest.get(1..).unwrap_or_default();
        let lower = rest.iter().take(2).any(u8::is_ascii_lowercase);
        let (decoded, read) = if honest || !lower { escape(rest) } else { (Some(b'='), 1) };
        if let Some(byte) = decoded {
            place(bytes.len(), at, read);
            bytes.push(byte);
        }
        at += read;
    }
    bytes
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
pub(crate) fn base64(raw: &[u8], offset: usize) -> Decoded {
    let mut runs = Runs::default();
    let bytes = undo_base64(raw, usize::MAX, |start, at, written, read| {
        runs.units(start, offset + at, written, read);
    });
    Decoded { bytes, runs }
}

/// The same without the origins, at most `most` bytes.
pub(crate) fn base64_bytes(raw: &[u8], most: usize) -> Vec<u8> {
    undo_base64(raw, most, |_, _, _, _| ())
}

/// At most `most` decoded bytes; `place` is told of each group, or of the first of those that follow each other, where it
/// begins, where it was read, how many bytes it has and how many it was written with.
fn undo_base64(raw: &[u8], most: usize, mut place: impl FnMut(usize, usize, usize, usize)) -> Vec<u8> {
    let mut bytes = Vec::with_capacity((raw.len() / 4 * 3 + 3).min(most));
    let mut at = 0;
    while bytes.len() < most {
        // Whole groups are taken as they stand, line by line; one that is not whole, digit by digit.
        let begun = bytes.len();
        take_whole(raw.get(at..).unwrap_or_default(), most, &mut bytes);
        let taken = bytes.len() - begun;
        if taken > 0 {
            place(begun, at, 3, 4);
            at += taken / 3 * 4;
            at = behind_line(raw, at);
            continue;
        }
        let (group, first, behind, digits) = torn(raw, at);
        let length = match digits {
            4 => 3,
            2 | 3 => digits - 1,
            _ => break,
        };
        // Of the last digits nobody knows where their group would have ended.
        let read = if digits == 4 { behind - first } else { 1 };
        let [_, decoded @ ..] = group.to_be_bytes();
        let wanted = length.min(most - bytes.len());
        place(bytes.len(), first, length, read);
        bytes.extend_from_slice(decoded.get(..wanted).unwrap_or_default());
        at = behind_line(raw, behind);
    }
    bytes
}

/// Decodes the groups at the head of `raw` while four digits stand together and three bytes are wanted.
fn take_whole(raw: &[u8], most: usize, bytes: &mut Vec<u8>) {
    for digits in raw.as_chunks::<4>().0.iter().take((most - bytes.len()) / 3) {
        let Some(group) = whole(digits) else { break };
        let [_, decoded @ ..] = group.to_be_bytes();
        bytes.extend_from_slice(&decoded);
    }
}

fn behind_line(raw: &[u8], at: usize) -> usize {
    let rest = raw.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// The next group of up to four digits, whatever stands between them: its 24 bits, where it begins, what is behind it, and
/// how many digits there were.
fn torn(raw: &[u8], from: usize) -> (u32, usize, usize, usize) {
    let (mut group, mut digits, mut first) = (0u32, 0, from);
    let rest = raw.get(from..).unwrap_or_default();
    for (at, value) in rest.iter().enumerate().filter_map(|(at, &byte)| Some((from + at, sextet(byte)?))) {
        if digits == 0 {
            first = at;
        }
        group = group << 6 | value;
        digits += 1;
        if digits == 4 {
            return (group, first, at + 1, 4);
        }
    }
    (group << (6 * (4 - digits)), first, raw.len(), digits)
}

/// The 24 bits of four digits; None where one of the four is no digit.
fn whole(digits: &[u8; 4]) -> Option<u32> {
    let values = digits.map(value);
    let sum = values.into_iter().fold(0, |any, value| any | value);
    (sum < 64).then(|| values.into_iter().fold(0, |group, value| group << 6 | u32::from(value)))
}

fn sextet(byte: u8) -> Option<u32> {
    Some(value(byte)).filter(|value| *value < 64).map(u32::from)
}

fn value(byte: u8) -> u8 {
    SEXTETS.get(usize::from(byte)).copied().unwrap_or(64)
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
        for (raw, decoded) in [
            ("Zm9v\r\nYmFy", "foobar"),
            ("Zm\r\n9vYmFy\nZm9v", "foobarfoo"),
            ("Z m9v*YmFy", "foobar"),
            ("Zm9vYg==\n", "foob"),
            ("Zm9vYmE=", "fooba"),
        ] {
            let (text, _) = base64(raw.as_bytes(), 0).with_text();
            assert_eq!(text.as_str(), decoded, "{raw}");
            for most in 1..=8 {
                let bytes = base64_bytes(raw.as_bytes(), most);
                assert_eq!(decoded.as_bytes().get(..most.min(decoded.len())), Some(&*bytes), "{raw}");
            }
        }
    }

    #[test]
    fn a_byte_leads_back_to_its_group_or_escape() {
        let (text, _) = base64(b"Zm9v\r\nYm\r\nFyZm8=", 100).with_text();
        assert_eq!(text.as_str(), "foobarfo");
        assert_eq!(text.span(0..3), 100..104);
        assert_eq!(text.span(4..5), 106..112);
        let (text, _) = quoted_printable(b"a=3Db=\r\nc", 100).with_text();
        assert_eq!(text.as_str(), "a=bc");
        assert_eq!(text.span(1..2), 101..104);
        assert_eq!(text.span(2..4), 104..109);
    }
}
