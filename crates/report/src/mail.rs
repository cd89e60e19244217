//! The view of a message that every format reads: its own header fields, and its texts with the way back to the bytes.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::Offset;
use mail_parser::HeaderValue;

use crate::explain::{self, Notes};
use crate::header::{Block, Fields};
use crate::mime::{self, About, Field, File, Origin, Part, PartKind, Walker};
use crate::passage::{self, Passage};
use crate::reading::{Doubt, Reporter};
use crate::text::{Text, shown};
use crate::{limits, time};

/// A message, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Mail<'b> {
    /// The message as it came; `part.bytes(&mail.raw, most)` gives a part's decoded bytes.
    pub(crate) raw: Cow<'b, [u8]>,
    pub(crate) subject: String,
    /// The subject as it stands, undecoded and folded.
    pub(crate) subject_text: Option<Text>,
    pub(crate) from: Option<Reporter>,
    pub(crate) recipients: Vec<String>,
    pub(crate) message_id: String,
    /// When it says it was sent.
    pub(crate) sent: Option<Timestamp>,
    /// The offset its Date states.
    pub(crate) offset: Option<Offset>,
    /// All own header fields.
    pub(crate) fields: Fields,
    /// Content-Type of the whole with its parameters, in lower case.
    pub(crate) mime: String,
    /// Content-Types of all parts, in lower case.
    pub(crate) mimes: Vec<String>,
    pub(crate) parts: Vec<Part>,
    /// The parts that are files.
    pub(crate) files: Vec<File>,
    /// Where the messages lie that it encloses itself.
    pub(crate) messages: Vec<Origin>,
    pub(crate) doubts: Vec<Doubt>,
    /// What it says in words, once it is asked for.
    passages: OnceCell<Vec<Passage>>,
    /// What was noted for those who ask why; None when nobody does.
    pub(crate) notes: Notes,
}

impl<'b> Mail<'b> {
    /// Takes `bytes` apart as far as the limits allow. None when there is nothing like a message in them.
    pub(crate) fn parse(bytes: &'b [u8]) -> Option<Mail<'b>> {
        let bytes = with_line_ends(bytes);
        let whole = bytes.get(..bytes.len().min(limits::BYTES))?;
        let (block, head) = mime::header_block(whole);
        let headers = mime::without_mbox_line(block);
        let mut mail = Mail::default();
        let about = mail.read_fields(headers, block.len() - headers.len())?;
        let mut walker = Walker::new();
        walker.message(whole, head, about);
        mail.parts = walker.parts;
        mail.files = walker.files;
        mail.mimes = walker.mimes;
        mail.messages = walker.messages;
        mail.doubts.append(&mut walker.doubts);
        if whole.len() < bytes.len() {
            mail.doubts.push(Doubt::new("the message is larger than 50 MB; only the beginning was read"));
        }
        mail.raw = bytes;
        Some(mail)
    }

    /// Reads the message's own header fields and nothing of its body.
    pub(crate) fn headers(bytes: &'b [u8]) -> Option<Mail<'b>> {
        let bytes = with_line_ends(bytes.get(..bytes.len().min(limits::BYTES))?);
        let (block, _) = mime::header_block(&bytes);
        let headers = mime::without_mbox_line(block);
        let mut mail = Mail::default();
        mail.read_fields(headers, block.len() - headers.len())?;
        Some(mail)
    }

    /// What it says in words.
    pub(crate) fn passages(&self) -> &[Passage] {
        self.passages.get_or_init(|| passage::all(self))
    }

    /// Notes why something was read as it was, where somebody asks.
    pub(crate) fn note(&self, text: impl FnOnce() -> String, span: impl FnOnce() -> Option<Range<usize>>) {
        explain::note(self.notes.as_ref(), text, span);
    }

    /// A header field of the message itself.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.first(name)
    }

    /// The parts written for people that the message itself carries, plain before HTML.
    pub(crate) fn words(&self) -> impl Iterator<Item = &Part> {
        let of = |kind| self.parts.iter().filter(move |part| part.kind == kind && part.depth == 0);
        of(PartKind::Words).chain(of(PartKind::Html))
    }

    /// Reads the fields of `block`, which begins at `offset` of the message, and says what they say of its content. None
    /// where there is no field.
    fn read_fields(&mut self, block: &[u8], offset: usize) -> Option<About> {
        let mut about = About::default();
        let (mut fields, words) = (Fields::with_room_for(block.len()), Block::new(block));
        for (count, field) in mime::fields(block).enumerate() {
            about.take(block, &field);
            if count >= limits::FIELDS {
                self.doubts.push(Doubt::new("more than 1000 header fields; the last were not read"));
                break;
            }
            let raw = block.get(field.value.clone()).unwrap_or_default();
            let (name, value) = fields.push(&words.words(&field.name), &words.words(&field.value));
            if name == "subject" {
                self.subject_text = Some(Text::identity(raw, offset + field.value.start));
            }
            self.read_field(name, value, &field, block);
        }
        self.fields = fields;
        (!self.fields.is_empty()).then_some(about)
    }

    fn read_field(&mut self, name: &str, value: &str, field: &Field, block: &[u8]) {
        match name {
            "subject" => {
                // What is encoded says so (RFC 2047 section 2); most subjects stand in one line as they are.
                let raw = block.get(field.value.clone()).unwrap_or_default().trim_ascii();
                let plain = raw.is_ascii() && raw == value.as_bytes() && !value.contains("=?");
                let parsed = if plain { None } else { field.parsed(block) };
                self.subject = parsed.as_ref().and_then(text_of).unwrap_or_else(|| value.to_owned());
            }
            "from" => self.from = reporter(field.parsed(block).as_ref(), value),
            "to" | "cc" | "delivered-to" | "x-original-to" | "envelope-to" => {
                self.recipients.push(value.to_ascii_lowercase());
            }
            "message-id" => value.trim().clone_into(&mut self.message_id),
            "content-type" => self.mime = value.to_ascii_lowercase(),
            "date" => {
                let stamp = time::first(value, None);
                self.offset = stamp.as_ref().and_then(|stamp| stamp.offset);
                self.sent = stamp.and_then(|stamp| stamp.at(Offset::UTC));
            }
            _ => {}
        }
    }
}

/// Old mailboxes of one make end lines in a lone carriage return.
fn with_line_ends(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\n', bytes).is_some() || memchr::memchr(b'\r', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(bytes.iter().map(|&byte| if byte == b'\r' { b'\n' } else { byte }).collect())
}

fn text_of(value: &HeaderValue<'_>) -> Option<String> {
    match value {
        HeaderValue::Text(text) => Some(text.clone().into_owned()),
        HeaderValue::TextList(texts) => Some(texts.join(" ")),
        _ => None,
    }
}

fn reporter(parsed: Option<&HeaderValue<'_>>, value: &str) -> Option<Reporter> {
    let parsed = match parsed {
        Some(HeaderValue::Address(addresses)) => addresses.first().and_then(|first| first.address.as_deref()),
        _ => None,
    };
    let address = parsed.filter(|address| address.contains('@')).map(str::to_owned).or_else(|| {
        let words = value.split([' ', '<', '>', ',', '"']).find(|word| word.contains('@'))?;
        Some(words.trim_matches(['(', ')']).to_owned())
    })?;
    let address = shown(&address, 320);
    let domain = address.rsplit('@').next()?.trim_end_matches('.').to_ascii_lowercase();
    (!domain.is_empty()).then_some(Reporter { address, domain })
}
