//! The words of HTML, each character knowing where in the markup it stood.

use memchr::{memchr, memchr2, memmem};

use crate::mapped::Mapped;
use crate::text::Text;

/// Tags that end a line when rendered.
const BREAKING: [&str; 20] = [
    "br",
    "p",
    "/p",
    "/div",
    "div",
    "/tr",
    "tr",
    "/li",
    "li",
    "/h1",
    "/h2",
    "/h3",
    "/h4",
    "/table",
    "pre",
    "/pre",
    "/ul",
    "hr",
    "/blockquote",
    "/title",
];
/// Tags that end a cell of a table.
const CELLS: [&str; 4] = ["/td", "/th", "/dt", "/dd"];

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
pub(crate) fn words(html: &Text) -> Text {
    let source = html.as_str();
    let mut out = Vec::with_capacity(source.len());
    let mut picks = Vec::with_capacity(source.len());
    strip(source, |c, at, len| {
        out.push(u8::try_from(c).ok().filter(u8::is_ascii).unwrap_or(b'?'));
        picks.push(at..at + len);
    });
    html.derive(&out, &picks)
}

/// Takes the markup off characters.
pub(crate) fn prose(source: &str) -> Mapped {
    let mut out = Mapped::with_capacity(source.len());
    let framed = source.contains("<pre") || source.contains("<PRE");
    strip(source, |c, at, len| {
        // A line's end in markup is a blank, except in text that is set as it is.
        let written = source.get(at..at + 1).is_some_and(|raw| raw == "\n" || raw == "\r");
        out.put(if written && !framed { ' ' } else { c }, at, len);
    });
    out
}

/// Gives each character that is rendered, with where it was written and how long.
fn strip(source: &str, mut emit: impl FnMut(char, usize, usize)) {
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let (written, len) = match rest.as_bytes().first() {
            Some(b'<') => tag(rest),
            Some(b'&') => entity(rest),
            _ => {
                let c = rest.chars().next().unwrap_or(' ');
                (Some(c), c.len_utf8())
            }
        };
        if let Some(written) = written {
            emit(written, at, len);
        }
        at += len;
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
    for hidden in ["style", "script"] {
        if name.eq_ignore_ascii_case(hidden) {
            return (None, hidden_length(rest, hidden).unwrap_or(rest.len()));
        }
    }
    let is = |names: &[&str]| names.iter().any(|other| name.eq_ignore_ascii_case(other));
    let written = if is(&BREAKING) {
        Some('\n')
    } else if is(&CELLS) {
        Some('\t')
    } else {
        None
    };
    (written, end + 1)
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
