//! What the watchers have learnt of the lines, on disk: a file for each watcher, one line of JSON for each home address.
//! Losing it costs ten minutes of learning; a file that cannot be read is passed over.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use signs::Learnt;

/// The largest file that is read: several times what a watcher's lines take.
const LARGEST: u64 = 256 * 1024 * 1024;
/// The names of the files.
const PREFIX: &str = "learnt-";
const SUFFIX: &str = ".jsonl";

/// Where one watcher keeps what it has learnt.
#[derive(Debug, Clone)]
pub(crate) struct Memory(PathBuf);

impl Memory {
    pub(crate) fn of(dir: &Path, watcher: usize) -> Memory {
        Memory(dir.join(format!("{PREFIX}{watcher}{SUFFIX}")))
    }

    /// Writes all of it anew. What was there stays until that is on disk.
    pub(crate) fn keep(&self, learnt: impl Iterator<Item = Learnt>) {
        if let Err(error) = self.write(learnt) {
            tracing::warn!(file = %self.0.display(), %error, "what was learnt of the lines could not be kept");
        }
    }

    fn write(&self, learnt: impl Iterator<Item = Learnt>) -> io::Result<()> {
        let beside = self.0.with_extension("tmp");
        let mut out = BufWriter::new(File::create(&beside)?);
        for one in learnt {
            serde_json::to_writer(&mut out, &one)?;
            out.write_all(b"\n")?;
        }
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&beside, &self.0)
    }
}

/// All that watchers had learnt, however many they were; files of more than there are now are read and done with.
pub(crate) fn recall(dir: &Path, watchers: usize) -> Vec<Learnt> {
    if let Err(error) = fs::create_dir_all(dir) {
        tracing::warn!(folder = %dir.display(), %error, "what is learnt of the lines cannot be kept");
        return Vec::new();
    }
    let files = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut all = Vec::new();
    for path in files.map(|file| file.path()) {
        let Some(number) = number(&path) else { continue };
        match read(&path) {
            Ok(learnt) => all.extend(learnt),
            Err(error) => tracing::warn!(file = %path.display(), %error, "what was learnt of lines is lost"),
        }
        if number >= watchers
            && let Err(error) = fs::remove_file(&path)
        {
            tracing::warn!(file = %path.display(), %error, "a file of a watcher that is no more stays");
        }
    }
    all
}

fn number(path: &Path) -> Option<usize> {
    path.file_name()?.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse().ok()
}

fn read(path: &Path) -> io::Result<Vec<Learnt>> {
    let lines = BufReader::new(File::open(path)?.take(LARGEST)).lines();
    // A line that is no such thing says nothing; the others do.
    lines.filter_map(|line| line.map(|line| serde_json::from_str(&line).ok()).transpose()).collect()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use flow::Millis;

    use super::*;

    fn learnt(last: u8) -> Learnt {
        let address = IpAddr::from([203, 0, 113, last]);
        Learnt {
            address,
            since: Millis(1_000),
            last: Millis(2_000),
            ports: vec![443],
            new_ports: vec![48_613],
        }
    }

    #[test]
    fn what_watchers_learnt_is_read_by_fewer_and_a_broken_line_costs_itself_alone() {
        let dir = tempfile::tempdir().expect("a folder");
        for watcher in 0..3 {
            Memory::of(dir.path(), watcher.into()).keep([learnt(watcher), learnt(10 + watcher)].into_iter());
        }
        let broken = dir.path().join("learnt-0.jsonl");
        let text = fs::read_to_string(&broken).expect("a file");
        fs::write(&broken, format!("{{\"address\":\n{text}")).expect("a file");
        let mut known = recall(dir.path(), 1);
        known.sort_by_key(|one| one.address);
        assert_eq!(known, [0, 1, 2, 10, 11, 12].map(learnt));
        assert_eq!(recall(dir.path(), 1).len(), 2, "the files of the others are done with");
    }
}
