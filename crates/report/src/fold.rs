//! What looks the same made the same: first for the eye, then for a list of words.

use crate::mapped::Mapped;

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
        _ if c.is_ascii() => c,
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
    let mut out = Mapped::with_capacity(text.len());
    let mut blank: Option<(char, usize)> = Some((' ', 0));
    let mut newlines = 0;
    for (at, c) in text.char_indices() {
        let folded =
            if c.is_ascii() { FOLDED.get(c as usize).copied().map_or(c, char::from) } else { letter(c) };
        if folded == ' ' || newlines > 0 && c == '>' {
            newlines += usize::from(c == '\n');
            let (kind, from) = blank.unwrap_or((' ', at));
            blank = Some((if newlines > 1 { '\n' } else { kind }, from));
            continue;
        }
        newlines = 0;
        if let Some((kind, from)) = blank.take().filter(|_| out.len() > 0) {
            out.put(kind, from, at - from);
        }
        out.put(folded, at, c.len_utf8());
    }
    out
}

/// What each character of ASCII is folded to.
const FOLDED: [u8; 128] = {
    let mut table = [b' '; 128];
    let mut byte = 33u8;
    while byte < 127 {
        let folded = byte.to_ascii_lowercase();
        table[byte as usize] = if folded == b'-' || folded == b'_' { b' ' } else { folded };
        byte += 1;
    }
    table
};

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
}
