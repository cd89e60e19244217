//! A message's structure (RFC 2046): every readable part with where it lies.
//!
//! Header fields are mail-parser's work. The walk over the parts is our own, since it has to know the place of each byte
//! in the message as it came, also within enclosed messages, and has to end early on messages made to be walked for ever.

mod content_type;
mod fields;
mod sections;
mod walk;

use std::borrow::Cow;
use std::ops::Range;

use crate::limits::PART_TEXT;
use crate::text::Text;
use crate::transfer;

pub(crate) use fields::{About, Field, fields, header_block, without_mbox_line};
pub(crate) use walk::Walker;

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
    /// The same, where they had to be decoded for `text`, and all were.
    decoded: Option<Vec<u8>>,
}

impl Part {
    /// The decoded bytes, at most `most`; empty where they cannot be reached again.
    pub(crate) fn bytes<'m>(&'m self, raw: &'m [u8], most: usize) -> Cow<'m, [u8]> {
        match &self.decoded {
            Some(bytes) => Cow::Borrowed(bytes.get(..most).unwrap_or(bytes)),
            None => self.origin.bytes(raw, most),
        }
    }
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
    /// The number of the part that was read of it, where it is text as well.
    part: Option<usize>,
}

impl File {
    /// The decoded bytes, at most `most`; `parts` are those of the same message.
    pub(crate) fn bytes<'m>(&self, parts: &'m [Part], raw: &'m [u8], most: usize) -> Cow<'m, [u8]> {
        let part = self.part.and_then(|part| parts.get(part));
        match part.and_then(|part| part.decoded.as_ref()) {
            Some(bytes) => Cow::Borrowed(bytes.get(..most).unwrap_or(bytes)),
            None => self.origin.bytes(raw, most),
        }
    }
}

/// The transfer encodings that change the bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    #[default]
    Identity,
    QuotedPrintable,
    Base64,
}

fn decode(bytes: &[u8], offset: usize, encoding: Encoding) -> Text {
    decode_both(bytes, offset, encoding).0
}

/// Text to search, and the bytes where they had to be decoded for it.
fn decode_both(bytes: &[u8], offset: usize, encoding: Encoding) -> (Text, Option<Vec<u8>>) {
    let decoded = match encoding {
        Encoding::Identity => return (Text::identity(bytes, offset), None),
        Encoding::QuotedPrintable => transfer::quoted_printable(bytes, offset),
        Encoding::Base64 => transfer::base64(bytes, offset),
    };
    let (text, bytes) = decoded.with_text();
    (text, Some(bytes))
}
