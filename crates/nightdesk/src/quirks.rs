//! The quirks of reporters that are read by: those of the operator's file first, then those compiled in.

use std::path::Path;

use anyhow::{Context, Result};
use report::Quirks;

/// Reads `file`, where there is one. What is wrong with it names the file and the entry.
pub(crate) fn read(file: Option<&Path>) -> Result<Quirks> {
    let Some(file) = file else { return Ok(Quirks::built_in().clone()) };
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let own = Quirks::parse(&text).with_context(|| format!("cannot use {}", file.display()))?;
    Ok(own.before(Quirks::built_in()))
}
