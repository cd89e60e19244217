//! The truth about a run, written beside what was recorded of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;

use super::plan::Line;
use super::roles::Truth;

/// The file's name in the folder of a run.
pub(crate) const FILE: &str = "truth.tsv";

/// The columns of the file.
const HEAD: &str = "address\ttruth\trole\tport\tfirst_use\tuses\tallowed\twhat\tmade\n";

/// What has come true so far: when each line was first used by strangers, and how often.
#[derive(Default)]
pub(crate) struct Book {
    used: Mutex<BTreeMap<Ipv4Addr, (Timestamp, u64)>>,
}

impl Book {
    /// A stranger got what they wanted through this line, or what runs on it did what it does.
    pub(crate) fn used(&self, line: &Line, at: Timestamp) {
        self.entries().entry(line.address).or_insert((at, 0)).1 += 1;
    }

    /// Writes the file. Fails when a line was never used that strangers should have used: what was recorded would
    /// not be what the file says.
    pub(crate) fn write(&self, lines: &[Line], dir: &Path) -> Result<()> {
        let used = self.entries();
        let mut text = String::from(HEAD);
        for line in lines {
            let (first, uses) = match used.get(&line.address) {
                Some((first, uses)) => (format!("{first:.3}"), *uses),
                None => ("-".to_owned(), 0),
            };
            writeln!(
                text,
                "{}\t{}\t{}\t{}\t{first}\t{uses}\t{}\t{}\tlab-made",
                line.address,
                line.role.truth().name(),
                line.role.name(),
                line.port,
                line.allowed().unwrap_or_else(|| "-".to_owned()),
                line.role.what(),
            )?;
        }
        let file = dir.join(FILE);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        let idle = lines.iter().filter(|line| line.role.truth() != Truth::Legitimate);
        let idle: Vec<_> =
            idle.filter(|line| !used.contains_key(&line.address)).map(|line| line.role.name()).collect();
        ensure!(idle.is_empty(), "never used: {}", idle.join(", "));
        Ok(())
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<Ipv4Addr, (Timestamp, u64)>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One line of a truth file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) address: String,
    pub(crate) truth: String,
    pub(crate) role: String,
    pub(crate) first_use: Option<Timestamp>,
    pub(crate) allowed: Option<String>,
}

/// Reads a run's truth file.
pub(crate) fn read(dir: &Path) -> Result<Vec<Row>> {
    let file = dir.join(FILE);
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    ensure!(text.starts_with(HEAD), "{} has other columns than those this program writes", file.display());
    text.lines().skip(1).map(row).collect()
}

fn row(line: &str) -> Result<Row> {
    let mut cells = line.split('\t');
    let mut next = || cells.next().map(str::to_owned).with_context(|| format!("too few columns: {line}"));
    let (address, truth, role) = (next()?, next()?, next()?);
    let (_port, first_use, _uses, allowed) = (next()?, next()?, next()?, next()?);
    let first_use = if first_use == "-" { None } else { Some(first_use.parse()?) };
    Ok(Row { address, truth, role, first_use, allowed: (allowed != "-").then_some(allowed) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::plan::draw;

    #[test]
    fn what_was_written_is_read_again_and_a_proxy_nobody_used_is_no_truth() {
        let dir = tempfile::tempdir().unwrap();
        let lines = draw(1, 600);
        let book = Book::default();
        let at: Timestamp = "2026-03-01T12:00:00.25Z".parse().unwrap();
        assert!(book.write(&lines, dir.path()).unwrap_err().to_string().starts_with("never used: "));
        lines.iter().for_each(|line| book.used(line, at));
        book.used(&lines[0], "2026-03-01T13:00:00Z".parse().unwrap());
        book.write(&lines, dir.path()).unwrap();
        let rows = read(dir.path()).unwrap();
        assert_eq!(rows.len(), lines.len());
        assert!(rows.iter().all(|row| row.first_use == Some(at)));
        assert_eq!(rows.iter().filter(|row| row.allowed.is_some()).count(), 1);
    }
}
