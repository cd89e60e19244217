//! gzip (RFC 1952), one file or several behind each other.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;

use crate::claims::Draft;
use crate::document::Document;

use super::{Budget, Unpacked};

/// Hands what comes out to `take`.
pub(super) fn unpack(
    document: &Document<'_>,
    budget: &mut Budget,
    draft: &mut Draft,
    take: &mut impl FnMut(&Unpacked, &mut Budget),
) {
    if budget.files == 0 {
        draft.doubt("more than 100 files in an archive; the last were not read");
        return;
    }
    budget.files -= 1;
    let most = budget.for_packed(document.bytes.len());
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let read = MultiGzDecoder::new(document.bytes).take(limit).read_to_end(&mut bytes);
    if bytes.len() > most {
        bytes.truncate(most);
        draft.doubt("a file unpacks to more than 100 times its size, or all to more than 50 MB; it was cut");
    } else if read.is_err() {
        draft.doubt("a file in an archive is damaged; it was read as far as it goes");
    }
    budget.bytes = budget.bytes.saturating_sub(bytes.len());
    let name = document.name.map(|name| {
        let end = name.len().saturating_sub(3);
        let gz = name.get(end..).is_some_and(|tail| tail.eq_ignore_ascii_case(".gz"));
        name.get(..end).filter(|_| gz).unwrap_or(name).to_owned()
    });
    if !bytes.is_empty() {
        take(&Unpacked { name, bytes }, budget);
    }
}
