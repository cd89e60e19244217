//! What each stage does, and the numbers judgement uses: a text file with a version, read and checked here.
//!
//! A [`Playbook`] is a value; [`Playbook::read`] makes it from its text and [`Playbook::to_text`] writes it. What it may
//! not do, no text can make it do: hearsay stops at `suspected` in [`crate::Case`], whatever a [`Step`] says.

mod difference;
mod length;
mod mistake;
mod reading;
mod step;
mod version;
mod writing;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{Stage, Transport};

pub use difference::Changed;
pub use length::Length;
pub use mistake::Mistake;
pub use step::{Choices, Moment, Step};
pub use version::PlaybookVersion;

/// One thing the playbook takes from a confirmed line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restriction {
    /// Mail to the world: tcp/25 out.
    MailOut,
    /// The proved port, inbound.
    ProvedPortIn,
    /// Everything but the walled garden, and what that lets by.
    WalledGarden,
}

impl Restriction {
    /// The name as it stands in the file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Restriction::MailOut => "mail-out",
            Restriction::ProvedPortIn => "proved-port-in",
            Restriction::WalledGarden => "walled-garden",
        }
    }
}

/// How long each stage may take before the case is overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Clocks {
    /// In `heads-up`, until somebody looked.
    pub heads_up: SignedDuration,
    /// In `watching`.
    pub watching: SignedDuration,
    /// In `suspected`, until it is proved or dismissed.
    pub suspected: SignedDuration,
    /// In `confirmed`, until it is contained.
    pub confirmed: SignedDuration,
    /// In `contained`, until it is cleaned.
    pub contained: SignedDuration,
}

impl Default for Clocks {
    fn default() -> Self {
        Playbook::built_in().clocks
    }
}

/// The playbook: its numbers, and its steps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Playbook {
    /// Which one it is: named by every decision.
    pub version: PlaybookVersion,
    /// The text it was read from.
    #[serde(skip)]
    pub text: Arc<str>,
    /// What people call it.
    pub name: String,
    /// How long a watch lasts after a virus sighting.
    pub watch_for: SignedDuration,
    /// Ports asked when the evidence names none: where open proxies have long stood (libopm's defaults).
    pub usual_ports: Vec<u16>,
    /// How often an open case is probed again; [`Playbook::ask_again`] says it of a stage.
    pub recheck_every: SignedDuration,
    /// The least time between two questions to one address that no operator asks; a little more than the prober's own.
    /// Follows from the prober and is not part of the file.
    pub least_gap: SignedDuration,
    /// How many negative probes in a row make a case `cleaned` ...
    pub clean_after_negatives: u32,
    /// ... when they also span at least this long.
    pub clean_over: SignedDuration,
    /// How long a cleaned or quiet case stays open.
    pub close_after: SignedDuration,
    /// Whether no new block goes to the edge before an operator has approved it who did not order it.
    pub second_person: bool,
    /// Whether an authenticated reporter gets an acknowledgement.
    pub acknowledge_reporter: bool,
    /// Whether a reporter who was acknowledged is told when the line was found clean.
    pub tell_reporter_outcome: bool,
    /// Whether SpamCop is told `resolved` of each of its reports once the line was found clean since.
    pub spamcop_resolved: bool,
    /// How long each stage may take.
    pub clocks: Clocks,
    /// Stages that are asked again at a pace of their own.
    pub ask_again: BTreeMap<Stage, SignedDuration>,
    /// The runbook an operator is shown at each stage.
    pub runbooks: BTreeMap<Stage, String>,
    /// What is done, in order: at each moment the first that fits.
    pub steps: Vec<Step>,
}

/// The text of the built-in playbook, which is its manual too.
const BUILT_IN: &str = include_str!("../../data/playbook.toml");

static BUILT_IN_READ: LazyLock<Option<Playbook>> = LazyLock::new(|| Playbook::read(BUILT_IN).ok());

impl Default for Playbook {
    fn default() -> Self {
        Playbook::built_in().clone()
    }
}

impl Playbook {
    /// The transport of every measure this playbook orders today.
    pub const TRANSPORT: Transport = Transport::Tcp;

    /// The longest a block may last from the newest proof: whoever needs longer looks again first.
    pub const LONGEST_BLOCK: SignedDuration = SignedDuration::from_hours(7 * 24);

    /// The text of the built-in playbook: every setting with its default, explained.
    #[must_use]
    pub fn built_in_text() -> &'static str {
        BUILT_IN
    }

    /// The built-in playbook.
    #[must_use]
    pub fn built_in() -> &'static Playbook {
        static NONE: LazyLock<Playbook> = LazyLock::new(Playbook::of_nothing);
        // That it can be read is held by a test.
        BUILT_IN_READ.as_ref().unwrap_or_else(|| &NONE)
    }

    /// Reads a playbook and checks it as a whole.
    ///
    /// # Errors
    /// Every [`Mistake`] that was found, with its line and column; at least one.
    pub fn read(text: &str) -> Result<Playbook, Vec<Mistake>> {
        reading::read(text)
    }

    /// Its text, without the manual: [`Playbook::read`] of it gives the same playbook, under the version of that text.
    #[must_use]
    pub fn to_text(&self) -> String {
        writing::text(self)
    }

    /// This playbook under the version of its own text, whatever it was made from.
    #[must_use]
    pub fn with_its_own_version(mut self) -> Playbook {
        self.text = self.to_text().into();
        self.version = PlaybookVersion::of(self.version.number, &self.text);
        self
    }

    /// The same, where its text does not say what it does: one that settings of the configuration have changed.
    #[must_use]
    pub fn settled(self) -> Playbook {
        let says_so = Playbook::read(&self.text).is_ok_and(|said| said.changes(&self).is_empty());
        if says_so { self } else { self.with_its_own_version() }
    }

    /// What is different in `other`, setting by setting and step by step; nothing where both do the same.
    #[must_use]
    pub fn changes(&self, other: &Playbook) -> Vec<Changed> {
        difference::between(self, other)
    }

    /// How often a case in this stage is asked again.
    #[must_use]
    pub fn asked_every(&self, stage: Stage) -> SignedDuration {
        self.ask_again.get(&stage).copied().unwrap_or(self.recheck_every)
    }

    /// How long this stage may take; `None` where nobody waits for anything.
    #[must_use]
    pub fn clock(&self, stage: Stage) -> Option<SignedDuration> {
        match stage {
            Stage::HeadsUp => Some(self.clocks.heads_up),
            Stage::Watching => Some(self.clocks.watching),
            Stage::Suspected => Some(self.clocks.suspected),
            Stage::Confirmed => Some(self.clocks.confirmed),
            Stage::Contained => Some(self.clocks.contained),
            Stage::Cleaned | Stage::Closed | Stage::Dismissed => None,
        }
    }

    /// The runbook of a stage; that of its own name where none is said.
    #[must_use]
    pub fn runbook(&self, stage: Stage) -> &str {
        self.runbooks.get(&stage).map_or(stage.name(), String::as_str)
    }

    /// One that does nothing.
    fn of_nothing() -> Playbook {
        let day = SignedDuration::from_hours(24);
        Playbook {
            version: PlaybookVersion::of(0, ""),
            text: "".into(),
            name: String::new(),
            watch_for: day,
            usual_ports: Vec::new(),
            recheck_every: day,
            least_gap: LEAST_GAP,
            clean_after_negatives: 3,
            clean_over: day,
            close_after: day,
            second_person: true,
            acknowledge_reporter: false,
            tell_reporter_outcome: false,
            spamcop_resolved: false,
            clocks: Clocks { heads_up: day, watching: day, suspected: day, confirmed: day, contained: day },
            ask_again: BTreeMap::new(),
            runbooks: BTreeMap::new(),
            steps: Vec::new(),
        }
    }
}

/// A little more than the prober's own least gap of ten minutes.
const LEAST_GAP: SignedDuration = SignedDuration::from_mins(11);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_playbook_can_be_read_and_is_the_default() {
        let read = Playbook::read(BUILT_IN).expect("the built-in playbook");
        assert_eq!(read, Playbook::default());
        assert_eq!(read.steps.len(), 5);
    }

    #[test]
    fn what_is_written_reads_as_the_same() {
        let built_in = Playbook::default();
        let again = Playbook::read(&built_in.to_text()).expect("a playbook");
        assert_eq!(built_in.changes(&again), Vec::new());
        assert_eq!(again.clone().with_its_own_version(), again);
    }

    #[test]
    fn the_settings_of_the_configuration_come_to_the_built_in_steps() {
        assert_eq!(Choices::default().steps(), Playbook::default().steps);
    }
}
