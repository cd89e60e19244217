//! The rules of the house that a program can check.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::arrows;
use crate::shell::{output, program, root};

/// A file longer than this (tests in it included) wants splitting, or a place in [`LONG_WITH_REASON`].
const LONGEST: usize = 700;
/// Long files that are flat lists of like things.
const LONG_WITH_REASON: [&str; 0] = [];
/// Names that say nothing about what is inside.
const NAMELESS: [&str; 6] = ["util", "utils", "helper", "helpers", "common", "manager"];

/// Checks everything and prints every finding.
pub(crate) fn run() -> Result<()> {
    let files = output(program("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let mut found = Vec::new();
    for file in files.lines().filter(|file| root().join(file).is_file()) {
        found.extend(names(file));
        if is_text(file) {
            let text =
                std::fs::read_to_string(root().join(file)).with_context(|| format!("cannot read {file}"))?;
            found.extend(contents(file, &text));
        }
    }
    let read = |name: &str| {
        std::fs::read_to_string(root().join(name)).with_context(|| format!("cannot read {name}"))
    };
    found.extend(arrows::violations(&read("ARCHITECTURE.md")?, &read("deny.toml")?)?);
    if !found.is_empty() {
        for finding in &found {
            eprintln!("tidy: {finding}");
        }
        bail!("{} things are not tidy", found.len());
    }
    println!("tidy: {} files, every arrow allowed", files.lines().count());
    Ok(())
}

fn is_text(file: &str) -> bool {
    let ending = Path::new(file).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let vendored = file.starts_with("crates/web/assets/") && file.contains(".min.");
    matches!(ending, "rs" | "toml" | "md" | "html" | "css" | "js" | "mjs" | "sql" | "sh" | "json")
        && !vendored
}

fn names(file: &str) -> Option<String> {
    let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    NAMELESS.contains(&stem).then(|| format!("{file}: a name without a meaning; name it after what it holds"))
}

fn contents(file: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if file.ends_with(".rs") && lines > LONGEST && !LONG_WITH_REASON.contains(&file) {
        found.push(format!("{file}: {lines} lines; split it by subject (at most {LONGEST})"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        let mut find = |what: &str| found.push(format!("{file}:{number}: {what}"));
        if file.ends_with(".rs")
            && line.contains("unsafe ")
            && !line.trim_start().starts_with("//")
            && file != "xtask/src/tidy.rs"
        {
            find("unsafe stands in one named place with its proof, and this is not it");
        }
        if file.starts_with("crates/trap/src/") && line.contains("connect(") {
            find("a trap speaks to its visitor alone: it opens no connection");
        }
        if machine_path(line) {
            find("a path of one machine");
        }
        if file.ends_with("package-lock.json") && line.contains("\"resolved\"") {
            find("a download address");
        }
    }
    found
}

/// Paths that exist on one developer's machine only: below a home folder or a place of work at the root.
fn machine_path(line: &str) -> bool {
    ["root", "work", "home"].iter().any(|folder| {
        line.match_indices(&format!("/{folder}/"))
            .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '.' || c == '}'))
    })
}
