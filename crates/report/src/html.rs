//! The words of HTML, each character knowing where in the markup it stood.

use std::ops::Range;

use memchr::{memchr, memchr2, memchr2_iter, memmem};

use crate::mapped::Mapped;
use crate::runs::Runs;
use crate::text::Text;

/// The entities worth knowing by name: ASCII, and the letters of Western Europe that old editors wrote so.
const ENTITIES: [(&str, char); 36] = [
    ("nbsp", ' '),
    ("lt", '<'),
    ("gt", '>'),
    ("amp", '&'),
    ("quot", '"'),
    ("apos", '\''),
    ("rsquo", '\''),
    ("lsquo", '\''),
    ("ndash", '-'),
    ("mdash", '-'),
    ("period", '.'),
    ("colon", ':'),
    ("agrave", 'à'),
    ("aacute", 'á'),
    ("acirc", 'â'),
    ("atilde", 'ã'),
    ("auml", 'ä'),
    ("aring", 'å'),
    ("ccedil", 'ç'),
    ("egrave", 'è'),
    ("eacute", 'é'),
    ("ecirc", 'ê'),
    ("euml", 'ë'),
    ("iacute", 'í'),
    ("icirc", 'î'),
    ("ntilde", 'ñ'),
    ("oacute", 'ó'),
    ("ocirc", 'ô'),
    ("otilde", 'õ'),
    ("ouml", 'ö'),
    ("oslash", 'ø'),
    ("uacute", 'ú'),
    ("ugrave", 'ù'),
    ("ucirc", 'û'),
    ("uuml", 'ü'),
    ("szlig", 'ß'),
];

/// Takes the markup off the ASCII projection of a part.
pub(crate) fn words(html: Text) -> Text {
    let source = html.as_str();
    let mut out = Vec::with_capacity(source.len());
    let mut picks = Runs::default();
    strip(source, |piece| match piece {
        Piece::Words(range) => {
            picks.copied(out.len(), range.start);
            out.extend_from_slice(source.get(range).unwrap_or_default().as_bytes());
        }
        Piece::Written(c, at, length) => {
            picks.units(out.len(), at, 1, length);
            out.push(u8::try_from(c).ok().filter(u8::is_ascii).unwrap_or(b'?'));
        }
    });
    html.pick(&out, picks)
}

/// Takes the markup off characters.
pub(crate) fn prose(source: &str) -> Mapped {
    let mut out = Mapped::with_capacity(source.len());
    let framed = source.contains("<pre") || source.contains("<PRE");
    strip(source, |piece| match piece {
        Piece::Words(range) if framed => out.copy(source.get(range.clone()).unwrap_or_default(), range.start),
        Piece::Words(range) => unframed(source, range, &mut out),
        Piece::Written(c, at, length) => out.put(c, at, length),
    });
    out
}

/// A line's end in markup is a blank, except in text that is set as it is.
fn unframed(source: &str, range: Range<usize>, out: &mut Mapped) {
    let words = source.get(range.clone()).unwrap_or_default();
    let mut copied = 0;
    for end in memchr2_iter(b'\r', b'\n', words.as_bytes()) {
        out.copy(words.get(copied..end).unwrap_or_default(), range.start + copied);
        out.copy(" ", range.start + end);
        copied = end + 1;
    }
    out.copy(words.get(copied..).unwrap_or_default(), range.start + copied);
}

/// A piece of what is rendered.
enum Piece {
    /// Text that stands in the markup as it is.
    Words(Range<usize>),
    /// A character, where it was written and how long.
    Written(char, usize, usize),
}

/// Gives each piece that is rendered.
fn strip(source: &str, mut emit: impl FnMut(Piece)) {
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let words = memchr2(b'<', b'&', rest.as_bytes()).unwrap_or(rest.len());
        if words > 0 {
            emit(Piece::Words(at..at + words));
            at += words;
            continue;
        }
        let (written, length) = if rest.starts_with('<') { tag(rest) } else { entity(rest) };
        if let Some(written) = written {
            emit(Piece::Written(written, at, length));
        }
        at += length;
    }
}

/// A tag at the head of `rest`: what it is rendered as, and its length. A `<` that opens no tag is itself.
fn tag(rest: &str) -> (Option<char>, usize) {
    if rest.starts_with("<!--") {
        return (None, memmem::find(rest.as_bytes(), b"-->").map_or(rest.len(), |end| end + 3));
    }
    if !rest
        .as_bytes()
        .get(1)
        .is_some_and(|&next| next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?'))
    {
        return (Some('<'), 1);
    }
    // Only up to the next `<`, so that a page of opened tags costs one pass and not one for each.
    let end = memchr2(b'<', b'>', rest.as_bytes().get(1..).unwrap_or_default()).map(|end| end + 1);
    let Some(end) = end.filter(|&end| rest.as_bytes().get(end) == Some(&b'>')) else {
        return (Some('<'), 1);
    };
    let inside = rest.get(1..end).unwrap_or_default();
    let name = inside.split([' ', '\t', '\r', '\n']).next().unwrap_or_default();
    let name = name.strip_suffix('/').unwrap_or(name);
    let mut lower = [0; LONGEST_TAG];
    let rendered = lower.get_mut(..name.len()).and_then(|lower| {
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        rendered(lower)
    });
    match rendered {
        Some(Rendered::Hidden(name)) => (None, hidden_length(rest, name).unwrap_or(rest.len())),
        Some(Rendered::As(c)) => (Some(c), end + 1),
        None => (None, end + 1),
    }
}

/// What a tag does to the text.
enum Rendered {
    /// It stands for a character: it ends a line, or a cell of a table.
    As(char),
    /// What is in the element of this name is not shown.
    Hidden(&'static str),
}

/// No tag that does anything to the text has a longer name.
const LONGEST_TAG: usize = 11;

/// What the tag of this name, in lower case, is rendered as.
fn rendered(name: &[u8]) -> Option<Rendered> {
    Some(match name {
        b"br" | b"p" | b"/p" | b"div" | b"/div" | b"tr" | b"/tr" | b"li" | b"/li" | b"/h1" | b"/h2"
        | b"/h3" | b"/h4" | b"/table" | b"pre" | b"/pre" | b"/ul" | b"hr" | b"/blockquote" | b"/title" => {
            Rendered::As('\n')
        }
        b"/td" | b"/th" | b"/dt" | b"/dd" => Rendered::As('\t'),
        b"style" => Rendered::Hidden("style"),
        b"script" => Rendered::Hidden("script"),
        _ => return None,
    })
}

fn hidden_length(rest: &str, name: &str) -> Option<usize> {
    let end = memmem::find(rest.as_bytes(), format!("</{name}").as_bytes())?;
    let tail = rest.as_bytes().get(end..)?;
    memchr(b'>', tail).map(|close| end + close + 1)
}

/// An entity at the head of `rest`, by name or number, and its length. An ampersand that opens none is itself.
fn entity(rest: &str) -> (Option<char>, usize) {
    let bytes = rest.as_bytes();
    let end = bytes.iter().take(12).position(|&byte| byte == b';');
    let Some(name) = end.and_then(|end| rest.get(1..end)) else { return (Some('&'), 1) };
    let length = name.len() + 2;
    let number = name.strip_prefix('#').and_then(|digits| match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    });
    if let Some(c) = number.and_then(char::from_u32) {
        return (crate::fold::plain(c), length);
    }
    let known = ENTITIES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
    known.map_or((Some('&'), 1), |(_, c)| (Some(*c), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stay_apart_and_hidden_words_stay_hidden() {
        let html = "<style>open proxy</style><table><tr><td>IP&nbsp;Adresse</td><td>192&#46;0.2.1</td></tr></table><!-- x -->f&uuml;r";
        assert_eq!(prose(html).as_str(), "\nIP Adresse\t192.0.2.1\t\n\nfür");
    }

    #[test]
    fn a_word_in_markup_is_found_where_it_stands() {
        let html = "<b>a</b> pr<i>oxy</i>";
        let mapped = prose(html);
        let at = mapped.as_str().find("proxy").unwrap_or_default();
        assert_eq!(html.get(mapped.source(at..at + 5)), Some("pr<i>oxy"));
    }
}
