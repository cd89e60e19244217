//! Bytes to characters in the charset a part states, each character with the bytes it was written in.
//!
//! The tables are encoding_rs' (the WHATWG Encoding Standard). UTF-7 (RFC 2152) is not among them, since browsers do not
//! read it; old mail clients wrote it all the same.

use encoding_rs::{DecoderResult, Encoding, ISO_2022_JP, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::fold;
use crate::mapped::Mapped;

/// The characters of `bytes`, with what looks the same made the same (see [`fold::plain`]).
pub(crate) fn decode(bytes: &[u8], label: Option<&str>) -> Mapped {
    let mut out = Mapped::with_capacity(bytes.len());
    let label = label.map(clean).unwrap_or_default();
    if bytes.is_ascii() && !is_stateful(&label) {
        out.copy(std::str::from_utf8(bytes).unwrap_or_default(), 0);
        return out;
    }
    match label.as_str() {
        "utf-7" | "utf7" | "unicode-1-1-utf-7" | "x-unicode-2-0-utf-7" => utf7(bytes, &mut out),
        _ => match Encoding::for_label(label.as_bytes()) {
            Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => {
                utf16(bytes, encoding, &mut out);
            }
            Some(encoding) if !is_latin(encoding) => legacy(bytes, encoding, &mut out),
            encoding => match (std::str::from_utf8(bytes), encoding) {
                // Many a mail that states Latin-1, ASCII or nothing is UTF-8; no Latin text is valid UTF-8 by chance.
                (Ok(text), _) => plain(text, 0, &mut out),
                (Err(_), Some(encoding)) if encoding != WINDOWS_1252 => utf8(bytes, &mut out),
                (Err(_), _) => legacy(bytes, WINDOWS_1252, &mut out),
            },
        },
    }
    out
}

fn is_latin(encoding: &'static Encoding) -> bool {
    encoding == WINDOWS_1252 || encoding == encoding_rs::UTF_8
}

/// Charsets in which bytes of ASCII do not stand for themselves.
fn is_stateful(label: &str) -> bool {
    ["2022", "utf-7", "utf7", "utf-16"].iter().any(|mark| label.contains(mark))
}

/// A label without what careless programs put around it: `charset=iso-8859-1; format=flowed`.
fn clean(label: &str) -> String {
    let label = label.trim().to_ascii_lowercase();
    let label = label.trim_start_matches(['"', '\'']);
    let label = label.strip_prefix("charset=").unwrap_or(label);
    label.split([';', ',', ' ']).next().unwrap_or_default().trim_matches(['"', '\'']).to_owned()
}

fn put(out: &mut Mapped, c: char, from: usize, read: usize) {
    if let Some(c) = fold::plain(c) {
        out.put(c, from, read);
    }
}

fn utf8(bytes: &[u8], out: &mut Mapped) {
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        plain(chunk.valid(), at, out);
        at += chunk.valid().len();
        for _ in chunk.invalid() {
            out.put(char::REPLACEMENT_CHARACTER, at, 1);
            at += 1;
        }
    }
}

/// Characters as they are, which were written from `from` on. They are copied by stretches; only what looks like something
/// else is made the same.
fn plain(text: &str, from: usize, out: &mut Mapped) {
    let mut copied = 0;
    let mut at = 0;
    while let Some(ahead) = text.as_bytes().get(at..).and_then(|rest| rest.iter().position(|b| !b.is_ascii()))
    {
        at += ahead;
        let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
        if fold::plain(c) != Some(c) {
            out.copy(text.get(copied..at).unwrap_or_default(), from + copied);
            put(out, c, from + at, c.len_utf8());
            copied = at + c.len_utf8();
        }
        at += c.len_utf8();
    }
    out.copy(text.get(copied..).unwrap_or_default(), from + copied);
}

/// Feeds one byte at a time, so that each character is known to end where it comes out; what is ASCII between characters is
/// copied.
fn legacy(bytes: &[u8], encoding: &'static Encoding, out: &mut Mapped) {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let direct = encoding != ISO_2022_JP;
    let (mut start, mut at) = (0, 0);
    let mut buffer = [0u8; 16];
    while let Some(byte) = bytes.get(at) {
        if direct && byte.is_ascii() && start == at {
            let rest = bytes.get(at..).unwrap_or_default();
            let length = rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            let plain = rest.get(..length).and_then(|plain| std::str::from_utf8(plain).ok());
            out.copy(plain.unwrap_or_default(), at);
            at += length;
            start = at;
            continue;
        }
        let (result, _, written) = decoder.decode_to_utf8_without_replacement(&[*byte], &mut buffer, false);
        let decoded = buffer.get(..written).and_then(|decoded| std::str::from_utf8(decoded).ok());
        for c in decoded.unwrap_or_default().chars() {
            put(out, c, start, at + 1 - start);
            start = at + 1;
        }
        if matches!(result, DecoderResult::Malformed(..)) {
            out.put(char::REPLACEMENT_CHARACTER, start, at + 1 - start);
            start = at + 1;
        }
        at += 1;
    }
}

fn utf16(bytes: &[u8], encoding: &'static Encoding, out: &mut Mapped) {
    let (bytes, skipped, big) = match bytes {
        [0xFE, 0xFF, rest @ ..] => (rest, 2, true),
        [0xFF, 0xFE, rest @ ..] => (rest, 2, false),
        _ => (bytes, 0, encoding == UTF_16BE),
    };
    let units = bytes.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
    let units = units.map(|pair| if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) });
    let mut at = skipped;
    for c in char::decode_utf16(units) {
        let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
        let length = c.len_utf16() * 2;
        put(out, c, at, length);
        at += length;
    }
}

/// RFC 2152: `+` opens base64 of UTF-16, which ends at `-` or at any character that is no digit of it; `+-` is a plus.
fn utf7(bytes: &[u8], out: &mut Mapped) {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'+' {
            out.put(if byte.is_ascii() { char::from(byte) } else { '?' }, at, 1);
            at += 1;
            continue;
        }
        let digits = bytes.get(at + 1..).unwrap_or_default();
        let length = digits.iter().take_while(|byte| sextet(**byte).is_some()).count();
        let closed = usize::from(digits.get(length) == Some(&b'-'));
        let read = 1 + length + closed;
        if length == 0 {
            out.put('+', at, read);
        }
        for c in char::decode_utf16(units(digits.get(..length).unwrap_or_default())) {
            put(out, c.unwrap_or(char::REPLACEMENT_CHARACTER), at, read);
        }
        at += read;
    }
}

fn units(digits: &[u8]) -> Vec<u16> {
    let mut units = Vec::new();
    let (mut gathered, mut filled) = (0u32, 0u32);
    for value in digits.iter().filter_map(|byte| sextet(*byte)) {
        gathered = (gathered << 6 | value) & 0x00FF_FFFF;
        filled += 6;
        if filled >= 16 {
            filled -= 16;
            units.extend(u16::try_from(gathered >> filled & 0xFFFF));
        }
    }
    units
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], label: &str) -> String {
        decode(bytes, Some(label)).as_str().to_owned()
    }

    #[test]
    fn each_charset_is_read_by_the_names_it_goes_by() {
        for (bytes, label, words) in [
            (&b"pr\xe9sent"[..], "charset=iso-8859-1; format=flowed", "présent"),
            (b"pr\xc3\xa9sent", "utf8", "présent"),
            (b"pr\xc3\xa9sent", "us-ascii", "présent"),
            (b"pr\xe9sent", "binary", "présent"),
            (b"\xd0\xcf\xce", "koi8-r", "пон"),
            (b"\xef\xf0\xee\xea\xf1\xe8", "windows-1251", "прокси"),
            (b"\x1b$B3+\x1b(B", "iso-2022-jp", "開"),
            (b"\xb0\xb3\xb9\xe6", "ks_c_5601-1987", "개방"),
            (b"\xbf\xaa\xb7\xc5", "gb2312", "开放"),
            (b"\xb6\x7d", "big5", "開"),
            (b"pr+AOk-sent +-", "utf-7", "présent +"),
            (b"\xff\xfea\0\xe9\0", "utf-16", "aé"),
            ("１９２．０．２．１".as_bytes(), "utf-8", "192.0.2.1"),
        ] {
            assert_eq!(read(bytes, label), words, "{label}");
        }
    }

    #[test]
    fn a_character_knows_its_bytes() {
        let mapped = decode(b"a \xb0\xb3\xb9\xe6 b", Some("euc-kr"));
        let at = mapped.as_str().find('방').unwrap_or_default();
        assert_eq!(mapped.source(at..at + 3), 4..6);
        let mapped = decode(b"a \x1b$B3+\x1b(B b", Some("iso-2022-jp"));
        let at = mapped.as_str().find('b').unwrap_or_default();
        assert_eq!(mapped.source(at..at + 1), 11..12);
    }
}
