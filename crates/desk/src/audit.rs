//! Who did what, why and until when, and whether the log that says so is whole.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value as Json, json};
use store::{Deed, DeedFilter, DeedRow};

use case::{Actor, Event, Record};

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::timeline;

/// How many deeds stand on a page.
pub const DEEDS_PER_PAGE: u32 = 100;
/// How often the whole log is walked by itself.
const WALKED_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeedView {
    /// The number of its entry in the log.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What, in a word.
    pub deed: String,
    /// On what.
    pub about: String,
    /// Why.
    pub why: String,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What else there is to say.
    pub detail: Json,
    /// Whether its bytes are those that were logged.
    pub sound: bool,
}

impl From<DeedRow> for DeedView {
    fn from(row: DeedRow) -> DeedView {
        let DeedRow { seq, deed, sound } = row;
        let Deed { at, who, deed, about, why, until, detail } = deed;
        DeedView { seq, at, who, deed, about, why, until, detail, sound }
    }
}

/// What the last walk over the log found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainView {
    /// When it was walked.
    pub at: Timestamp,
    /// How many entries were sound.
    pub entries: u64,
    /// The chain hash of the last of them, in hex: kept elsewhere, it also shows a log that was cut short.
    pub head: String,
    /// The first entry that is not, and what is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// The last walk, in memory: it is true of its moment only.
#[derive(Debug, Default)]
pub(crate) struct LastWalk(Mutex<Option<ChainView>>);

/// A deed without reason, end or detail, to be filled in.
pub(crate) fn deed(at: Timestamp, who: &str, deed: &str, about: &str) -> Deed {
    Deed {
        at,
        who: who.to_owned(),
        deed: deed.to_owned(),
        about: about.to_owned(),
        why: String::new(),
        until: None,
        detail: json!({}),
    }
}

/// The deeds among what is recorded of cases: what an operator, and not the desk, said or ordered.
pub(crate) fn of_records(records: &[Record]) -> Vec<Deed> {
    records.iter().filter_map(of_record).collect()
}

fn of_record(record: &Record) -> Option<Deed> {
    let Actor::Operator(who) = &record.actor else { return None };
    let event = serde_json::to_value(&record.event).unwrap_or_default();
    let word = event.get("event").and_then(Json::as_str).unwrap_or("changed").to_owned();
    let text = |key: &str| event.get(key).and_then(Json::as_str).map(str::to_owned);
    let row = timeline::rows(std::slice::from_ref(record)).pop();
    let until = match &record.event {
        Event::BlockOrdered { rule, .. } => Some(rule.until),
        Event::WatchSet { until, .. } => Some(*until),
        _ => None,
    };
    Some(Deed {
        why: ["reason", "why", "text"].into_iter().find_map(text).unwrap_or_default(),
        until,
        detail: json!({
            "version": record.version, "title": row.map(|row| row.title), "event": event,
        }),
        ..deed(record.at, who, &word, &record.case.to_string())
    })
}

impl Desk {
    /// What people did, newest first, [`DEEDS_PER_PAGE`] below the entry `before`.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn deeds(&self, filter: &DeedFilter, before: Option<u64>) -> Result<Vec<DeedView>, DeskError> {
        let rows = self.store().deeds(filter, before, DEEDS_PER_PAGE).await.doing("list what people did")?;
        Ok(rows.into_iter().map(DeedView::from).collect())
    }

    /// Walks the whole log and says what it found; takes as long as reading it all does.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn walk_log(&self) -> Result<ChainView, DeskError> {
        let report = self.store().verify_chain().await.doing("walk the evidence log")?;
        let broken = report.broken.map(|broken| format!("entry {}: {}", broken.seq, broken.what));
        let view =
            ChainView { at: self.now(), entries: report.entries, head: hex::encode(report.head), broken };
        if let Some(broken) = &view.broken {
            tracing::error!(
                broken,
                "the evidence log was tampered with or is damaged; restore a backup beside it and compare"
            );
        }
        *self.last_walk().0.lock().unwrap_or_else(PoisonError::into_inner) = Some(view.clone());
        Ok(view)
    }

    /// What the last walk found; none since the start.
    #[must_use]
    pub fn chain(&self) -> Option<ChainView> {
        self.last_walk().0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Walks the log once a day, the first time soon after the start.
    pub(crate) async fn walk_the_log_daily(self) {
        loop {
            let since = self.chain().map(|view| self.now().duration_since(view.at));
            if since.is_none_or(|since| since >= WALKED_EVERY)
                && let Err(error) = self.walk_log().await
            {
                tracing::warn!(%error, "the evidence log could not be walked; it is tried again in an hour");
            }
            tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
        }
    }

    /// Records what somebody did beside cases.
    pub(crate) async fn record_deed(&self, deed: Deed) -> Result<(), DeskError> {
        self.store().record_deed(&deed).await.doing("record what somebody did")
    }
}
