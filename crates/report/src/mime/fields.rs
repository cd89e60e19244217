//! The header fields of a part, by mail-parser, and what they say of it.

use std::sync::LazyLock;

use mail_parser::{HeaderName, Message, MessageParser, MimeHeaders};
use memchr::memchr_iter;

use super::Encoding;
use crate::limits::{FIELDS, HEADER};

/// What a part's own header fields say of it.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(super) mime: String,
    pub(super) boundary: Option<String>,
    pub(super) charset: Option<String>,
    pub(super) name: Option<String>,
    pub(super) encoding: Encoding,
}

/// The fields of a part that say what it is (RFC 2045, RFC 2183); the values of others are passed over.
static OF_PART: LazyLock<MessageParser> = LazyLock::new(part_parser);
/// The same, and those of a mail that are more than their bytes.
static OF_MAIL: LazyLock<MessageParser> =
    LazyLock::new(|| part_parser().header_address(HeaderName::From).header_text(HeaderName::Subject));

fn part_parser() -> MessageParser {
    MessageParser::new()
        .header_content_type(HeaderName::ContentType)
        .header_content_type(HeaderName::ContentDisposition)
        .header_text(HeaderName::ContentTransferEncoding)
        .default_header_ignore()
}

/// The header fields of a whole mail.
pub(crate) fn of_mail(block: &[u8]) -> Option<Message<'_>> {
    OF_MAIL.parse_headers(block)
}

impl About {
    /// What the header fields of a part say; `digest` is whether it lies in one.
    pub(super) fn part(block: &[u8], digest: bool) -> About {
        let block = without_mbox_line(block);
        if block.is_empty() {
            return About::of(None, digest);
        }
        About::of(OF_PART.parse_headers(block).as_ref(), digest)
    }

    /// The same of fields that were read.
    pub(crate) fn of(parsed: Option<&Message<'_>>, digest: bool) -> About {
        let kind = parsed.and_then(|parsed| parsed.content_type());
        let mime = kind.map_or_else(
            || if digest { "message/rfc822".to_owned() } else { String::new() },
            |kind| {
                let subtype = kind.subtype().map_or_else(String::new, |subtype| format!("/{subtype}"));
                format!("{}{subtype}", kind.ctype()).to_ascii_lowercase()
            },
        );
        let boundary = kind.and_then(|kind| kind.attribute("boundary")).map(str::to_owned);
        let stated = parsed.and_then(|parsed| parsed.content_transfer_encoding()).unwrap_or_default();
        let encoding = match stated.trim() {
            stated if stated.eq_ignore_ascii_case("quoted-printable") => Encoding::QuotedPrintable,
            stated if stated.eq_ignore_ascii_case("base64") => Encoding::Base64,
            _ => Encoding::Identity,
        };
        let charset = kind.and_then(|kind| kind.attribute("charset")).map(str::to_owned);
        let disposition = parsed.and_then(|parsed| parsed.content_disposition());
        let name = disposition
            .and_then(|disposition| disposition.attribute("filename"))
            .or_else(|| kind.and_then(|kind| kind.attribute("name")))
            .map(|name| name.chars().filter(|c| !c.is_control()).take(255).collect());
        About { mime, boundary, charset, name, encoding }
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
