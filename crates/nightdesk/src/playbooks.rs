//! Playbooks in files.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use case::{Mistake, Playbook};

/// The text of a file.
pub(crate) fn text(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read the playbook {}", file.display()))
}

/// Reads a file.
pub(crate) fn read(file: &Path) -> Result<Playbook> {
    Playbook::read(&text(file)?).map_err(|mistakes| anyhow!(in_words(file, &mistakes).join("\n")))
}

/// The mistakes of a file, each with its place before it, as compilers write them.
pub(crate) fn in_words(file: &Path, mistakes: &[Mistake]) -> Vec<String> {
    let told = |one: &Mistake| format!("{}:{}:{}: {}", file.display(), one.line, one.column, one.what);
    mistakes.iter().map(told).collect()
}
