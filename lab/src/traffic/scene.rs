//! Where a run takes place: what everybody who plays a part in it may use.

use std::path::{Path, PathBuf};
use std::thread::Scope;

use anyhow::Result;
use jiff::Timestamp;

use super::course::Course;
use super::exports::text;
use super::network::Network;
use super::plan::Line;
use super::truth::Book;
use crate::net::Namespace;
use crate::peers::Peer;

/// A run under way.
pub(crate) struct Scene<'s> {
    pub(crate) network: &'s Network,
    pub(crate) course: &'s Course,
    pub(crate) book: &'s Book,
    /// Configurations and logs; gone when the run is over.
    pub(crate) dir: &'s Path,
}

/// Threads of a run: they end with it.
pub(crate) type Threads<'t, 'e> = &'t Scope<'t, 'e>;

impl Scene<'_> {
    /// Everything outside.
    pub(crate) fn world(&self) -> &Namespace {
        &self.network.world
    }

    /// The namespace of a line.
    pub(crate) fn of(&self, line: &Line) -> Result<&Namespace> {
        self.network.of(line)
    }

    /// A file or folder of the run, as an argument.
    pub(crate) fn file(&self, name: &str) -> Result<String> {
        text(&self.path(name))
    }

    /// A file or folder of the run.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes a configuration and returns its name as an argument.
    pub(crate) fn write(&self, name: &str, content: &str) -> Result<String> {
        std::fs::write(self.path(name), content)?;
        self.file(name)
    }

    /// Starts a program of a line that goes on until it is dropped. It ends with the thread that started it.
    pub(crate) fn start(&self, line: &Line, program: &str, words: &[&str]) -> Result<Peer> {
        Peer::start(self.of(line)?, &log(line, program), words, self.dir)
    }

    /// The same outside, for a line.
    pub(crate) fn start_outside(&self, line: &Line, program: &str, words: &[&str]) -> Result<Peer> {
        Peer::start(self.world(), &format!("{}-outside", log(line, program)), words, self.dir)
    }

    /// Notes a use of a line by strangers, now.
    pub(crate) fn used(&self, line: &Line) {
        self.book.used(line, Timestamp::now());
    }

    /// Keeps a program going until the run is over; fails when it ends before.
    pub(crate) fn keep(&self, peer: &mut Peer) -> Result<()> {
        while self.course.pause(2.0) {
            peer.still_runs()?;
        }
        Ok(())
    }

    /// Plays a part in a thread of its own. What fails is noted, and fails the run in the end.
    pub(crate) fn play<'t, 'e>(
        &'t self,
        threads: Threads<'t, 'e>,
        who: &'t str,
        part: impl FnOnce() -> Result<()> + Send + 't,
    ) {
        threads.spawn(move || {
            if let Err(error) = part() {
                self.course.note(who, &error);
            }
        });
    }
}

fn log(line: &Line, program: &str) -> String {
    format!("{program}-line{}", line.number)
}
