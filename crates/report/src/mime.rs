//! A message's structure (RFC 2046): every readable part with where it lies.
//!
//! Header fields are mail-parser's work. The walk over the parts is our own, since it has to know the place of each byte
//! in the message as it came, also within enclosed messages, and has to end early on messages made to be walked for ever.

use std::borrow::Cow;
use std::ops::Range;

use mail_parser::{HeaderName, Message, MessageParser, MimeHeaders};
use memchr::memchr_iter;

use crate::limits::{ALL_TEXT, FIELDS, HEADER, NESTED, PART_TEXT, PARTS, WALK};
use crate::reading::Doubt;
use crate::text::Text;
use crate::{html, transfer};

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartKind {
    /// Words for people.
    Words,
    /// The same, taken out of HTML.
    Html,
    /// The header fields of an enclosed message (message/rfc822 or text/rfc822-headers).
    Headers,
    /// Anything else that can be read as text: a feedback report, a log file, an attachment without a type.
    Data,
}

/// One text of the message.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) kind: PartKind,
    /// How many messages it is enclosed in; 0 is the message itself.
    pub(crate) depth: u8,
    /// Its Content-Type in lower case, without parameters; empty when none is stated.
    pub(crate) mime: String,
    /// The charset it states, as written.
    pub(crate) charset: Option<String>,
    /// The decoded bytes of it, for those who need more than ASCII.
    pub(crate) origin: Origin,
    pub(crate) text: Text,
}

/// Where the bytes of a part lie in the message.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    range: Range<usize>,
    encoding: Encoding,
    /// Whether `range` is in the message itself and not in a part that had to be decoded first.
    reachable: bool,
}

impl Origin {
    /// The decoded bytes, at most `most`; empty where they cannot be reached again.
    pub(crate) fn bytes<'m>(&self, raw: &'m [u8], most: usize) -> Cow<'m, [u8]> {
        let bytes = raw.get(self.range.clone()).filter(|_| self.reachable).unwrap_or_default();
        match self.encoding {
            Encoding::Identity => Cow::Borrowed(bytes.get(..most).unwrap_or(bytes)),
            Encoding::QuotedPrintable => Cow::Owned(transfer::quoted_printable_bytes(bytes, most)),
            Encoding::Base64 => Cow::Owned(transfer::base64_bytes(bytes, most)),
        }
    }

    /// The way from each decoded byte to the message; None for what is too long to keep one, or cannot be reached again.
    pub(crate) fn text(&self, raw: &[u8]) -> Option<Text> {
        let bytes = raw.get(self.range.clone()).filter(|bytes| self.reachable && bytes.len() <= PART_TEXT)?;
        Some(decode(bytes, self.range.start, self.encoding))
    }

    /// The decoded text with the way back to the message.
    pub(crate) fn words(&self, raw: &[u8]) -> Text {
        let bytes = raw.get(self.range.clone()).filter(|_| self.reachable).unwrap_or_default();
        let bytes = bytes.get(..PART_TEXT).unwrap_or(bytes);
        decode(bytes, self.range.start, self.encoding)
    }

    /// Whether the bytes stand in the message otherwise than they are.
    pub(crate) fn is_encoded(&self) -> bool {
        self.encoding != Encoding::Identity
    }

    /// Where it lies in the message, encoded.
    pub(crate) fn span(&self) -> Range<usize> {
        self.range.clone()
    }
}

/// A part that is a file: it has a name, or a type that is no text.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// The name it states, decoded.
    pub(crate) name: Option<String>,
    /// Its Content-Type in lower case, without parameters.
    pub(crate) mime: String,
    /// How many messages it is enclosed in.
    pub(crate) depth: u8,
    pub(crate) origin: Origin,
}

/// Where a part is in the tree.
#[derive(Debug, Clone)]
struct Place {
    /// Messages around it.
    depth: u8,
    /// Parts and messages around it.
    nested: u8,
    /// Whether it lies in a digest, where parts are messages unless they say otherwise.
    digest: bool,
    /// The encoded bytes it was decoded from; its own offsets then say nothing.
    within: Option<Range<usize>>,
}

/// The transfer encodings that change the bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Encoding {
    #[default]
    Identity,
    QuotedPrintable,
    Base64,
}

/// What a part's own header fields say of it.
#[derive(Debug, Default)]
struct About {
    mime: String,
    boundary: Option<String>,
    charset: Option<String>,
    name: Option<String>,
    encoding: Encoding,
}

/// Gathers the parts of a message.
#[derive(Debug)]
pub(crate) struct Walker {
    pub(crate) parts: Vec<Part>,
    pub(crate) files: Vec<File>,
    /// Content-Types of all parts met, readable or not.
    pub(crate) mimes: Vec<String>,
    pub(crate) doubts: Vec<Doubt>,
    /// Where the messages lie that the message itself encloses (RFC 2046 section 5.2.1, which has them unencoded; some
    /// encode them all the same), or has as files.
    pub(crate) messages: Vec<Origin>,
    text_left: usize,
    walk_left: usize,
}

/// Header fields of one block, by mail-parser.
pub(crate) fn fields(block: &[u8]) -> Option<Message<'_>> {
    MessageParser::new()
        .with_mime_headers()
        .header_address(HeaderName::From)
        .header_text(HeaderName::Subject)
        .default_header_raw()
        .parse_headers(block)
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

impl Walker {
    pub(crate) fn new() -> Walker {
        Walker {
            parts: Vec::new(),
            files: Vec::new(),
            mimes: Vec::new(),
            doubts: Vec::new(),
            messages: Vec::new(),
            text_left: ALL_TEXT,
            walk_left: WALK,
        }
    }

    /// Walks the message that `raw` is.
    pub(crate) fn message(&mut self, raw: &[u8]) {
        self.entity(raw, 0..raw.len(), &Place { depth: 0, nested: 0, digest: false, within: None });
    }

    fn entity(&mut self, raw: &[u8], range: Range<usize>, place: &Place) {
        if self.mimes.len() >= PARTS || place.nested > NESTED {
            self.doubt("more than 1000 parts, or nested more than 32 deep; the rest was not read");
            return;
        }
        let Some(bytes) = raw.get(range.clone()) else { return };
        let (block, length) = header_block(bytes);
        let about = about(block, place.digest);
        self.mimes.push(about.mime.clone());
        let body = (range.start + length).min(range.end)..range.end;
        if about.mime.starts_with("multipart/") && self.split(raw, body.clone(), &about, place) {
            return;
        }
        if matches!(about.mime.as_str(), "message/rfc822" | "message/global" | "message/news") {
            self.enclosed(raw, body, about.encoding, place);
        } else {
            self.leaf(raw, body, about, place);
        }
    }

    /// Splits a multipart at its boundary; false when there is none in it.
    fn split(&mut self, raw: &[u8], body: Range<usize>, about: &About, place: &Place) -> bool {
        let Some(bytes) = raw.get(body.clone()) else { return false };
        if self.walk_left < bytes.len() {
            self.doubt("too many parts within parts for so large a message; the last were not read");
            return false;
        }
        self.walk_left -= bytes.len();
        let stated = about
            .boundary
            .as_deref()
            .map(|boundary| sections(bytes, boundary.as_bytes()))
            .unwrap_or_default();
        let sections = if stated.is_empty() { self.guess(bytes) } else { stated };
        let inner =
            Place { nested: place.nested + 1, digest: about.mime == "multipart/digest", ..place.clone() };
        for section in &sections {
            self.entity(raw, body.start + section.start..body.start + section.end, &inner);
        }
        !sections.is_empty()
    }

    /// A multipart that does not state its boundary, or states another: the first line that looks like one.
    fn guess(&mut self, bytes: &[u8]) -> Vec<Range<usize>> {
        let head = bytes.get(..bytes.len().min(64 << 10)).unwrap_or_default();
        let mut lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end).peekable();
        while let Some(line) = lines.next() {
            let opens = lines
                .peek()
                .is_some_and(|next| next.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"content-")));
            if let Some(boundary) = line.strip_prefix(b"--").filter(|boundary| opens && !boundary.is_empty())
            {
                self.doubt("the boundary of the parts is not the one stated; it was guessed");
                return sections(bytes, boundary);
            }
        }
        Vec::new()
    }

    fn enclosed(&mut self, raw: &[u8], body: Range<usize>, encoding: Encoding, place: &Place) {
        let inner = Place {
            depth: place.depth.saturating_add(1),
            nested: place.nested + 1,
            digest: false,
            within: place.within.clone(),
        };
        if place.depth == 0 && place.within.is_none() {
            self.messages.push(origin(body.clone(), encoding, place));
        }
        if encoding == Encoding::Identity {
            self.headers(raw, &body, &inner);
            self.entity(raw, body, &inner);
            return;
        }
        let Some(bytes) = raw.get(body.start..body.end.min(body.start + PART_TEXT)) else { return };
        let decoded = decode(bytes, body.start, encoding);
        let decoded = decoded.as_str().as_bytes();
        let inner = Place { within: inner.within.or(Some(body)), ..inner };
        self.headers(decoded, &(0..decoded.len()), &inner);
        self.entity(decoded, 0..decoded.len(), &inner);
    }

    fn headers(&mut self, raw: &[u8], message: &Range<usize>, place: &Place) {
        let (block, _) = header_block(raw.get(message.clone()).unwrap_or_default());
        let range = message.start..message.start + block.len();
        self.push(PartKind::Headers, About::default(), raw, range, place);
    }

    fn leaf(&mut self, raw: &[u8], body: Range<usize>, about: About, place: &Place) {
        if about.name.is_some() || !(about.mime.is_empty() || about.mime.starts_with("text")) {
            let origin = origin(body.clone(), about.encoding, place);
            let (name, mime) = (about.name.clone(), about.mime.clone());
            if place.depth == 0 && place.within.is_none() && name.as_deref().is_some_and(is_message_name) {
                self.messages.push(origin.clone());
            }
            self.files.push(File { name, mime, depth: place.depth, origin });
        }
        let kind = match about.mime.as_str() {
            "text/html" => PartKind::Html,
            "" | "text/plain" | "text" => PartKind::Words,
            "text/rfc822-headers" | "text/rfc822-header" | "message/rfc822-headers" => PartKind::Headers,
            other if is_readable(other) => PartKind::Data,
            _ => return,
        };
        self.push(kind, about, raw, body, place);
    }

    fn push(&mut self, kind: PartKind, about: About, raw: &[u8], range: Range<usize>, place: &Place) {
        let encoding = about.encoding;
        let length = range.len().min(PART_TEXT).min(self.text_left);
        if length < range.len() {
            self.doubt("a long text was read only in part");
        }
        self.text_left -= length;
        let Some(bytes) = raw.get(range.start..range.start + length) else { return };
        let mut text = decode(bytes, range.start, encoding);
        if let Some(within) = &place.within {
            text = Text::enclosed(text.as_str().as_bytes(), within.clone());
        }
        if kind == PartKind::Html {
            text = html::words(&text);
        }
        let origin = origin(range, encoding, place);
        let About { mime, charset, .. } = about;
        self.parts.push(Part { kind, depth: place.depth, mime, charset, origin, text });
    }

    fn doubt(&mut self, text: &str) {
        if !self.doubts.iter().any(|known| known.text == text) {
            self.doubts.push(Doubt::new(text));
        }
    }
}

fn origin(range: Range<usize>, encoding: Encoding, place: &Place) -> Origin {
    Origin { range, encoding, reachable: place.within.is_none() }
}

fn decode(bytes: &[u8], offset: usize, encoding: Encoding) -> Text {
    match encoding {
        Encoding::Identity => Text::identity(bytes, offset),
        Encoding::QuotedPrintable => transfer::quoted_printable(bytes, offset),
        Encoding::Base64 => transfer::base64(bytes, offset),
    }
}

fn about(block: &[u8], digest: bool) -> About {
    let parsed = fields(without_mbox_line(block));
    let kind = parsed.as_ref().and_then(|parsed| parsed.content_type());
    let mime = kind.map_or_else(
        || if digest { "message/rfc822".to_owned() } else { String::new() },
        |kind| {
            let subtype = kind.subtype().map_or_else(String::new, |subtype| format!("/{subtype}"));
            format!("{}{subtype}", kind.ctype()).to_ascii_lowercase()
        },
    );
    let boundary = kind.and_then(|kind| kind.attribute("boundary")).map(str::to_owned);
    let stated = parsed.as_ref().and_then(|parsed| parsed.content_transfer_encoding()).unwrap_or_default();
    let encoding = match stated.trim().to_ascii_lowercase().as_str() {
        "quoted-printable" => Encoding::QuotedPrintable,
        "base64" => Encoding::Base64,
        _ => Encoding::Identity,
    };
    let charset = kind.and_then(|kind| kind.attribute("charset")).map(str::to_owned);
    let disposition = parsed.as_ref().and_then(|parsed| parsed.content_disposition());
    let name = disposition
        .and_then(|disposition| disposition.attribute("filename"))
        .or_else(|| kind.and_then(|kind| kind.attribute("name")))
        .map(|name| name.chars().filter(|c| !c.is_control()).take(255).collect());
    About { mime, boundary, charset, name, encoding }
}

/// The first line of an enclosed mbox entry, quoted or not, is no header field (RFC 4155).
pub(crate) fn without_mbox_line(block: &[u8]) -> &[u8] {
    let is_mbox = [&b"From "[..], b">From ", b"\"From "].iter().any(|start| block.starts_with(start));
    let rest = memchr::memchr(b'\n', block).and_then(|end| block.get(end + 1..)).filter(|_| is_mbox);
    rest.unwrap_or(block)
}

/// What lies between the boundary lines of a multipart. The last section may lack its closing line.
fn sections(bytes: &[u8], boundary: &[u8]) -> Vec<Range<usize>> {
    let mut sections = Vec::new();
    let mut open: Option<usize> = None;
    let mut start = 0;
    while start < bytes.len() {
        let end = memchr::memchr(b'\n', bytes.get(start..).unwrap_or_default())
            .map_or(bytes.len(), |at| start + at + 1);
        let line = bytes.get(start..end).unwrap_or_default();
        if let Some(rest) = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary)) {
            let rest = rest.trim_ascii();
            if rest.is_empty() || rest == b"--" {
                sections.extend(open.take().map(|from| from..start));
                if rest == b"--" {
                    return sections;
                }
                open = Some(end);
            }
        }
        if sections.len() > PARTS {
            return sections;
        }
        start = end;
    }
    sections.extend(open.map(|from| from..bytes.len()));
    sections
}

/// Whether a file has the name that mail programs give a message they save.
fn is_message_name(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("eml"))
}

/// Attachments that may hold a feedback report, a log or headers; pictures and archives do not.
fn is_readable(mime: &str) -> bool {
    mime.starts_with("text/")
        || mime.starts_with("message/")
        || mime.starts_with("multipart/")
        || mime == "application/octet-stream"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(mail: &str) -> Walker {
        let mut walker = Walker::new();
        walker.message(mail.as_bytes());
        walker
    }

    #[test]
    fn every_part_knows_its_place() {
        let mail = "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\none 192.0.2.1\n--b\n\
            Content-Type: message/rfc822\n\nSubject: x\n\ntwo 192.0.2.2\n--b--\n";
        let walker = walk(mail);
        let texts: Vec<_> = walker.parts.iter().map(|part| (part.kind, part.depth)).collect();
        assert_eq!(texts, [(PartKind::Words, 0), (PartKind::Headers, 1), (PartKind::Words, 1)]);
        for (part, address) in
            walker.parts.iter().filter(|part| part.kind == PartKind::Words).zip(["192.0.2.1", "192.0.2.2"])
        {
            let at = part.text.as_str().find(address).unwrap();
            assert_eq!(&mail[part.text.span(at..at + address.len())], address);
        }
    }

    #[test]
    fn encoded_text_leads_back_to_the_encoded_bytes() {
        let mail = "Content-Transfer-Encoding: quoted-printable\n\nfrom 192.0.=\n2=2E1 to\n";
        let text = &walk(mail).parts[0].text;
        let at = text.as_str().find("192.0.2.1").unwrap();
        assert_eq!(&mail[text.span(at..at + 9)], "192.0.=\n2=2E1");
        let mail = "Content-Transfer-Encoding: base64\n\nZnJvbSAxOTIuMC4yLjEgdG8K\n";
        let text = &walk(mail).parts[0].text;
        let at = text.as_str().find("192.0.2.1").unwrap();
        assert_eq!(&mail[text.span(at..at + 9)], "bSAxOTIuMC4yLjEg");
    }

    #[test]
    fn a_boundary_that_is_not_stated_is_guessed() {
        let walker =
            walk("Content-Type: multipart/report\n\n--x\nContent-Type: text/plain\n\nwords\n--x--\n");
        assert_eq!(walker.mimes, ["multipart/report", "text/plain"]);
        assert_eq!(walker.doubts.len(), 1);
    }

    #[test]
    fn nesting_ends_and_is_said() {
        let walker = walk(&"Content-Type: message/rfc822\n\n".repeat(50_000));
        assert!(walker.mimes.len() < 40);
        assert!(walker.doubts.iter().any(|doubt| doubt.text.contains("nested")));
    }
}
