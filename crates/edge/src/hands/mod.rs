//! Router text for hands: what to type so that a router holds the plan, for people to review and carry out.
//!
//! Nothing is sent to any router. Each change is a file, `NAME.todo`, of commands in the router's own words. Whoever has
//! carried them out renames it to `NAME.done`, and what is in there is from then on what the router has. Both remember
//! their rules in comments, as a zone does. A rule is in force once it is done, by the word of whoever renamed the file;
//! that word alone makes no case contained.

mod dialect;

use std::collections::BTreeSet;
use std::path::PathBuf;

use case::RuleKey;
use jiff::Timestamp;

use crate::diff::{Change, Edge, Standing};
use crate::error::EdgeError;
use crate::remembered::{self, Remembered};
use crate::round::{Kept, Peer, no_garden};
pub use dialect::Dialect;

/// One router, or several alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandsConfig {
    /// Its words.
    pub dialect: Dialect,
    /// The folder the files are in.
    pub dir: PathBuf,
    /// What the files are called, before `.todo` and `.done`.
    pub name: String,
    /// Off: the log says what would be written, and nothing is.
    pub live: bool,
}

/// Hands as a peer.
#[derive(Debug)]
pub struct Hands {
    config: HandsConfig,
    done: Vec<Kept>,
    /// Whether something waits for hands.
    waits: bool,
}

impl Hands {
    pub(crate) fn new(config: HandsConfig) -> Hands {
        Hands { config, done: Vec::new(), waits: false }
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.config.dir.join(format!("{}.{ending}", self.config.name))
    }

    /// The file of what is to be done: the commands, and every rule that stands once they are carried out.
    fn todo(&self, wanted: &[Kept], change: &Change) -> String {
        let words = self.config.dialect;
        let mut text = words.comment(&format!(
            "nightdesk: {} to add, {} to take away. Review, carry out, then rename this file to {}.done",
            change.add.len(),
            change.remove.len(),
            self.config.name
        ));
        text += &words.commands(change);
        for kept in wanted {
            text += &words.comment(&remembered::line(kept));
        }
        text
    }
}

impl Peer for Hands {
    fn takes(&self, key: &RuleKey) -> Result<(), String> {
        no_garden(key, "a filter")
    }

    async fn look(&mut self) -> Result<Edge, EdgeError> {
        let text = remembered::read(&self.file("done")).await?.unwrap_or_default();
        self.done = text.lines().filter_map(remembered::within).map(Remembered::kept).collect();
        self.waits = remembered::read(&self.file("todo")).await?.is_some();
        // A router's filter knows no end: one that moves needs no hand.
        let standing = |kept: &Kept| Standing { until: None, since: Some(kept.since) };
        Ok(self.done.iter().map(|kept| (kept.rule.key, standing(kept))).collect())
    }

    fn refusal(&self, _key: &RuleKey) -> Option<String> {
        Some(format!("it waits for hands: see {}", self.file("todo").display()))
    }

    /// What waits may be undone by now: then there is nothing to do.
    fn is_stale(&self) -> bool {
        self.waits
    }

    async fn apply(&mut self, wanted: &[Kept], change: &Change, _now: Timestamp) -> Result<(), EdgeError> {
        let todo = self.file("todo");
        if change.is_empty() {
            return remembered::remove(&todo).await;
        }
        let text = self.todo(wanted, change);
        // The same text again would only look like news to whoever reviews it.
        if remembered::read(&todo).await?.as_deref() != Some(text.as_str()) {
            remembered::write(&todo, text).await?;
        }
        Ok(())
    }

    async fn verify(&mut self, wanted: &[Kept]) -> Result<BTreeSet<RuleKey>, EdgeError> {
        let done: BTreeSet<RuleKey> = self.done.iter().map(|kept| kept.rule.key).collect();
        Ok(wanted.iter().map(|kept| kept.rule.key).filter(|key| done.contains(key)).collect())
    }
}

#[cfg(test)]
mod tests;
