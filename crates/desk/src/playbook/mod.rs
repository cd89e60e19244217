//! The playbook that is live, and who made it so.
//!
//! The text of a playbook goes into the evidence log when it goes live, and a row says from when. Whoever said something
//! last is followed: a configuration that was changed since the last start, or an operator on the page.

mod trial;

use std::sync::{Arc, PoisonError, RwLock};

use case::{EvidenceId, Mistake, Playbook, PlaybookVersion};
use jiff::Timestamp;
use store::{Delivery, PlaybookRow, Store};

use crate::desk::Desk;
use crate::error::{DeskError, Doing};

pub(crate) use trial::Trials;
pub use trial::{Trial, TrialView, try_playbook};

/// What the log calls a playbook.
const SOURCE: &str = "playbook";
/// A playbook that the configuration names.
const CONFIGURATION: &str = "configuration";
/// A playbook that was made live on the page.
const PAGE: &str = "page";
/// How many of those that were live are shown.
const SHOWN: u32 = 20;
/// How many of those that were live are looked through for a number that was given before.
const NUMBERS: u32 = 10_000;

/// The playbook that decisions are made under. Decisions take a copy of the handle, so that each is made under one.
#[derive(Debug)]
pub(crate) struct Live {
    playbook: RwLock<Arc<Playbook>>,
    /// What follows from the prober's settings and belongs to no playbook.
    least_gap: jiff::SignedDuration,
}

/// A playbook that was made live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivePlaybook {
    /// Which.
    pub version: PlaybookVersion,
    /// What it is called.
    pub name: String,
    /// Its text, in the log.
    pub evidence: EvidenceId,
    /// Who made it live; `configuration` where the file did.
    pub made_by: String,
    /// Why.
    pub reason: String,
    /// From when.
    pub at: Timestamp,
}

impl From<PlaybookRow> for LivePlaybook {
    fn from(row: PlaybookRow) -> Self {
        LivePlaybook {
            version: PlaybookVersion { number: row.number, hash: row.hash },
            name: row.name,
            evidence: row.evidence,
            made_by: row.made_by,
            reason: row.reason,
            at: row.at,
        }
    }
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaybookView {
    /// The playbook that is live.
    pub live: Arc<Playbook>,
    /// Those that went live, the newest first.
    pub history: Vec<LivePlaybook>,
    /// Whether the configuration has another one, which a page has overruled.
    pub overruled: bool,
    /// The trial that runs or ran last.
    pub trial: Option<TrialView>,
}

/// Why a playbook did not go live.
#[derive(Debug, thiserror::Error)]
pub enum NotLive {
    /// It has mistakes.
    #[error("it is not right: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Wrong(Vec<Mistake>),
    /// Another text was live under its number.
    #[error(
        "another playbook was live under the number {0}: raise the number, so that people know which one is meant"
    )]
    NumberTaken(u32),
    /// It is live.
    #[error("this very playbook is live")]
    IsLive,
    /// A reason is required and was blank.
    #[error("say why: the reason is kept with the playbook")]
    NoReason,
    /// A room below.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl Live {
    /// Finds out which playbook is live: that of the configuration where it says another than at the last start, else the
    /// one that went live last.
    pub(crate) async fn take_up(
        store: &Store,
        configured: &Playbook,
        now: Timestamp,
    ) -> Result<Live, DeskError> {
        let least_gap = configured.least_gap;
        let configured = configured.clone().settled();
        let history = store.playbooks(NUMBERS).await.doing("read which playbooks were live")?;
        let said_before = history.iter().find(|row| row.source == CONFIGURATION);
        let live = match (said_before, history.first()) {
            (Some(said), Some(newest)) if said.hash == configured.version.hash => {
                read(store, newest).await?.unwrap_or(configured)
            }
            _ => {
                let why = "as configured at a start";
                record(store, &configured, CONFIGURATION, CONFIGURATION, why, now).await?;
                tracing::info!(playbook = %configured.version, "the configured playbook is live");
                configured
            }
        };
        let playbook = RwLock::new(Arc::new(Playbook { least_gap, ..live }));
        Ok(Live { playbook, least_gap })
    }

    pub(crate) fn get(&self) -> Arc<Playbook> {
        self.playbook.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, playbook: Playbook) {
        let playbook = Playbook { least_gap: self.least_gap, ..playbook };
        *self.playbook.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(playbook);
    }
}

/// The playbook of a row, from the log; `None` where this version cannot read it any more.
async fn read(store: &Store, row: &PlaybookRow) -> Result<Option<Playbook>, DeskError> {
    let bytes = store.bytes(&row.evidence).await.doing("read a playbook")?.unwrap_or_default();
    let read = Playbook::read(&String::from_utf8_lossy(&bytes));
    if let Err(mistakes) = &read {
        let mistakes = mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        tracing::error!(number = row.number, %mistakes, "the playbook that was live cannot be read by this version; \
            that of the configuration is followed");
    }
    Ok(read.ok())
}

/// Puts the text of a playbook into the log and says that it is live from now on.
async fn record(
    store: &Store,
    playbook: &Playbook,
    source: &str,
    by: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), DeskError> {
    let version = &playbook.version;
    let delivery = Delivery {
        id: format!("playbook-{}-{}", version.number, version.hash),
        source: SOURCE.to_owned(),
        envelope: serde_json::json!({ "number": version.number, "name": playbook.name, "by": by, "reason": reason }),
        received: now,
        bytes: playbook.text.as_bytes().to_vec(),
    };
    let appended = store.append(&[delivery]).await.doing("put a playbook into the log")?;
    let Some(appended) = appended.first() else { return Ok(()) };
    let row = PlaybookRow {
        seq: 0,
        evidence: appended.entry.id,
        number: version.number,
        hash: version.hash.clone(),
        name: playbook.name.clone(),
        source: source.to_owned(),
        made_by: by.to_owned(),
        reason: reason.to_owned(),
        at: now,
    };
    store.put_playbook(&row).await.doing("record that a playbook went live")
}

/// The playbook that is live by what the store says, for commands beside the desk; that of the configuration where none was
/// ever live.
///
/// # Errors
/// [`DeskError`] when the store cannot be read.
pub async fn live_playbook(store: &Store, configured: &Playbook) -> Result<Playbook, DeskError> {
    let history = store.playbooks(1).await.doing("read which playbooks were live")?;
    let live = match history.first() {
        Some(row) => read(store, row).await?,
        None => None,
    };
    let live = live.unwrap_or_else(|| configured.clone().settled());
    Ok(Playbook { least_gap: configured.least_gap, ..live })
}

impl Desk {
    /// The playbook that is live.
    #[must_use]
    pub fn playbook(&self) -> Arc<Playbook> {
        self.live().get()
    }

    /// What is live, what was, and the newest trial.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn playbook_view(&self) -> Result<PlaybookView, DeskError> {
        let rows = self.store().playbooks(SHOWN).await.doing("read which playbooks were live")?;
        let overruled = rows.first().is_some_and(|row| row.source != CONFIGURATION)
            && self.settings().playbook.clone().settled().version.hash != self.playbook().version.hash;
        let history = rows.into_iter().map(LivePlaybook::from).collect();
        Ok(PlaybookView { live: self.playbook(), history, overruled, trial: self.trials().view() })
    }

    /// Makes a playbook live from now on, in an operator's name.
    ///
    /// # Errors
    /// [`NotLive`]: it is wrong, its number was given before, no reason is given, or the store failed.
    pub async fn make_playbook_live(&self, text: &str, by: &str, reason: &str) -> Result<(), NotLive> {
        let playbook = Playbook::read(text).map_err(NotLive::Wrong)?;
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(NotLive::NoReason);
        }
        // No decision is made while it changes: the office is held across the commit, as for any decision.
        let office = self.office().write().await;
        let history = self.store().playbooks(NUMBERS).await.doing("read which playbooks were live")?;
        let version = &playbook.version;
        if history.first().is_some_and(|live| live.hash == version.hash) {
            return Err(NotLive::IsLive);
        }
        if history.iter().any(|row| row.number == version.number && row.hash != version.hash) {
            return Err(NotLive::NumberTaken(version.number));
        }
        record(self.store(), &playbook, PAGE, by, reason, self.now()).await?;
        tracing::info!(playbook = %playbook.version, by, reason, "another playbook is live");
        self.live().set(playbook);
        drop(office);
        self.ring();
        Ok(())
    }
}
