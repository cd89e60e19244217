//! Trying a playbook on what the log holds, without doing anything.

use std::sync::{Arc, Mutex, PoisonError};

use case::{Difference, Playbook, PlaybookVersion, happened, rehearse};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use store::{LineRecords, Store};

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::night::chain;

/// How many lines are read at a time.
const TOGETHER: u32 = 200;
/// How far back a trial goes at most.
pub(crate) const DAYS_AT_MOST: i64 = 366;

/// What came of a trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// The playbook that is live.
    pub live: PlaybookVersion,
    /// The one that was tried.
    pub tried: PlaybookVersion,
    /// The time that was looked at.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// What is different.
    pub difference: Difference,
}

/// How far a trial is.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialView {
    /// The text that is tried.
    pub text: Arc<str>,
    /// Its version.
    pub version: PlaybookVersion,
    /// How many days are looked at.
    pub days: u32,
    /// In whose name.
    pub by: String,
    /// How many lines were looked at, and of how many.
    pub done: u64,
    /// Of how many.
    pub total: u64,
    /// What came of it; an error is for people to read.
    pub result: Option<Result<Arc<Trial>, String>>,
}

/// The trial that runs or ran last; there is one at a time.
#[derive(Debug, Default)]
pub(crate) struct Trials(Mutex<Option<TrialView>>);

impl Trials {
    pub(crate) fn view(&self) -> Option<TrialView> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the place, unless a trial runs.
    fn begin(&self, trial: TrialView) -> bool {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if place.as_ref().is_some_and(|trial| trial.result.is_none()) {
            return false;
        }
        *place = Some(trial);
        true
    }

    fn change(&self, change: impl FnOnce(&mut TrialView)) {
        if let Some(trial) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            change(trial);
        }
    }
}

/// Tries `other` beside `live` on the last `days` up to `until`; `progress` hears how many lines are done, and of how many.
///
/// # Errors
/// [`DeskError`] when the store cannot be read.
pub async fn try_playbook(
    store: &Store,
    live: &Playbook,
    other: &Playbook,
    days: u32,
    until: Timestamp,
    progress: impl Fn(u64, u64) + Send,
) -> Result<Trial, DeskError> {
    let days = i64::from(days).clamp(1, DAYS_AT_MOST);
    let from = until.saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN);
    let other = Arc::new(Playbook { least_gap: live.least_gap, ..other.clone() });
    let both = (Arc::new(live.clone()), other.clone());
    let total = store.count_lines_since(from).await.doing("count lines")?;
    let mut difference = Difference::default();
    let mut after = None;
    loop {
        let lines =
            store.lines_since(from, after.as_ref(), TOGETHER).await.doing("read the cases of lines")?;
        let Some(last) = lines.last() else { break };
        after = Some(last.subscriber.clone());
        // Judging takes the processor for long; nobody else shall wait for it.
        let (playbooks, so_far) = (both.clone(), difference);
        let judged = tokio::task::spawn_blocking(move || add(so_far, &lines, &playbooks, from, until)).await;
        difference = judged.map_err(|error| DeskError::Unreadable(format!("a trial broke off: {error}")))?;
        progress(difference.lines, total);
    }
    Ok(Trial { live: live.version.clone(), tried: other.version.clone(), from, until, difference })
}

fn add(
    mut difference: Difference,
    lines: &[LineRecords],
    (live, other): &(Arc<Playbook>, Arc<Playbook>),
    from: Timestamp,
    until: Timestamp,
) -> Difference {
    for LineRecords { cases, .. } in lines {
        let really = happened(cases, from, until);
        let (one, two) = (rehearse(cases, live, from, until), rehearse(cases, other, from, until));
        difference.add(&really, &one, &two);
    }
    difference
}

impl Desk {
    /// Begins to try a playbook on the last days; `false` where another trial runs. How far it is stands in the view.
    ///
    /// # Errors
    /// Every mistake of the text.
    pub fn begin_trial(&self, text: &str, days: u32, by: &str) -> Result<bool, Vec<case::Mistake>> {
        let other = Playbook::read(text)?;
        let trial = TrialView {
            text: text.into(),
            version: other.version.clone(),
            days,
            by: by.to_owned(),
            done: 0,
            total: 0,
            result: None,
        };
        if !self.trials().begin(trial) {
            return Ok(false);
        }
        let desk = self.clone();
        tokio::spawn(async move {
            let live = desk.playbook();
            let progress =
                |done, total| desk.trials().change(|trial| (trial.done, trial.total) = (done, total));
            let tried = try_playbook(desk.store(), &live, &other, days, desk.now(), progress).await;
            if let Err(error) = &tried {
                tracing::error!(error = %chain(error), "a playbook could not be tried");
            }
            let said = "the store could not be read; the log of nightdesk says why";
            desk.trials().change(|trial| {
                trial.result = Some(tried.map(Arc::new).map_err(|_| said.to_owned()));
            });
        });
        Ok(true)
    }
}
