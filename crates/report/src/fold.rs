//! What looks the same made the same: first for the eye, then for a list of words.

use crate::mapped::Mapped;
use crate::runs::Runs;

/// A character as a reader sees it: fullwidth forms are ASCII (Unicode's NFKC says so of U+FF01 to U+FF5E), every blank is
/// a blank; None for what is not seen at all, such as a soft hyphen or a mark of direction.
pub(crate) fn plain(c: char) -> Option<char> {
    match c {
        '\u{AD}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}'
        | '\u{FEFF}' => None,
        '\u{FF01}'..='\u{FF5E}' => u32::from(c).checked_sub(0xFEE0).and_then(char::from_u32),
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => Some(' '),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{2018}' | '\u{2019}' | '\u{2032}' => Some('\''),
        '\u{201C}' | '\u{201D}' | '\u{AB}' | '\u{BB}' => Some('"'),
        '\u{3002}' => Some('.'),
        '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        _ => Some(c),
    }
}

/// A letter without case and, in Latin script, without its marks: people leave them out.
pub(crate) fn letter(c: char) -> char {
    match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        // What is written most of what is not Latin; Unicode's tables say the same of it, and cost a search.
        _ if c.is_ascii() || matches!(c, 'а'..='я' | '一'..='鿿' | 'ぁ'..='ヺ' | '가'..='힣') => c,
        'à'..='å' | 'À'..='Å' | 'ā' | 'Ā' | 'ă' | 'Ă' | 'ą' | 'Ą' => 'a',
        'ç' | 'Ç' | 'ć' | 'Ć' | 'č' | 'Č' => 'c',
        'ď' | 'Ď' | 'đ' | 'Đ' => 'd',
        'è'..='ë' | 'È'..='Ë' | 'ē' | 'ę' | 'Ę' | 'ě' | 'Ě' => 'e',
        'ğ' | 'Ğ' => 'g',
        'ì'..='ï' | 'Ì'..='Ï' | 'ī' | 'İ' | 'ı' => 'i',
        'ł' | 'Ł' | 'ľ' | 'ĺ' => 'l',
        'ñ' | 'Ñ' | 'ń' | 'Ń' | 'ň' | 'Ň' => 'n',
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' | 'ő' | 'Ő' => 'o',
        'ř' | 'Ř' | 'ŕ' => 'r',
        'ś' | 'Ś' | 'š' | 'Š' | 'ş' | 'Ş' | 'ș' | 'Ș' => 's',
        'ť' | 'Ť' | 'ţ' | 'ț' => 't',
        'ù'..='ü' | 'Ù'..='Ü' | 'ū' | 'ů' | 'Ů' | 'ű' => 'u',
        'ý' | 'Ý' | 'ÿ' => 'y',
        'ź' | 'Ź' | 'ż' | 'Ż' | 'ž' | 'Ž' => 'z',
        'ё' | 'Ё' => 'е',
        _ => c.to_lowercase().next().unwrap_or(c),
    }
}

/// Words as a list has them: without case and marks, one blank between, hyphens as blanks, marks of a quote left out. A
/// line's end is a blank and an empty line is a line's end.
pub(crate) fn words(text: &str) -> Mapped {
    let lower: Vec<u8> = text.bytes().map(ascii).collect();
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut runs = Runs::default();
    let mut at = 0;
    loop {
        let (behind, blank) = gap(text.as_bytes(), &lower, at);
        let Some(rest) = lower.get(behind..).filter(|rest| !rest.is_empty()) else { break };
        if behind > at && !out.is_empty() {
            runs.units(out.len(), at, 1, behind - at);
            out.push(blank);
        }
        at = behind;
        let length = stretch(rest);
        if length > 0 {
            runs.copied(out.len(), at);
            out.extend_from_slice(rest.get(..length).unwrap_or_default());
            at += length;
        }
        let mut unit = (0, 0);
        for c in text.get(at..).unwrap_or_default().chars().take_while(|c| !c.is_ascii()) {
            let folded = letter(c);
            let lengths = (folded.len_utf8(), c.len_utf8());
            if lengths != unit {
                runs.units(out.len(), at, lengths.0, lengths.1);
                unit = lengths;
            }
            out.extend_from_slice(folded.encode_utf8(&mut [0; 4]).as_bytes());
            at += c.len_utf8();
        }
    }
    // Whole characters were put together, and nothing else.
    Mapped::made(String::from_utf8(out).unwrap_or_default(), runs)
}

/// The same of a word or few in one line of ASCII, without making a text of its own: the folded words are put into `out`.
/// None for what is longer or not of that kind.
pub(crate) fn line<'o>(text: &str, out: &'o mut [u8]) -> Option<&'o str> {
    if !text.is_ascii() || text.len() > out.len() || text.contains('\n') {
        return None;
    }
    let mut length = 0;
    let mut blank = false;
    for folded in text.bytes().map(ascii) {
        if folded == b' ' {
            blank = length > 0;
            continue;
        }
        if blank {
            *out.get_mut(length)? = b' ';
            length += 1;
            blank = false;
        }
        *out.get_mut(length)? = folded;
        length += 1;
    }
    std::str::from_utf8(out.get(..length)?).ok()
}

/// What is behind the blanks at `at`, and what they are folded to. Behind a line's end, marks of a quote are blanks.
fn gap(text: &[u8], lower: &[u8], at: usize) -> (usize, u8) {
    let (mut behind, mut ends) = (at, 0);
    while let Some(&byte) = lower.get(behind).filter(|byte| **byte == b' ' || ends > 0 && **byte == b'>') {
        ends += usize::from(byte == b' ' && text.get(behind) == Some(&b'\n'));
        behind += 1;
    }
    (behind, if ends > 1 { b'\n' } else { b' ' })
}

/// How much of what was folded byte by byte stands as it is: up to a blank that is not alone, or a letter that is not ASCII.
/// Blocks without either are passed over at once, which the compiler does for all their bytes together.
fn stretch(lower: &[u8]) -> usize {
    let next = lower.get(1..).unwrap_or_default();
    let blocks = lower.chunks_exact(BLOCK).zip(next.chunks_exact(BLOCK));
    let passed = blocks
        .take_while(|(block, next)| {
            block.iter().zip(*next).fold(0, |any, (&byte, &next)| any | ends(byte, next)) == 0
        })
        .count()
        * BLOCK;
    let rest = lower.get(passed..).unwrap_or_default();
    // The end of the text is a blank, which ends one in front of it.
    let next = rest.iter().skip(1).chain(std::iter::once(&b' '));
    passed + rest.iter().zip(next).position(|(&byte, &next)| ends(byte, next) != 0).unwrap_or(rest.len())
}

/// Not zero where a stretch ends: in bits and not in truths, for the compiler's sake.
fn ends(byte: u8, next: u8) -> u8 {
    let blank = u8::from(byte == b' ') & (u8::from(next == b' ') | u8::from(next == b'>'));
    byte & 0x80 | blank
}

/// Bytes that are looked at together.
const BLOCK: usize = 32;

/// A byte of ASCII folded; others stay.
fn ascii(byte: u8) -> u8 {
    let lower = byte.to_ascii_lowercase();
    let blank = lower <= b' ' || lower == 127 || lower == b'-' || lower == b'_';
    if blank { b' ' } else { lower }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_as_lists_have_them() {
        let folded = words("Open-PROXY\n> > Höst,\n\nné  ŁÓDŹ Прокси");
        assert_eq!(folded.as_str(), "open proxy host,\nne lodz прокси");
        let at = folded.as_str().find("host").unwrap_or_default();
        let source = folded.source(at..at + 4);
        assert_eq!("Open-PROXY\n> > Höst,\n\nné  ŁÓDŹ Прокси".get(source), Some("Höst"));
    }

    #[test]
    fn a_line_is_folded_as_a_text() {
        for text in ["Source-IP", "  IP_Address  (v4) ", "", " - ", "a\u{7f}b", "> quoted"] {
            let mut out = [0; 64];
            assert_eq!(line(text, &mut out), Some(words(text).as_str()), "{text:?}");
        }
        for text in ["\u{e9}t\u{e9}", "a\nb"] {
            assert_eq!(line(text, &mut [0; 64]), None, "{text:?}");
        }
    }

    #[test]
    fn long_texts_are_folded_as_short_ones() {
        let text = format!("{} \r\n\r\n>> {}\tÉnd \n", "Some-words ".repeat(20), "x_y".repeat(40));
        let folded = words(&text);
        assert_eq!(
            folded.as_str(),
            format!("{}\n{} end", "some words ".repeat(20).trim_end(), "x y".repeat(40))
        );
        for (at, c) in folded.as_str().char_indices().filter(|(_, c)| c.is_ascii_alphabetic()) {
            let source = text.get(folded.source(at..at + 1)).and_then(|source| source.chars().next());
            assert_eq!(source.map(letter), Some(c), "{at}");
        }
    }
}
