//! One wish for many cases: looked at before, done after a minute in which it can be taken back, and put back after.
//!
//! What is shown is what is done: an order names its cases one by one with the version each was seen at, and a case that
//! moved on meanwhile is left alone and told. Nothing that takes something from a customer is asked of many at once.

use case::{Actor, Case, CaseId, Command, Listed, Query};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{BulkRow, BulkSettled};

use crate::desk::Desk;
use crate::error::{ActError, DeskError, Doing};
use crate::queue::SearchError;
use crate::view::QueueRow;

/// How long an order can be taken back before it is done.
pub const UNDO_FOR: SignedDuration = SignedDuration::from_secs(60);
/// The most cases of one order: what a person can be said to have looked at, at a glance.
pub const BULK_AT_MOST: usize = 1000;
/// How many orders are shown.
const SHOWN: u32 = 50;
/// The longest reason, in bytes.
const REASON_AT_MOST: usize = 4000;

/// What can be asked of many cases at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum BulkAction {
    /// They are nothing: they end.
    Dismiss,
    /// Ended ones are taken up again.
    Reopen,
    /// Somebody takes them on; with nobody named they are anybody's again.
    Assign {
        /// Who, by login name.
        to: Option<String>,
    },
    /// Their lines are probed.
    Recheck,
    /// Their blocks are lifted.
    Release,
    /// The reason is written down on each.
    Note,
}

impl BulkAction {
    /// The action of that name; `to` is looked at by `assign` alone.
    #[must_use]
    pub fn named(name: &str, to: &str) -> Option<BulkAction> {
        Some(match name {
            "dismiss" => BulkAction::Dismiss,
            "reopen" => BulkAction::Reopen,
            "assign" => BulkAction::Assign { to: Some(to.trim().to_owned()).filter(|to| !to.is_empty()) },
            "recheck" => BulkAction::Recheck,
            "release" => BulkAction::Release,
            "note" => BulkAction::Note,
            _ => return None,
        })
    }

    /// Its name in forms and JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            BulkAction::Dismiss => "dismiss",
            BulkAction::Reopen => "reopen",
            BulkAction::Assign { .. } => "assign",
            BulkAction::Recheck => "recheck",
            BulkAction::Release => "release",
            BulkAction::Note => "note",
        }
    }

    /// What it asks of one case.
    fn command(&self, reason: &str) -> Command {
        let reason = reason.to_owned();
        match self {
            BulkAction::Dismiss => Command::Dismiss { reason },
            BulkAction::Reopen => Command::Reopen { reason },
            BulkAction::Assign { to } => Command::Assign { to: to.clone() },
            BulkAction::Recheck => Command::Recheck { ports: Vec::new() },
            BulkAction::Release => Command::Release { reason },
            BulkAction::Note => Command::Note { text: reason },
        }
    }

    /// What puts a case back that this was done to and that somebody had before; none where nothing can.
    fn back(&self, before: Option<&str>) -> Option<BulkAction> {
        match self {
            BulkAction::Dismiss => Some(BulkAction::Reopen),
            BulkAction::Reopen => Some(BulkAction::Dismiss),
            BulkAction::Assign { .. } => Some(BulkAction::Assign { to: before.map(str::to_owned) }),
            BulkAction::Recheck | BulkAction::Release | BulkAction::Note => None,
        }
    }
}

/// What somebody wants of many cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkWish {
    /// Which cases, in the language of searches.
    pub search: String,
    /// What.
    #[serde(flatten)]
    pub action: BulkAction,
    /// Why; kept with each of them.
    pub reason: String,
}

/// One case of an order, before or after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BulkLine {
    /// The case as it is.
    pub row: QueueRow,
    /// Its version.
    pub version: u64,
    /// Why it does not take it, if so.
    pub refused: Option<String>,
}

/// What an order would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BulkPreview {
    /// Every case that fits, those that refuse too.
    pub lines: Vec<BulkLine>,
    /// How many would take it.
    pub would: usize,
    /// Whether more cases fit than one order may have; then nothing can be ordered.
    pub too_many: bool,
    /// What stands for just these cases at just these versions: sent back, so that what was seen is what is done.
    pub mark: String,
}

/// One order as pages and JSON show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BulkView {
    /// Its number.
    pub id: u64,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// When it is done, unless it is taken back before.
    pub due: Timestamp,
    /// `waiting`, `undone`, `done` or `put-back`.
    pub state: String,
    /// When it was done or taken back.
    pub settled: Option<Timestamp>,
    /// What is asked.
    pub wish: BulkWish,
    /// Of which cases.
    pub cases: Vec<CaseId>,
    /// What came of it.
    pub outcome: BulkOutcome,
    /// Whether it can still be taken back or put back.
    pub can_undo: bool,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BulkOutcome {
    /// The cases that took it: the version each came to, and who had it before.
    pub done: Vec<(CaseId, u64, Option<String>)>,
    /// Those that did not, and why.
    pub left: Vec<(CaseId, String)>,
    /// Who took it back or put it back.
    pub undone_by: Option<String>,
}

/// Why an order was not taken.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// The search.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// Whoever asks may not, or a room below failed.
    #[error(transparent)]
    Act(#[from] ActError),
    /// No reason, or one beyond all measure.
    #[error("say why, in at most {REASON_AT_MOST} bytes: the reason is kept")]
    Reason,
    /// No case takes it.
    #[error("no case that fits takes this; nothing was ordered")]
    None,
    /// Too many.
    #[error("more than {BULK_AT_MOST} cases fit; narrow the search, for one order has at most so many")]
    TooMany,
    /// The cases are others than those that were shown.
    #[error(
        "the cases that fit, or what is known of them, changed since they were shown; look again, then order"
    )]
    Changed,
    /// There is no such order.
    #[error("there is no such order")]
    NoSuch,
    /// It was taken back already, or cannot be put back.
    #[error("{0}")]
    TooLate(String),
}

impl From<DeskError> for BulkError {
    fn from(error: DeskError) -> Self {
        BulkError::Act(ActError::Desk(error))
    }
}

/// An order on its way from one state to another.
struct Step {
    id: u64,
    from: &'static str,
    to: &'static str,
    undone_by: Option<String>,
}

impl Step {
    fn settled(&self, outcome: &BulkOutcome, at: Timestamp) -> BulkSettled {
        BulkSettled { id: self.id, from: self.from, to: self.to, outcome: serde_json::json!(outcome), at }
    }
}

impl Desk {
    /// What a wish would do, case by case; nothing is changed.
    ///
    /// # Errors
    /// [`BulkError`] when the search is not understood or the store cannot be read.
    pub async fn preview_bulk(
        &self,
        search: &str,
        action: &BulkAction,
        by: &str,
    ) -> Result<BulkPreview, BulkError> {
        let now = self.now();
        let query = Query::read(search, now).map_err(SearchError::from)?;
        let (lines, too_many) = self.every_line(&query, by, BULK_AT_MOST).await?;
        let command = action.command("a reason");
        let mut previewed = Vec::with_capacity(lines.len());
        for line in &lines {
            let refused = self.would_refuse(line.case, &command).await?;
            previewed.push(BulkLine { row: QueueRow::of(line, now), version: line.version, refused });
        }
        let would = previewed.iter().filter(|line| line.refused.is_none()).count();
        Ok(BulkPreview { lines: previewed, would, too_many, mark: mark(&lines) })
    }

    async fn would_refuse(&self, id: CaseId, command: &Command) -> Result<Option<String>, DeskError> {
        let (playbook, now) = (self.playbook(), self.now());
        let refusal =
            |case: &Case| case.decide(command, &playbook, now).err().map(|refusal| refusal.to_string());
        if let Some(case) = self.office().read().await.case(id) {
            return Ok(refusal(case));
        }
        let records = self.store().records(id).await.doing("read a case")?;
        Ok(Case::replay(&records).and_then(|case| refusal(&case)))
    }

    /// Orders what was previewed; it is done after [`UNDO_FOR`]. Gives the order's number.
    ///
    /// # Errors
    /// [`BulkError`]: nothing was ordered then.
    pub async fn order_bulk(&self, wish: &BulkWish, seen: &str, by: &str) -> Result<u64, BulkError> {
        let reason = wish.reason.trim();
        if reason.is_empty() || reason.len() > REASON_AT_MOST {
            return Err(BulkError::Reason);
        }
        let actor = Actor::Operator(by.to_owned());
        let command = wish.action.command(reason);
        self.permit_command(&actor, &command).await.map_err(ActError::from)?;
        self.check_assignee(&command).await?;
        let preview = self.preview_bulk(&wish.search, &wish.action, by).await?;
        if preview.too_many {
            return Err(BulkError::TooMany);
        }
        if preview.mark != seen {
            return Err(BulkError::Changed);
        }
        if preview.would == 0 {
            return Err(BulkError::None);
        }
        let takes = preview.lines.iter().filter(|line| line.refused.is_none());
        let now = self.now();
        let row = BulkRow {
            id: 0,
            ordered_by: by.to_owned(),
            ordered_at: now,
            due: now.saturating_add(UNDO_FOR).unwrap_or(now),
            state: "waiting".to_owned(),
            settled_at: None,
            wish: serde_json::json!(BulkWish { reason: reason.to_owned(), ..wish.clone() }),
            cases: takes.map(|line| (line.row.id, line.version)).collect(),
            outcome: serde_json::json!(BulkOutcome::default()),
        };
        Ok(self.store().put_bulk(&row).await.doing("keep an order for many cases")?)
    }

    /// Does the orders whose time has come; gives how many.
    pub(crate) async fn do_bulk_due(&self) -> Result<usize, DeskError> {
        let due = self.store().bulk_due(self.now()).await.doing("look for orders for many cases")?;
        let count = due.len();
        for row in due {
            let wish = wish(&row)?;
            let step = Step { id: row.id, from: "waiting", to: "done", undone_by: None };
            let action = |_| Some(wish.action.clone());
            match self.do_all(&row.cases, action, &wish.reason, &row.ordered_by, step).await {
                // Somebody else took it back, or wrote to one of its cases, at the same moment: it is looked at again.
                Err(DeskError::Conflict(_)) | Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }

    async fn do_all(
        &self,
        cases: &[(CaseId, u64)],
        action: impl Fn(CaseId) -> Option<BulkAction>,
        reason: &str,
        by: &str,
        step: Step,
    ) -> Result<(), DeskError> {
        let actor = Actor::Operator(by.to_owned());
        let mut outcome = BulkOutcome { undone_by: step.undone_by.clone(), ..BulkOutcome::default() };
        let mut orders = Vec::new();
        for (case, version) in cases {
            let Some(action) = action(*case) else { continue };
            let command = action.command(reason);
            match self.permit_command(&actor, &command).await.map_err(ActError::from) {
                Ok(()) => orders.push((*case, *version, command)),
                Err(ActError::Desk(error)) => return Err(error),
                Err(refused) => outcome.left.push((*case, refused.to_string())),
            }
        }
        let now = self.now();
        let settled = |(done, left)| {
            outcome.done = done;
            outcome.left.extend(left);
            step.settled(&outcome, now)
        };
        self.act_on_many(&orders, &actor, settled).await
    }

    /// Takes an order back that waits, or puts back what one did, as far as nothing happened to a case since.
    ///
    /// # Errors
    /// [`BulkError::NoSuch`], [`BulkError::TooLate`] with the reason, or a room below failed.
    pub async fn undo_bulk(&self, id: u64, by: &str) -> Result<BulkView, BulkError> {
        let doing = "take an order back";
        let row = self.store().bulk(id).await.doing(doing)?.ok_or(BulkError::NoSuch)?;
        let wish = wish(&row)?;
        let actor = Actor::Operator(by.to_owned());
        self.permit_command(&actor, &wish.action.command("put back")).await.map_err(ActError::from)?;
        let undone = BulkOutcome { undone_by: Some(by.to_owned()), ..outcome(&row) };
        let step = Step { id, from: "waiting", to: "undone", undone_by: None };
        if self.store().settle_bulk(&step.settled(&undone, self.now())).await.doing(doing)? {
            return self.bulk(id).await?.ok_or(BulkError::NoSuch);
        }
        let row = self.store().bulk(id).await.doing(doing)?.ok_or(BulkError::NoSuch)?;
        let did = outcome(&row);
        if row.state != "done" {
            return Err(BulkError::TooLate(format!("this order is {} already", in_words(&row.state))));
        }
        if wish.action.back(None).is_none() {
            let why = format!("\"{}\" was done and cannot be put back", wish.action.name());
            return Err(BulkError::TooLate(why));
        }
        let before = |case: CaseId| {
            did.done.iter().find(|(one, _, _)| *one == case).and_then(|(_, _, who)| who.as_deref())
        };
        let cases: Vec<(CaseId, u64)> = did.done.iter().map(|(case, version, _)| (*case, *version)).collect();
        let reason = format!("order {id} put back: {}", wish.reason);
        let step = Step { id, from: "done", to: "put-back", undone_by: Some(by.to_owned()) };
        self.do_all(&cases, |case| wish.action.back(before(case)), &reason, by, step).await?;
        self.bulk(id).await?.ok_or(BulkError::NoSuch)
    }

    /// One order.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn bulk(&self, id: u64) -> Result<Option<BulkView>, DeskError> {
        let row = self.store().bulk(id).await.doing("read an order")?;
        row.map(|row| view(&row)).transpose()
    }

    /// The newest orders, the newest first.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn bulks(&self) -> Result<Vec<BulkView>, DeskError> {
        let rows = self.store().bulks(SHOWN).await.doing("read orders")?;
        rows.iter().map(view).collect()
    }
}

fn in_words(state: &str) -> &str {
    match state {
        "undone" => "taken back",
        "put-back" => "put back",
        other => other,
    }
}

fn wish(row: &BulkRow) -> Result<BulkWish, DeskError> {
    serde_json::from_value(row.wish.clone())
        .map_err(|error| DeskError::Unreadable(format!("bulk order {}: {error}", row.id)))
}

fn outcome(row: &BulkRow) -> BulkOutcome {
    serde_json::from_value(row.outcome.clone()).unwrap_or_default()
}

fn view(row: &BulkRow) -> Result<BulkView, DeskError> {
    let wish = wish(row)?;
    let can_undo = row.state == "waiting" || row.state == "done" && wish.action.back(None).is_some();
    Ok(BulkView {
        id: row.id,
        by: row.ordered_by.clone(),
        at: row.ordered_at,
        due: row.due,
        state: row.state.clone(),
        settled: row.settled_at,
        wish,
        cases: row.cases.iter().map(|(case, _)| *case).collect(),
        outcome: outcome(row),
        can_undo,
    })
}

/// The SHA-256 of the cases and their versions.
fn mark(lines: &[Listed]) -> String {
    let mut digest = Sha256::new();
    let mut cases: Vec<(u64, u64)> = lines.iter().map(|line| (line.case.0, line.version)).collect();
    cases.sort_unstable();
    for (case, version) in cases {
        digest.update(case.to_le_bytes());
        digest.update(version.to_le_bytes());
    }
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
