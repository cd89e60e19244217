//! The walk over the parts of a message.

use std::ops::Range;

use super::fields::{About, header_block};
use super::sections::{guess, sections};
use super::{Encoding, File, Origin, Part, PartKind, decode, decode_both};
use crate::html;
use crate::limits::{ALL_TEXT, NESTED, PART_TEXT, PARTS, WALK};
use crate::reading::Doubt;
use crate::text::Text;

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

    /// Walks the message that `raw` is; its own header fields take the first `head` bytes, and say what it is.
    pub(crate) fn message(&mut self, raw: &[u8], head: usize, about: About) {
        let place = Place { depth: 0, nested: 0, digest: false, within: None };
        self.content(raw, head.min(raw.len())..raw.len(), about, &place);
    }

    fn entity(&mut self, raw: &[u8], range: Range<usize>, place: &Place) {
        if self.mimes.len() >= PARTS || place.nested > NESTED {
            self.doubt("more than 1000 parts, or nested more than 32 deep; the rest was not read");
            return;
        }
        let Some(bytes) = raw.get(range.clone()) else { return };
        let (block, length) = header_block(bytes);
        let about = About::part(block, place.digest);
        self.content(raw, (range.start + length).min(range.end)..range.end, about, place);
    }

    fn content(&mut self, raw: &[u8], body: Range<usize>, about: About, place: &Place) {
        self.mimes.push(about.mime.clone());
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
        let sections = if stated.is_empty() { self.guessed(bytes) } else { stated };
        let inner =
            Place { nested: place.nested + 1, digest: about.mime == "multipart/digest", ..place.clone() };
        for section in &sections {
            self.entity(raw, body.start + section.start..body.start + section.end, &inner);
        }
        !sections.is_empty()
    }

    /// A multipart that does not state its boundary, or states another.
    fn guessed(&mut self, bytes: &[u8]) -> Vec<Range<usize>> {
        let Some(boundary) = guess(bytes) else { return Vec::new() };
        self.doubt("the boundary of the parts is not the one stated; it was guessed");
        sections(bytes, boundary)
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
        let is_file =
            about.file_name().is_some() || !(about.mime.is_empty() || about.mime.starts_with("text"));
        let file = is_file.then(|| {
            let origin = origin(body.clone(), about.encoding, place);
            let (name, mime) = (about.file_name().cloned(), about.mime.clone());
            if place.depth == 0 && place.within.is_none() && name.as_deref().is_some_and(is_message_name) {
                self.messages.push(origin.clone());
            }
            File { name, mime, depth: place.depth, origin, part: None }
        });
        let next = self.parts.len();
        if let Some(kind) = kind_of(&about.mime) {
            self.push(kind, about, raw, body, place);
        }
        let part = (self.parts.len() > next).then_some(next);
        self.files.extend(file.map(|file| File { part, ..file }));
    }

    fn push(&mut self, kind: PartKind, about: About, raw: &[u8], range: Range<usize>, place: &Place) {
        let encoding = about.encoding;
        let length = range.len().min(PART_TEXT).min(self.text_left);
        if length < range.len() {
            self.doubt("a long text was read only in part");
        }
        self.text_left -= length;
        let Some(bytes) = raw.get(range.start..range.start + length) else { return };
        let (mut text, decoded) = decode_both(bytes, range.start, encoding);
        let decoded = decoded.filter(|_| length == range.len() && place.within.is_none());
        if let Some(within) = &place.within {
            text = Text::enclosed(text.as_str().as_bytes(), within.clone());
        }
        if kind == PartKind::Html {
            text = html::words(text);
        }
        let origin = origin(range, encoding, place);
        let About { mime, charset, .. } = about;
        self.parts.push(Part { kind, depth: place.depth, mime, charset, origin, text, decoded });
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

/// Whether a file has the name that mail programs give a message they save.
fn is_message_name(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("eml"))
}

/// What a part of this type is read as; None for what cannot be read.
fn kind_of(mime: &str) -> Option<PartKind> {
    match mime {
        "text/html" => Some(PartKind::Html),
        "" | "text/plain" | "text" => Some(PartKind::Words),
        "text/rfc822-headers" | "text/rfc822-header" | "message/rfc822-headers" => Some(PartKind::Headers),
        other => is_readable(other).then_some(PartKind::Data),
    }
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
    use super::super::fields::header_block;
    use super::*;

    fn walk(mail: &str) -> Walker {
        let mut walker = Walker::new();
        let (block, head) = header_block(mail.as_bytes());
        walker.message(mail.as_bytes(), head, About::part(block, false));
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
