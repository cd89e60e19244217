//! The header fields of a part, and what they say of it. Where each stands is found here, and passed over is what nobody
//! reads; what a value means is mail-parser's work.

use std::ops::Range;
use std::sync::LazyLock;

use mail_parser::{HeaderName, HeaderValue, MessageParser};
use memchr::memchr_iter;

use super::Encoding;
use super::content_type::Plain;
use crate::limits::{FIELDS, HEADER};
use crate::text::shown;

/// What a part's own header fields say of it.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(super) mime: String,
    pub(super) boundary: Option<String>,
    pub(super) charset: Option<String>,
    pub(super) name: Option<String>,
    /// The name that Content-Disposition states, which counts before that of Content-Type (RFC 2183 section 2.3).
    file_name: Option<String>,
    pub(super) encoding: Encoding,
}

/// The fields whose values have a form of their own; all others are read as they stand.
static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .header_content_type(HeaderName::ContentType)
        .header_content_type(HeaderName::ContentDisposition)
        .header_text(HeaderName::ContentTransferEncoding)
        .header_address(HeaderName::From)
        .header_text(HeaderName::Subject)
        .default_header_ignore()
});

/// A header field as it stands in its block.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// Without blanks around it.
    pub(crate) name: Range<usize>,
    /// Behind the colon, up to the end of the last line that belongs to it.
    pub(crate) value: Range<usize>,
}

impl Field {
    pub(crate) fn is(&self, block: &[u8], name: &str) -> bool {
        block.get(self.name.clone()).is_some_and(|known| known.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// The value by the form that its name says it has.
    pub(crate) fn parsed<'b>(&self, block: &'b [u8]) -> Option<HeaderValue<'b>> {
        let whole = block.get(self.name.start..self.value.end)?;
        let part = PARSER.parse_headers(whole)?.parts.into_iter().next()?;
        part.headers.into_iter().next().map(|header| header.value)
    }
}

/// The fields of a block (RFC 5322 section 2.2); a line that is none is passed over, and an empty one ends it.
pub(crate) fn fields(block: &[u8]) -> impl Iterator<Item = Field> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = block.get(at..)?;
            let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace() && **byte != b'\n').count();
            let start = at + blanks;
            let line = block.get(start..).filter(|line| line.first().is_some_and(|&byte| byte != b'\n'))?;
            let ends = memchr::memchr(b'\n', line);
            let line = line.get(..ends.unwrap_or(line.len())).unwrap_or_default();
            // A name has a letter at least; a block that ends in one has it without a value.
            let first = line.iter().position(|&byte| byte != b':' && !byte.is_ascii_whitespace());
            let colon = first.and_then(|first| Some(first + memchr::memchr(b':', line.get(first..)?)?));
            let (Some(first), Some(colon)) = (first, colon.or(ends.is_none().then_some(line.len()))) else {
                at = start + line.len() + 1;
                continue;
            };
            let name = line.get(first..colon).unwrap_or_default().trim_ascii_end();
            let value = (start + colon + 1).min(block.len());
            at = folded_end(block, value);
            return Some(Field { name: start + first..start + first + name.len(), value: value..at });
        }
    })
}

/// The end of a value that goes on in every line that begins with a blank (RFC 5322 section 2.2.3).
fn folded_end(block: &[u8], from: usize) -> usize {
    let mut ends = memchr_iter(b'\n', block.get(from..).unwrap_or_default()).map(|end| from + end + 1);
    ends.find(|&end| !matches!(block.get(end), Some(b' ' | b'\t'))).unwrap_or(block.len())
}

impl Encoding {
    fn named(name: &[u8]) -> Option<Encoding> {
        let known = [
            (&b"7bit"[..], Encoding::Identity),
            (b"8bit", Encoding::Identity),
            (b"quoted-printable", Encoding::QuotedPrintable),
            (b"base64", Encoding::Base64),
        ];
        known.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, encoding)| encoding)
    }
}

impl About {
    /// What the header fields of a part say; `digest` is whether it lies in one.
    pub(super) fn part(block: &[u8], digest: bool) -> About {
        let block = without_mbox_line(block);
        let mut about = About::default();
        for field in fields(block) {
            about.take(block, &field);
        }
        if digest && about.mime.is_empty() {
            "message/rfc822".clone_into(&mut about.mime);
        }
        about
    }

    /// What one more field says; of two of a name the last counts.
    pub(crate) fn take(&mut self, block: &[u8], field: &Field) {
        if !block
            .get(field.name.clone())
            .is_some_and(|name| name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-")))
        {
            return;
        }
        let raw = block.get(field.value.clone()).unwrap_or_default();
        if field.is(block, "content-type") {
            if let Some(plain) = Plain::read(raw) {
                self.set_type(plain.kind, plain.subtype, |name| plain.attribute(name));
                return;
            }
            let value = field.parsed(block);
            let kind = value.as_ref().and_then(HeaderValue::as_content_type);
            let (name, subtype) = kind.map_or(("", None), |kind| (kind.ctype(), kind.subtype()));
            self.set_type(name, subtype, |name| kind.and_then(|kind| kind.attribute(name)));
        } else if field.is(block, "content-disposition") {
            if let Some(plain) = Plain::read(raw) {
                self.file_name = plain.attribute("filename").map(|name| shown(name, 255));
                return;
            }
            let value = field.parsed(block);
            let disposition = value.as_ref().and_then(HeaderValue::as_content_type);
            self.file_name =
                disposition.and_then(|value| value.attribute("filename")).map(|name| shown(name, 255));
        } else if field.is(block, "content-transfer-encoding") {
            self.encoding = Encoding::named(raw.trim_ascii()).unwrap_or_else(|| {
                let value = field.parsed(block);
                let stated = value.as_ref().and_then(HeaderValue::as_text).unwrap_or_default();
                Encoding::named(stated.trim().as_bytes()).unwrap_or_default()
            });
        }
    }

    fn set_type<'v>(
        &mut self,
        kind: &str,
        subtype: Option<&str>,
        attribute: impl Fn(&str) -> Option<&'v str>,
    ) {
        self.mime.clear();
        self.mime.push_str(kind);
        if let Some(subtype) = subtype {
            self.mime.push('/');
            self.mime.push_str(subtype);
        }
        self.mime.make_ascii_lowercase();
        self.boundary = attribute("boundary").map(str::to_owned);
        self.charset = attribute("charset").map(str::to_owned);
        self.name = attribute("name").map(|name| shown(name, 255));
    }

    /// The name of the file that it is.
    pub(super) fn file_name(&self) -> Option<&String> {
        self.file_name.as_ref().or(self.name.as_ref())
    }
}

/// The header block at the head of `bytes` and the length of it with the empty line behind.
pub(crate) fn header_block(bytes: &[u8]) -> (&[u8], usize) {
    let mut start = 0;
    for (count, end) in memchr_iter(b'\n', bytes).enumerate() {
        let line = bytes.get(start..end).unwrap_or_default();
        if line.is_empty() || line == b"\r" {
            return (bytes.get(..start.min(HEADER)).unwrap_or_default(), end + 1);
        }
        start = end + 1;
        if count > FIELDS * 16 {
            break;
        }
    }
    (bytes.get(..bytes.len().min(HEADER)).unwrap_or_default(), bytes.len())
}

/// The first line of an enclosed mbox entry, quoted or not, is no header field (RFC 4155).
pub(crate) fn without_mbox_line(block: &[u8]) -> &[u8] {
    let is_mbox = [&b"From "[..], b">From ", b"\"From "].iter().any(|start| block.starts_with(start));
    let rest = memchr::memchr(b'\n', block).and_then(|end| block.get(end + 1..)).filter(|_| is_mbox);
    rest.unwrap_or(block)
}
