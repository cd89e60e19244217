//! What is read without a mail around it: a file by itself, or one that a mail brings along.
//!
//! Each reader looks at a [`Document`] and says what it [`Found`], or that it is not one of its own. They are asked in
//! turn, the one that says most of itself first.

use std::cell::{OnceCell, RefCell};
use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::archive::Budget;
use crate::claims::Draft;
use crate::explain::Notes;
use crate::mail::Mail;
use crate::mime::{File, Origin, Part};
use crate::reading::{Format, Hint, Note, Reading, Reporter};
use crate::text::Text;
use crate::{archive, explain, feed, logs, shadowserver, xarf};

/// A file's bytes, decoded, and what is known around them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Document<'d> {
    pub(crate) bytes: &'d [u8],
    /// Its name, where it has one.
    pub(crate) name: Option<&'d str>,
    /// Its Content-Type in lower case, where stated.
    pub(crate) mime: Option<&'d str>,
    /// The Date of the mail it came in, for times without a year.
    pub(crate) sent: Option<Timestamp>,
    /// The offset of that Date, for times without a zone.
    pub(crate) offset: Option<Offset>,
    /// The bytes of the message it was decoded from; `None` when the document is the message itself, and places in it
    /// are places in the message.
    pub(crate) within: Option<(usize, usize)>,
    /// The way from each byte of it to the bytes of the message, where that is known.
    pub(crate) map: Option<Way<'d>>,
    /// How many archives it lies in.
    pub(crate) depth: u8,
    /// What is noted for those who ask why.
    pub(crate) notes: Option<&'d RefCell<Vec<Note>>>,
}

/// The way from each byte of a document to the bytes of the message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way<'d> {
    Known(&'d Text),
    /// Found out when the first place is asked for: most files are pictures, and nothing is read in them.
    Later(&'d Later<'d>),
}

/// A way that was not yet asked for.
#[derive(Debug)]
pub(crate) struct Later<'d> {
    origin: &'d Origin,
    raw: &'d [u8],
    text: OnceCell<Option<Text>>,
}

impl<'d> Later<'d> {
    /// The way into what lies at `origin` of the message `raw`.
    pub(crate) fn new(origin: &'d Origin, raw: &'d [u8]) -> Later<'d> {
        Later { origin, raw, text: OnceCell::new() }
    }
}

impl<'d> Way<'d> {
    fn text(self) -> Option<&'d Text> {
        match self {
            Way::Known(text) => Some(text),
            Way::Later(later) => later.text.get_or_init(|| later.origin.text(later.raw)).as_ref(),
        }
    }
}

/// What a reader made of a document.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) format: Format,
    /// Whether it alleges abuse.
    pub(crate) is_report: bool,
    pub(crate) draft: Draft,
    /// Who says so, where the document states it.
    pub(crate) reporter: Option<Reporter>,
    pub(crate) report_id: Option<String>,
}

impl<'d> Document<'d> {
    /// A file by itself.
    pub(crate) fn bare(bytes: &'d [u8], hint: &Hint<'d>) -> Document<'d> {
        Document {
            bytes,
            name: hint.name,
            mime: hint.content_type,
            sent: None,
            offset: None,
            within: None,
            map: None,
            depth: 0,
            notes: None,
        }
    }

    /// A file that `mail` brings along; `bytes` are those of it, decoded.
    pub(crate) fn attached(mail: &'d Mail<'_>, file: &'d File, bytes: &'d [u8]) -> Document<'d> {
        let span = file.origin.span();
        Document {
            bytes,
            name: file.name.as_deref(),
            mime: Some(&file.mime),
            sent: mail.sent,
            offset: mail.offset,
            within: Some((span.start, span.end)),
            map: None,
            depth: 0,
            notes: mail.notes.as_ref(),
        }
    }

    /// A text of `mail`; `bytes` are those of it, decoded.
    pub(crate) fn part(mail: &'d Mail<'_>, part: &'d Part, bytes: &'d [u8]) -> Document<'d> {
        let span = part.origin.span();
        Document {
            bytes,
            name: None,
            mime: Some(&part.mime),
            sent: mail.sent,
            offset: mail.offset,
            within: Some((span.start, span.end)),
            map: Some(Way::Known(&part.text)),
            depth: 0,
            notes: mail.notes.as_ref(),
        }
    }

    /// Notes why something in it was read as it was, where somebody asks; `range` is of the document.
    pub(crate) fn note(&self, text: impl FnOnce() -> String, range: impl FnOnce() -> Range<usize>) {
        explain::note(self.notes, text, || Some(self.span(range())));
    }

    /// The bytes of the message that `range` of the document was read from.
    pub(crate) fn span(&self, range: Range<usize>) -> Range<usize> {
        let exact = self.map.and_then(Way::text).filter(|map| range.end <= map.as_str().len());
        match (exact, self.within) {
            (Some(map), _) => map.span(range),
            (None, Some((start, end))) => start..end,
            (None, None) => range,
        }
    }
}

/// Asks each reader in turn.
pub(crate) fn read(document: &Document<'_>) -> Option<Found> {
    read_within(document, &mut Budget::new())
}

/// The same, with what may still be taken out of archives.
pub(crate) fn read_within(document: &Document<'_>, budget: &mut Budget) -> Option<Found> {
    archive::read(document, budget)
        .or_else(|| xarf::read(document))
        .or_else(|| shadowserver::read(document))
        .or_else(|| feed::read(document))
}

/// A file by itself, that is no mail.
pub(crate) fn bare(bytes: &[u8], hint: &Hint<'_>, notes: &Notes) -> Option<Reading> {
    let document = Document { notes: notes.as_ref(), ..Document::bare(bytes, hint) };
    let found = read(&document).or_else(|| logs::read(&document))?;
    Some(Reading {
        format: found.format,
        is_report: found.is_report,
        claims: found.draft.claims,
        reporter: found.reporter,
        report_id: found.report_id,
        subject: None,
        doubts: found.draft.doubts,
        spotted: Vec::new(),
    })
}
