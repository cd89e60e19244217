//! The hand-over of a shift: what happened since the last one, what needs somebody now, what comes next, and who is next.
//!
//! Everything in it follows from the log, the pages and the open cases at the moment it is asked for; what a shift wants to
//! say beside that is a note, kept as a deed, and shown first to the next.

use std::collections::BTreeSet;

use case::{Actor, CaseId, Event, Record, Stage};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use store::DeedFilter;

use crate::audit::{self, DeedView};
use crate::desk::Desk;
use crate::duty::{OnDutyView, PageView, TurnView};
use crate::error::{DeskError, Doing};
use crate::inbox::InboxView;
use crate::queue::SearchError;
use crate::view::QueueRow;

/// How a hand-over stands in the audit.
const HANDED_OVER: &str = "handed-over";
/// A shift's length where no hand-over says when the last one ended: the usual turn of a desk.
const USUAL: SignedDuration = SignedDuration::from_hours(12);
/// An older hand-over than this is nobody's shift any more.
const STALE: SignedDuration = SignedDuration::from_hours(24);
/// The longest time that is summed up at once.
const LONGEST: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How many of one sort are listed; the rest is a search away.
const LISTED: usize = 20;
/// How many of a shift's records are looked at.
const RECORDS: u32 = 100_000;
/// The longest note, in bytes.
const NOTE_AT_MOST: usize = 4000;

/// What a shift leaves behind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Handover {
    /// From when.
    pub from: Timestamp,
    /// To when: now.
    pub to: Timestamp,
    /// Why from then, in words.
    pub since: String,
    /// The last hand-over, with its note.
    pub last: Option<DeedView>,
    /// What is broken now, in words.
    pub wrong: Vec<String>,
    /// What needs somebody, the most pressing first.
    pub needs: Vec<Need>,
    /// What no case could take and nobody has settled.
    pub inbox: InboxView,
    /// Pages that nobody has answered, or that somebody looks at.
    pub pages: Vec<PageView>,
    /// Pages that were opened and resolved within the shift.
    pub pages_over: usize,
    /// How many different cases each thing happened to.
    pub counts: Vec<ShiftCount>,
    /// What was proved, contained, released or ended within the shift, the newest first; at most twenty.
    pub moved: Vec<ShiftDeed>,
    /// How many more of those there are.
    pub more_moved: usize,
    /// What people wrote down on cases, the newest first; at most twenty.
    pub notes: Vec<ShiftDeed>,
    /// How many more of those there are.
    pub more_notes: usize,
    /// Whether more happened than was looked at: then the counts are too low.
    pub cut_short: bool,
    /// Who is on duty.
    pub on_duty: Vec<OnDutyView>,
    /// Who comes next, by schedule.
    pub next: Vec<NextView>,
}

/// Open cases that need somebody for one reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Need {
    /// What they need, in words.
    pub what: &'static str,
    /// The search that finds them.
    pub search: &'static str,
    /// How many there are.
    pub total: usize,
    /// The most pressing of them, at most twenty.
    pub rows: Vec<QueueRow>,
}

/// How many cases something happened to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShiftCount {
    /// What, in a word.
    pub what: &'static str,
    /// How many different cases.
    pub cases: usize,
}

/// One thing that happened to a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShiftDeed {
    /// Which case.
    pub case: CaseId,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// What, in a word or as it was written.
    pub what: String,
    /// Why.
    pub why: String,
}

/// Who takes over in a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextView {
    /// The schedule.
    pub schedule: String,
    /// Who; none where nobody is named.
    pub person: Option<String>,
    /// From when.
    pub from: Timestamp,
}

/// What needs somebody, in the order of a shift's first minutes.
const NEEDS: [(&str, &str); 5] = [
    ("Open proxies and relays that are not contained", "is:proxy"),
    ("Blocks that wait for a second person", "is:waiting"),
    ("Overdue", "is:overdue -is:proxy"),
    ("Somebody was asked in a note and has not answered", "is:mentioned"),
    ("Due in the next eight hours", "left<8h -is:overdue -is:proxy"),
];

impl Desk {
    /// What this shift leaves behind: since `since`, else since the last hand-over of the last day, else of twelve hours.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn handover(&self, since: Option<Timestamp>, by: &str) -> Result<Handover, DeskError> {
        let to = self.now();
        let last = self.last_handover().await?;
        let (from, why) = begin(since, last.as_ref(), to);
        let records = self.store().records_between(from, to, RECORDS).await.doing("read a shift")?;
        let (front, duty) = (self.front().await?, self.duty_view().await?);
        let mut wrong: Vec<String> =
            front.edge.trouble.iter().map(|why| format!("the edge: {why}")).collect();
        let failing = front.checks.iter().filter(|check| !check.works);
        wrong.extend(failing.map(|check| format!("{}: {}", check.subject, check.note)));
        wrong.extend(duty.wrong.iter().map(|why| format!("on call: {why}")));
        let (moved, more_moved) = newest(records.iter().filter_map(moved));
        let (notes, more_notes) = newest(records.iter().filter_map(noted));
        Ok(Handover {
            from,
            to,
            since: why,
            last,
            wrong,
            needs: self.needs(by).await?,
            inbox: front.inbox,
            pages_over: duty.resolved.iter().filter(|view| view.page.opened >= from).count(),
            pages: duty.open,
            counts: counts(&records),
            moved,
            more_moved,
            notes,
            more_notes,
            cut_short: records.len() >= usize::try_from(RECORDS).unwrap_or(usize::MAX),
            on_duty: duty.on_duty,
            next: duty.turns.iter().filter_map(next).collect(),
        })
    }

    /// The shift is over: what it says to the next is kept, and the next hand-over begins here.
    ///
    /// # Errors
    /// [`HandoverError`] when the note is too long or the store cannot be written.
    pub async fn hand_over(&self, note: &str, by: &str) -> Result<(), HandoverError> {
        if note.len() > NOTE_AT_MOST {
            return Err(HandoverError::TooLong);
        }
        let view = self.handover(None, by).await?;
        let open: Vec<_> =
            view.needs.iter().map(|need| json!({"what": need.what, "cases": need.total})).collect();
        let deed = store::Deed {
            why: note.trim().to_owned(),
            detail: json!({"from": view.from, "counts": view.counts, "needs": open, "pages": view.pages.len()}),
            ..audit::deed(view.to, by, HANDED_OVER, "the shift")
        };
        Ok(self.record_deed(deed).await?)
    }

    async fn last_handover(&self) -> Result<Option<DeedView>, DeskError> {
        let filter = DeedFilter { deed: Some(HANDED_OVER.to_owned()), ..DeedFilter::default() };
        let found = self.store().deeds(&filter, None, 1).await.doing("look for the last hand-over")?;
        Ok(found.into_iter().next().map(DeedView::from))
    }

    async fn needs(&self, by: &str) -> Result<Vec<Need>, DeskError> {
        let mut needs = Vec::new();
        for (what, search) in NEEDS {
            let page = self.queue(search, 1, by).await.map_err(|error| match error {
                SearchError::Desk(error) => error,
                SearchError::Search(error) => DeskError::Unreadable(format!("{search:?}: {error}")),
            })?;
            let rows = page.rows.into_iter().take(LISTED).collect();
            needs.push(Need { what, search, total: page.total, rows });
        }
        Ok(needs)
    }
}

/// Why a shift was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// The note is too long.
    #[error("a note has at most {NOTE_AT_MOST} bytes")]
    TooLong,
    /// The desk failed.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

fn begin(asked: Option<Timestamp>, last: Option<&DeedView>, now: Timestamp) -> (Timestamp, String) {
    let back = |long: SignedDuration| now.saturating_sub(long).unwrap_or(Timestamp::MIN);
    if let Some(asked) = asked {
        return (asked.clamp(back(LONGEST), now), "as asked".to_owned());
    }
    match last.filter(|last| last.at >= back(STALE) && last.at <= now) {
        Some(last) => (last.at, format!("{} handed over", last.who)),
        None => (back(USUAL), "nobody has handed over in the last day".to_owned()),
    }
}

/// Of what happened, the newest few, and how many more.
fn newest(deeds: impl Iterator<Item = ShiftDeed>) -> (Vec<ShiftDeed>, usize) {
    let mut all: Vec<ShiftDeed> = deeds.collect();
    let more = all.len().saturating_sub(LISTED);
    all.reverse();
    all.truncate(LISTED);
    (all, more)
}

fn counts(records: &[Record]) -> Vec<ShiftCount> {
    let count = |what: &'static str, is: &dyn Fn(&Event) -> bool| {
        let cases: BTreeSet<CaseId> =
            records.iter().filter(|record| is(&record.event)).map(|record| record.case).collect();
        ShiftCount { what, cases: cases.len() }
    };
    let went =
        |stage: Stage| move |event: &Event| matches!(event, Event::StageMoved { to, .. } if *to == stage);
    vec![
        count("opened", &|event| matches!(event, Event::Opened { .. })),
        count("proved", &went(Stage::Confirmed)),
        count("contained", &went(Stage::Contained)),
        count("released", &|event| matches!(event, Event::Released { .. })),
        count("cleaned", &went(Stage::Cleaned)),
        count("dismissed", &went(Stage::Dismissed)),
        count("reopened", &|event| matches!(event, Event::Reopened { .. })),
    ]
}

fn moved(record: &Record) -> Option<ShiftDeed> {
    let (what, why) = match &record.event {
        Event::StageMoved { to: to @ (Stage::HeadsUp | Stage::Watching | Stage::Suspected), .. }
            if to.is_open() =>
        {
            return None;
        }
        Event::StageMoved { to, why, .. } => (to.name(), why),
        Event::Released { reason } => ("released", reason),
        Event::Reopened { reason } => ("reopened", reason),
        Event::Merged { reason, .. } => ("merged", reason),
        Event::Split { reason, .. } => ("split", reason),
        Event::BlockRefused { reason, .. } => ("block refused", reason),
        _ => return None,
    };
    Some(of_record(record, what, why))
}

fn noted(record: &Record) -> Option<ShiftDeed> {
    match (&record.event, &record.actor) {
        (Event::Noted { text }, Actor::Operator(_)) => Some(of_record(record, text, "")),
        _ => None,
    }
}

fn of_record(record: &Record, what: &str, why: &str) -> ShiftDeed {
    ShiftDeed {
        case: record.case,
        at: record.at,
        by: record.actor.clone(),
        what: what.to_owned(),
        why: why.to_owned(),
    }
}

fn next(turn: &TurnView) -> Option<NextView> {
    let (from, _, person) = turn.shifts.get(1)?;
    Some(NextView { schedule: turn.schedule.clone(), person: person.clone(), from: *from })
}
