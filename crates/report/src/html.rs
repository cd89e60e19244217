//! The words of an HTML part, each byte knowing where in the markup it stood.

use std::ops::Range;

use memchr::{memchr, memchr2, memmem};

use crate::text::Text;

/// Tags that end a line when rendered.
const BREAKING: [&str; 14] =
    ["br", "p", "/p", "/div", "div", "/tr", "tr", "/li", "/h1", "/h2", "/h3", "/table", "pre", "/pre"];

/// The entities worth knowing: those that stand for ASCII.
const ENTITIES: [(&str, u8); 7] = [
    ("&nbsp;", b' '),
    ("&lt;", b'<'),
    ("&gt;", b'>'),
    ("&amp;", b'&'),
    ("&quot;", b'"'),
    ("&#39;", b'\''),
    ("&apos;", b'\''),
];

/// Takes the markup off.
pub(crate) fn words(html: &Text) -> Text {
    let source = html.as_str();
    let bytes = source.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut picks = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let (written, len) = match byte {
            b'<' => tag(source.get(at..).unwrap_or_default()),
            b'&' => entity(source.get(at..).unwrap_or_default()),
            other => (Some(other), 1),
        };
        if let Some(written) = written {
            out.push(written);
            picks.push(Range { start: at, end: at + len });
        }
        at += len;
    }
    html.derive(&out, &picks)
}

/// A tag at the head of `rest`: what it is rendered as, and its length. A `<` that opens no tag is itself.
fn tag(rest: &str) -> (Option<u8>, usize) {
    if rest.starts_with("<!--") {
        return (None, rest.find("-->").map_or(rest.len(), |end| end + 3));
    }
    if !rest
        .as_bytes()
        .get(1)
        .is_some_and(|&next| next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?'))
    {
        return (Some(b'<'), 1);
    }
    // Only up to the next `<`, so that a page of opened tags costs one pass and not one for each.
    let end = memchr2(b'<', b'>', rest.as_bytes().get(1..).unwrap_or_default()).map(|end| end + 1);
    let Some(end) = end.filter(|&end| rest.as_bytes().get(end) == Some(&b'>')) else {
        return (Some(b'<'), 1);
    };
    let inside = rest.get(1..end).unwrap_or_default();
    let name = inside.split([' ', '\t', '\r', '\n']).next().unwrap_or_default();
    let name = name.strip_suffix('/').unwrap_or(name);
    for hidden in ["style", "script"] {
        if name.eq_ignore_ascii_case(hidden) {
            return (None, hidden_length(rest, hidden).unwrap_or(rest.len()));
        }
    }
    let breaks = BREAKING.iter().any(|breaking| name.eq_ignore_ascii_case(breaking));
    (breaks.then_some(b'\n'), end + 1)
}

fn hidden_length(rest: &str, name: &str) -> Option<usize> {
    let end = memmem::find(rest.as_bytes(), format!("</{name}").as_bytes())?;
    let tail = rest.as_bytes().get(end..)?;
    memchr(b'>', tail).map(|close| end + close + 1)
}

fn entity(rest: &str) -> (Option<u8>, usize) {
    ENTITIES
        .iter()
        .find(|(name, _)| rest.starts_with(name))
        .map_or((Some(b'&'), 1), |(name, byte)| (Some(*byte), name.len()))
}
