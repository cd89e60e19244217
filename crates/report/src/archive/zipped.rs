//! zip (PKWARE APPNOTE 6.3.10), stored or deflated.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::read::ZipFile;

use crate::claims::Draft;
use crate::document::Document;

use super::{Budget, Unpacked};

type Archive<'d> = ZipArchive<Cursor<&'d [u8]>>;

/// Hands each file that may be read to `take`.
pub(super) fn unpack(
    document: &Document<'_>,
    budget: &mut Budget,
    draft: &mut Draft,
    take: &mut impl FnMut(&Unpacked, &mut Budget),
) {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(document.bytes)) else {
        draft.doubt("a zip file that is damaged or has no table of contents; nothing in it was read");
        return;
    };
    // A document of an office program is a zip file with such a table in it (ECMA-376 part 2), and no report.
    if archive.index_for_name("[Content_Types].xml").is_some() {
        return;
    }
    let mut taken: Vec<(u64, u64)> = Vec::new();
    for index in 0..archive.len() {
        if budget.files == 0 {
            draft.doubt("more than 100 files in an archive; the last were not read");
            return;
        }
        if budget.bytes == 0 {
            draft.doubt("an archive unpacks to more than 50 MB; the rest was not read");
            return;
        }
        budget.files -= 1;
        if !is_wanted(&mut archive, index, &mut taken, draft) {
            continue;
        }
        if let Some(unpacked) = file(&mut archive, index, budget, draft) {
            take(&unpacked, budget);
        }
    }
}

/// Looks at what the table of contents says of a file, before anything of it is unpacked.
fn is_wanted(
    archive: &mut Archive<'_>,
    index: usize,
    taken: &mut Vec<(u64, u64)>,
    draft: &mut Draft,
) -> bool {
    let Ok(entry) = archive.by_index_raw(index) else {
        draft.doubt("an entry of a zip file cannot be found where it is said to be");
        return false;
    };
    if entry.is_dir() {
        return false;
    }
    if entry.encrypted() {
        draft.doubt("a file in an archive is encrypted; it has to be opened by hand");
        return false;
    }
    let start = entry.header_start();
    let end = entry.data_start().unwrap_or(start).saturating_add(entry.compressed_size());
    if taken.iter().any(|(from, to)| start < *to && *from < end) {
        draft.doubt("entries of a zip file overlap, as no packer makes them; the later were not read");
        return false;
    }
    taken.push((start, end));
    true
}

fn file(archive: &mut Archive<'_>, index: usize, budget: &mut Budget, draft: &mut Draft) -> Option<Unpacked> {
    let Ok(entry) = archive.by_index(index) else {
        draft.doubt(
            "a file in an archive is packed in a way that is not read here (only stored and deflated are)",
        );
        return None;
    };
    let name = name(&entry, draft);
    let stated = entry.size();
    let most = budget.for_packed(usize::try_from(entry.compressed_size()).unwrap_or(usize::MAX));
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = entry.take(limit).read_to_end(&mut bytes);
    if bytes.len() > most {
        bytes.truncate(most);
        draft.doubt("a file unpacks to more than 100 times its size, or all to more than 50 MB; it was cut");
    } else if read.is_err() {
        draft.doubt("a file in an archive is damaged; it was read as far as it goes");
    } else if u64::try_from(bytes.len()).unwrap_or(u64::MAX) != stated {
        draft.doubt("a file in an archive has another size than is said");
    }
    budget.bytes = budget.bytes.saturating_sub(bytes.len());
    (!bytes.is_empty()).then_some(Unpacked { name, bytes })
}

/// The last part of a file's name. Nothing is ever written to disk, so a name that climbs is only worth a doubt.
fn name<R: Read>(entry: &ZipFile<'_, R>, draft: &mut Draft) -> Option<String> {
    let whole = String::from_utf8_lossy(entry.name_raw()).into_owned();
    if entry.enclosed_name().is_none()
        || whole.starts_with('/')
        || whole.split(['/', '\\']).any(|part| part == "..")
    {
        draft.doubt("a file in an archive has a name that leads out of it");
    }
    let last = whole.rsplit(['/', '\\']).next().unwrap_or_default();
    let last: String = last.chars().filter(|c| !c.is_control()).take(255).collect();
    (!last.is_empty()).then_some(last)
}
