//! Printing results: the one place that writes to standard output; everything else is logged to standard error.

use std::io::Write;

use serde::Serialize;

/// Prints one JSON object on a line of its own.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    bytes(&line);
    Ok(())
}

/// Prints one line for people; nothing in it, foreign text included, can begin another line or move the cursor.
pub(crate) fn line(text: impl AsRef<str>) {
    let mut safe: String =
        text.as_ref().chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect();
    safe.push('\n');
    bytes(safe.as_bytes());
}

/// Prints a text of our own as it is. Whoever read us (`| head`) may have gone; that is their right and no failure of ours.
pub(crate) fn bytes(text: &[u8]) {
    let mut out = std::io::stdout().lock();
    if out.write_all(text).and_then(|()| out.flush()).is_err() {
        tracing::trace!("nobody reads standard output any more");
    }
}
