//! JSON with the place of each value: what was read has to lead back to the bytes it was read from.
//!
//! serde_json keeps the text of a value it was not asked to read ([`RawValue`]); where that text begins in the whole is
//! where the value stands, whatever else in the document looks the same. Keys are compared without case, `_`, `-` and
//! `.`, since the same field is `SourceIp`, `source_ip` and `source.ip` depending on the hand.

mod bounded;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;

use serde_json::value::RawValue;

use bounded::{Fields, Items};

/// An object: its values unread, each with its place.
#[derive(Debug)]
pub(crate) struct Object<'j> {
    /// The document it lies in; places are offsets in this.
    whole: &'j str,
    fields: BTreeMap<String, &'j RawValue>,
}

/// A value that is text or can be read as text, with the place of what stands between its quotation marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) range: Range<usize>,
}

/// The document as text of the same length: a byte order mark and bytes that are no UTF-8 become spaces or `?`.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    let marked = bytes.starts_with(b"\xEF\xBB\xBF");
    if let (false, Ok(text)) = (marked, std::str::from_utf8(bytes)) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        plain.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|_| plain.push('?'));
    }
    if marked {
        plain.replace_range(..3, "   ");
    }
    Cow::Owned(plain)
}

/// The first value in `whole` from `at` on, and where it ends; None where no whole value begins there.
pub(crate) fn value(whole: &str, at: usize) -> Option<(&RawValue, usize)> {
    let rest = whole.get(at..)?;
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
    let value = values.next()?.ok()?;
    Some((value, at + values.byte_offset()))
}

impl<'j> Object<'j> {
    /// Reads `value`, which lies in `whole`; None when it is no object.
    pub(crate) fn of(whole: &'j str, value: &'j RawValue) -> Option<Object<'j>> {
        let Fields(fields) = serde_json::from_str(value.get()).ok()?;
        Some(Object { whole, fields })
    }

    /// The value under the first of `keys` (as [`plain_key`] writes them) that there is; `null` is as good as absent.
    pub(crate) fn raw(&self, keys: &[&str]) -> Option<&'j RawValue> {
        keys.iter().find_map(|key| self.fields.get(*key).copied().filter(|value| value.get() != "null"))
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    /// The keys, as [`plain_key`] writes them.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.fields.keys().map(String::as_str)
    }

    pub(crate) fn object(&self, key: &str) -> Option<Object<'j>> {
        Object::of(self.whole, self.raw(&[key])?)
    }

    /// The items of an array.
    pub(crate) fn items(&self, key: &str) -> Option<Vec<&'j RawValue>> {
        items(self.raw(&[key])?)
    }

    /// Text; numbers are not.
    pub(crate) fn string(&self, keys: &[&str]) -> Option<String> {
        let value = self.raw(keys)?;
        serde_json::from_str(value.get()).ok()
    }

    /// Text or a number, with its place.
    pub(crate) fn word(&self, keys: &[&str]) -> Option<Word> {
        word(self.whole, self.raw(keys)?)
    }

    /// A port: a number or digits, 1 to 65535.
    pub(crate) fn port(&self, keys: &[&str]) -> Option<u16> {
        self.word(keys)?.text.trim().parse().ok().filter(|&port| port > 0)
    }

    /// A true number, whatever its size.
    pub(crate) fn number(&self, keys: &[&str]) -> Option<f64> {
        serde_json::from_str(self.raw(keys)?.get()).ok()
    }
}

/// The items of `value`, if it is an array; at most 250,000.
pub(crate) fn items(value: &RawValue) -> Option<Vec<&RawValue>> {
    let Items(items) = serde_json::from_str(value.get()).ok()?;
    Some(items)
}

/// `value` as text with its place in `whole`, if it is text or a number.
pub(crate) fn word(whole: &str, value: &RawValue) -> Option<Word> {
    let start = offset(whole, value.get())?;
    let range = start..start + value.get().len();
    match serde_json::from_str(value.get()).ok()? {
        serde_json::Value::String(text) => Some(Word { text, range: range.start + 1..range.end - 1 }),
        serde_json::Value::Number(number) => Some(Word { text: number.to_string(), range }),
        _ => None,
    }
}

/// Where `part`, a piece of `whole`, begins in it.
fn offset(whole: &str, part: &str) -> Option<usize> {
    let at = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    whole.get(at..at + part.len()).is_some_and(|found| found == part).then_some(at)
}

/// `SourceIp`, `source_ip`, `source.ip` and `Source-IP` are all `sourceip`.
pub(crate) fn plain_key(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).take(64).collect()
}

/// An address and what is written around it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) address: IpAddr,
    pub(crate) port: Option<u16>,
    /// Where the address itself stands in the text.
    pub(crate) range: Range<usize>,
}

/// The address that `text` is: bare, in brackets, with a port, or the host of a URL. A network, a name and a number are
/// none.
pub(crate) fn host(text: &str) -> Option<Host> {
    let start = text.len() - text.trim_start().len();
    let (authority, at) = match text.find("://") {
        Some(scheme) => {
            let rest = text.get(scheme + 3..)?;
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let authority = rest.get(..end)?;
            let user = authority.rfind('@').map_or(0, |user| user + 1);
            (authority.get(user..)?, scheme + 3 + user)
        }
        None => (text.trim(), start),
    };
    let (inner, at, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let end = rest.find(']')?;
            (rest.get(..end)?, at + 1, rest.get(end + 1..)?.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) if !port.contains(':') => (host, at, Some(port)),
            _ => (authority, at, None),
        },
    };
    let address: IpAddr = inner.parse().ok()?;
    let port = port.map(str::parse::<u16>).transpose().ok()?.filter(|&port| port > 0);
    Some(Host { address: address.to_canonical(), port, range: at..at + inner.len() })
}

#[cfg(test)]
mod tests {
    use super::bounded::{MOST_FIELDS, MOST_ITEMS};
    use super::*;

    fn object(whole: &str) -> Object<'_> {
        Object::of(whole, value(whole, 0).unwrap().0).unwrap()
    }

    #[test]
    fn a_value_is_found_where_it_stands_and_not_where_it_stands_first() {
        let whole = r#"{"note": "192.0.2.1", "Source_IP": "192.0.2.1"}"#;
        let word = object(whole).word(&["sourceip"]).unwrap();
        assert_eq!(word.range.start, whole.rfind("192").unwrap());
        assert_eq!(&whole[word.range], "192.0.2.1");
    }

    #[test]
    fn escapes_do_not_move_what_comes_behind_them() {
        let whole = r#"{"a": "\u00e9\"\\", "ip": "192.0.2.\u0031"}"#;
        let word = object(whole).word(&["ip"]).unwrap();
        assert_eq!(word.text, "192.0.2.1");
        assert_eq!(&whole[word.range], r"192.0.2.\u0031");
    }

    #[test]
    fn hosts_in_every_dress() {
        let read = |text: &str| {
            host(text).map(|host| (host.address.to_string(), host.port, text[host.range].to_owned()))
        };
        let plain = |address: &str, port| Some((address.to_owned(), port, address.to_owned()));
        assert_eq!(read(" 192.0.2.1 "), plain("192.0.2.1", None));
        assert_eq!(read("192.0.2.1:8080"), plain("192.0.2.1", Some(8080)));
        assert_eq!(read("[2001:db8::1]:80"), plain("2001:db8::1", Some(80)));
        assert_eq!(read("2001:db8::1"), plain("2001:db8::1", None));
        assert_eq!(read("http://u@192.0.2.1:81/x:y"), plain("192.0.2.1", Some(81)));
        assert_eq!(read("https://[2001:db8::1]/"), plain("2001:db8::1", None));
        for none in
            ["192.0.2.0/24", "example.net", "198", "http://example.net/192.0.2.1", "", "[", "192.0.2.1:x"]
        {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn arrays_and_objects_are_bounded() {
        let zeros = format!("[{}0]", "0,".repeat(300_000));
        assert_eq!(items(value(&zeros, 0).unwrap().0).unwrap().len(), MOST_ITEMS);
        let fields: String = (0..10_000).map(|n| format!("\"a{n}\":0,")).collect();
        let fields = format!("{{{fields}\"ip\":1}}");
        assert_eq!(object(&fields).fields.len(), MOST_FIELDS);
    }

    #[test]
    fn bytes_that_are_no_utf8_keep_the_offsets() {
        assert_eq!(text(b"\xEF\xBB\xBF{\xFF}"), "   {?}");
    }
}
