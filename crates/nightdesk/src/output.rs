//! Printing results: the one place that writes to standard output; everything else is logged to standard error.

use std::io::Write;

use serde::Serialize;

/// Prints one JSON object on a line of its own.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Prints a line for people; control characters of foreign text do not reach the terminal.
pub(crate) fn line(text: impl AsRef<str>) {
    let safe: String = text
        .as_ref()
        .chars()
        .map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c })
        .collect();
    // Whoever read us (`| head`) may have gone; that is their right and no failure of ours.
    let unread = writeln!(std::io::stdout().lock(), "{safe}").is_err();
    if unread {
        tracing::trace!("nobody reads standard output any more");
    }
}
