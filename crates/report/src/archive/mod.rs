//! zip and gzip files, opened within limits.
//!
//! An archive is the cheapest weapon there is: a few kilobytes that unpack to gigabytes, files that overlap, archives in
//! archives. Every limit is on what comes out, not on what the archive says of itself, and each that is met is a doubt.

mod gzip;
mod zipped;

use crate::claims::Draft;
use crate::document::{self, Document, Found};
use crate::reading::Format;
use crate::{limits, logs};

/// Archives within archives.
const DEPTH: u8 = 2;
/// Files of one archive, those of inner archives included.
const FILES: usize = 100;
/// What may come out of a byte. Text shrinks to a tenth; a table of near-equal rows to a fiftieth.
const RATIO: usize = 100;
/// Ratios are not looked at below this: small files of one repeated row are no danger.
const SMALL: usize = 1 << 20;

/// What may still be taken out, over all levels.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes: usize,
    files: usize,
}

impl Budget {
    pub(crate) fn new() -> Budget {
        Budget { bytes: limits::BYTES, files: FILES }
    }

    /// The most that `packed` bytes may become.
    fn for_packed(&self, packed: usize) -> usize {
        self.bytes.min(packed.saturating_mul(RATIO).max(SMALL))
    }
}

/// What came out of an archive.
#[derive(Debug)]
struct Unpacked {
    name: Option<String>,
    bytes: Vec<u8>,
}

/// Reads `document`; None when it is no archive, or one that holds nothing of ours and gave no cause for doubt.
pub(crate) fn read(document: &Document<'_>, budget: &mut Budget) -> Option<Found> {
    let is_zip = document.bytes.starts_with(b"PK\x03\x04") || document.bytes.starts_with(b"PK\x05\x06");
    let is_gzip = document.bytes.starts_with(b"\x1F\x8B");
    if !is_zip && !is_gzip {
        return None;
    }
    let mut draft = Draft::default();
    if document.depth >= DEPTH {
        draft.doubt("an archive within an archive within an archive; it was not opened");
        return Some(nothing(draft));
    }
    let mut gathered: Option<Found> = None;
    let mut take = |unpacked: &Unpacked, budget: &mut Budget| {
        let Some(found) = inner(document, unpacked, budget) else { return };
        gathered = Some(match gathered.take() {
            None => found,
            Some(before) => before.and(found),
        });
    };
    if is_zip {
        zipped::unpack(document, budget, &mut draft, &mut take);
    } else {
        gzip::unpack(document, budget, &mut draft, &mut take);
    }
    match gathered {
        Some(mut found) => {
            draft.doubts.iter().for_each(|doubt| found.draft.doubt(&doubt.text));
            Some(found)
        }
        None => (!draft.doubts.is_empty()).then(|| nothing(draft)),
    }
}

/// Reads one file of an archive. Its own name counts before that of the archive; places in it are places in the archive.
fn inner(document: &Document<'_>, unpacked: &Unpacked, budget: &mut Budget) -> Option<Found> {
    let says = |name: &&str| crate::shadowserver::names_a_type(name);
    let own = unpacked.name.as_deref();
    let name = own.filter(says).or(document.name.filter(says)).or(own).or(document.name);
    let inner = Document {
        bytes: &unpacked.bytes,
        name,
        mime: None,
        within: document.within.or(Some((0, document.bytes.len()))),
        map: None,
        depth: document.depth + 1,
        ..*document
    };
    document::read_within(&inner, budget).or_else(|| logs::read(&inner))
}

fn nothing(draft: Draft) -> Found {
    Found { format: Format::Unreadable, is_report: false, draft, reporter: None, report_id: None }
}
