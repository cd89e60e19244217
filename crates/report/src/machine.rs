//! What machines send by mail: files and texts in formats made for machines, whatever mail is around them.
//!
//! Asked before the readers of people's words, since a machine's file says exactly what the words around it only tell.

use crate::claims::Draft;
use crate::document::{self, Document, Found, Later, Way};
use crate::mail::Mail;
use crate::mime::{File, Part, PartKind};
use crate::reading::Format;
use crate::{limits, shadowserver, xarf};

/// Files of one mail that are opened, and texts that are looked at.
const MOST_FILES: usize = 100;
/// Messages around a file that may lie between it and the mail: forwarded, and forwarded again.
const FORWARDED: u8 = 2;

/// Reads the machine-written part of `mail`; None when there is none. A reading of format [`Format::Unreadable`] has nothing
/// but the doubts that an archive gave cause for.
pub(crate) fn read(mail: &Mail<'_>) -> Option<Found> {
    let files = files(mail);
    if files.as_ref().is_some_and(|found| found.format != Format::Unreadable) {
        return files;
    }
    let other = texts(mail).or_else(|| xarf::mail::read(mail)).or_else(|| shadowserver::mail::linked(mail));
    match (other, files) {
        (Some(other), Some(files)) => Some(other.and(files)),
        (other, files) => other.or(files),
    }
}

/// Everything in the files, gathered into one.
fn files(mail: &Mail<'_>) -> Option<Found> {
    let mut gathered: Option<Found> = None;
    let mut left = limits::BYTES;
    let near = mail.files.iter().filter(|file| file.depth <= FORWARDED);
    for file in near.take(MOST_FILES) {
        if left == 0 {
            break;
        }
        if is_sealed(&file.bytes(&mail.parts, &mail.raw, 8)) {
            continue;
        }
        let bytes = file.bytes(&mail.parts, &mail.raw, left);
        left -= bytes.len();
        let name = name(mail, file);
        let way = Later::new(&file.origin, &mail.raw);
        let mut document = Document::attached(mail, file, &bytes);
        document.name = name.as_deref();
        document.map = Some(Way::Later(&way));
        let Some(found) = document::read(&document) else { continue };
        gathered = Some(match gathered {
            None => found,
            Some(before) => before.and(found),
        });
    }
    if mail.files.len() > MOST_FILES
        && let Some(found) = &mut gathered
    {
        found.draft.doubt("more than 100 files; the last were not read");
    }
    gathered
}

/// Whether a file begins as those do in which no report is: pictures, PDF, Office documents of old, programs. They are most of
/// what mails carry, and the largest of it, so they are not even decoded.
fn is_sealed(head: &[u8]) -> bool {
    const MAGIC: [&[u8]; 7] =
        [b"\x89PNG\r\n", b"\xFF\xD8\xFF", b"GIF87a", b"GIF89a", b"%PDF-", b"\xD0\xCF\x11\xE0", b"MZ\x90\0"];
    MAGIC.iter().any(|magic| head.starts_with(magic))
}

/// The name of a file; where it has none that says anything, the subject of a mail that is Shadowserver's by its form.
fn name(mail: &Mail<'_>, file: &File) -> Option<String> {
    let own = file.name.clone().filter(|name| shadowserver::names_a_type(name));
    own.or_else(|| shadowserver::mail::named(&mail.subject)).or_else(|| file.name.clone())
}

/// JSON pasted into, or sent as, the text.
fn texts(mail: &Mail<'_>) -> Option<Found> {
    let readable = |kind: PartKind| matches!(kind, PartKind::Words | PartKind::Data);
    let marked = |part: &&Part| xarf::is_marked(part.text.as_str().as_bytes());
    mail.parts.iter().filter(|part| readable(part.kind)).take(MOST_FILES).filter(marked).find_map(|part| {
        let bytes = part.bytes(&mail.raw, limits::PART_TEXT);
        // What lies in an encoded message cannot be reached again; its text is at hand all the same.
        let bytes = if bytes.is_empty() { part.text.as_str().as_bytes() } else { &bytes };
        xarf::read(&Document::part(mail, part, bytes))
    })
}

impl Found {
    /// Both together; the first says what format it was.
    pub(crate) fn and(mut self, other: Found) -> Found {
        if rank(self.format) < rank(other.format) {
            return other.and(self);
        }
        self.draft.claims.extend(other.draft.claims);
        other.draft.doubts.iter().for_each(|doubt| self.draft.doubt(&doubt.text));
        self.is_report |= other.is_report;
        self.reporter = self.reporter.or(other.reporter);
        self.report_id = self.report_id.or(other.report_id);
        self
    }

    /// What was said, with who said it. A mail is answered at its From, which can be authenticated; what a file says of
    /// its reporter stands in where there is none.
    pub(crate) fn said(self) -> Draft {
        Draft { report_id: self.report_id, reporter: self.reporter, ..self.draft }
    }
}

/// How much a format says of what it found: nothing, a list of some kind, or a report.
fn rank(format: Format) -> u8 {
    match format {
        Format::Unreadable => 0,
        Format::Feed => 1,
        _ => 2,
    }
}
