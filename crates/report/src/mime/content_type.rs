//! A Content-Type or Content-Disposition in its plainest form (RFC 2045 section 5.1, RFC 2183 section 2), as nearly all
//! are: read where it stands. Comments, escapes, values in several pieces or in a charset (RFC 2231) are mail-parser's work.

/// So many attributes a plain one has at most.
const MOST: usize = 8;

/// A type with its attributes, as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plain<'v> {
    pub(super) kind: &'v str,
    pub(super) subtype: Option<&'v str>,
    attributes: [(&'v str, &'v str); MOST],
}

impl<'v> Plain<'v> {
    /// Reads the value of a field; None where it has anything that is not plain.
    pub(super) fn read(value: &'v [u8]) -> Option<Plain<'v>> {
        let value = std::str::from_utf8(value).ok()?.trim_matches(is_blank);
        let (kind, mut rest) = value.split_once(';').unwrap_or((value, ""));
        let kind = kind.trim_end_matches(is_blank);
        let (kind, subtype) = kind.split_once('/').map_or((kind, None), |(kind, sub)| (kind, Some(sub)));
        if !is_token(kind) || !subtype.is_none_or(is_token) {
            return None;
        }
        let mut plain = Plain { kind, subtype, attributes: [("", ""); MOST] };
        for count in 0.. {
            rest = rest.trim_start_matches(is_blank);
            if rest.is_empty() {
                break;
            }
            let (name, value, behind) = attribute(rest)?;
            // Which of two counts is not for us to say.
            if plain.attribute(name).is_some() {
                return None;
            }
            *plain.attributes.get_mut(count)? = (name, value);
            rest = behind;
        }
        Some(plain)
    }

    /// The value of an attribute, whose name is told in whichever case.
    pub(super) fn attribute(&self, name: &str) -> Option<&'v str> {
        let named = self.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| *value)
    }
}

/// The attribute at the head of `rest`: name, value, and what is behind it.
fn attribute(rest: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = rest.split_once('=')?;
    let (value, behind) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').filter(|(value, _)| value.bytes().all(is_quotable))?,
        None => rest.split_at(rest.find(|c| c == ';' || is_blank(c)).unwrap_or(rest.len())),
    };
    let is_plain = is_token(name) && !value.is_empty() && (rest.starts_with('"') || is_token(value));
    let behind = behind.trim_start_matches(is_blank);
    let behind = behind.strip_prefix(';').or(behind.is_empty().then_some(""))?;
    is_plain.then_some((name, value, behind))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Letters, digits and the marks that mean nothing else anywhere in such a field.
fn is_token(word: &str) -> bool {
    !word.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'+'))
}

fn is_quotable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'\\'
}

#[cfg(test)]
mod tests {
    use mail_parser::{HeaderName, HeaderValue, MessageParser};
    use proptest::prelude::*;

    use super::*;

    const NAMES: [&str; 4] = ["charset", "boundary", "name", "filename"];

    /// What mail-parser reads in a Content-Type.
    fn library(value: &str) -> Option<(String, Option<String>, Vec<Option<String>>)> {
        let field = format!("Content-Type: {value}\r\n\r\n");
        let parser =
            MessageParser::new().header_content_type(HeaderName::ContentType).default_header_ignore();
        let parsed = parser.parse_headers(field.as_bytes())?;
        let kind = parsed.parts.first()?.headers.first().map(|header| &header.value);
        let kind = kind.and_then(HeaderValue::as_content_type)?;
        let attributes = NAMES.iter().map(|name| kind.attribute(name).map(str::to_owned)).collect();
        Some((kind.ctype().to_owned(), kind.subtype().map(str::to_owned), attributes))
    }

    fn ours(value: &str) -> Option<(String, Option<String>, Vec<Option<String>>)> {
        let plain = Plain::read(value.as_bytes())?;
        let attributes = NAMES.iter().map(|name| plain.attribute(name).map(str::to_owned)).collect();
        let lower = |word: &str| word.to_ascii_lowercase();
        Some((lower(plain.kind), plain.subtype.map(lower), attributes))
    }

    proptest! {
        #[test]
        fn what_is_plain_is_read_as_the_library_reads_it(
            value in "[a-zA-Z]{1,6}(/[a-zA-Z0-9.+-]{1,6})? ?(;(\r\n[ \t])?[ \t]{0,2}(charset|Name|boundary|fileName|x-y)=(\"[ -~]{0,8}\"|[!-~]{1,8}|[a-z0-9.-]{1,8}) ?){0,3};?"
        ) {
            if let Some(ours) = ours(&value) {
                prop_assert_eq!(Some(ours), library(&value), "{}", value);
            }
        }
    }

    #[test]
    fn what_programs_write_is_plain() {
        for value in [
            "text/plain",
            " text/plain; charset=us-ascii\r\n",
            "TEXT/HTML; charset=\"utf-8\"",
            "multipart/mixed;\r\n\tboundary=\"----=_Part_1(2)=\"; x-y=1;",
            "attachment; filename=\"a report.csv\"",
        ] {
            assert!(Plain::read(value.as_bytes()).is_some(), "{value}");
            assert_eq!(ours(value), library(value), "{value}");
        }
        for value in ["", "text/plain (a comment)", "a/b; name*=utf-8''x", "a/b; name=\"\\\"\"", "a/b; name="]
        {
            assert!(Plain::read(value.as_bytes()).is_none(), "{value}");
        }
    }
}
