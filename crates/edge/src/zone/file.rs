//! The zone file as we remember by it.

use std::path::Path;

use crate::error::EdgeError;
use crate::remembered::{self, Remembered};
use crate::round::Kept;

/// What begins a comment that names the serial number. Both `rbldnsd` and zone files take `;`.
pub(super) const SERIAL: &str = "; nightdesk serial ";

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The whole of it; `None` when there is no file.
    pub(super) text: Option<String>,
    pub(super) serial: u32,
    pub(super) kept: Vec<Kept>,
}

/// Reads the file. Lines we do not understand are none of ours; the next writing leaves them out.
pub(super) async fn read(path: &Path) -> Result<Known, EdgeError> {
    let Some(text) = remembered::read(path).await? else { return Ok(Known::default()) };
    let serial = text.lines().find_map(|line| line.strip_prefix(SERIAL)?.parse().ok()).unwrap_or(0);
    let kept = text.lines().filter_map(remembered::within).map(Remembered::kept).collect();
    Ok(Known { text: Some(text), serial, kept })
}
