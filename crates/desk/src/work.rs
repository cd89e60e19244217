//! What the desk has done since its start, counted where it is committed (P16).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use case::{Event, Verdict};
use store::Batch;

/// How often one thing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct WorkCount {
    /// What: `probes`, `pages`, `blocks`, `reports`, `signs`, `mails`, `stages`.
    pub what: &'static str,
    /// Which of them: a verdict, a stage, `ordered`, ….
    pub which: &'static str,
    /// How often.
    pub times: u64,
}

/// Counts of this start.
#[derive(Debug, Default)]
pub(crate) struct Work(Mutex<BTreeMap<(&'static str, &'static str), u64>>);

impl Work {
    /// Takes in what was committed.
    pub(crate) fn note(&self, batch: &Batch) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let events = batch.records.iter().filter_map(|record| done(&record.event));
        let readings = batch.readings.iter().map(|row| read(&row.outcome));
        for done in events.chain(readings) {
            let times = counts.entry(done).or_default();
            *times = times.saturating_add(1);
        }
    }

    /// All of them.
    pub(crate) fn counts(&self) -> Vec<WorkCount> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|((what, which), times)| WorkCount { what, which, times: *times }).collect()
    }
}

/// What an event counts as, where it is work.
fn done(event: &Event) -> Option<(&'static str, &'static str)> {
    Some(match event {
        Event::Opened { .. } => ("cases", "opened"),
        Event::Filed { sighting, .. } if sighting.source.is_hearsay() => ("filed", "claims"),
        Event::Filed { .. } => ("filed", "signs"),
        Event::StageMoved { to, .. } => ("stages", to.name()),
        Event::Asked { .. } => ("probes", "ordered"),
        Event::Answered { verdict, .. } => ("probes", Verdict::name(*verdict)),
        Event::BlockOrdered { .. } => ("blocks", "ordered"),
        Event::BlockVerified { .. } => ("blocks", "verified"),
        Event::BlockRefused { .. } => ("blocks", "refused"),
        Event::BlockLifted { .. } => ("blocks", "lifted"),
        Event::PageOrdered { .. } => ("pages", "ordered"),
        Event::Told { .. } => ("mails", "sent"),
        Event::TellingFailed { .. } => ("mails", "failed"),
        _ => return None,
    })
}

/// What came of a message, or of a sign.
fn read(outcome: &str) -> (&'static str, &'static str) {
    let of_reports = ["case", "orphan", "foreign", "not-a-report", "unreadable"];
    let of_signs = [("sign", "filed"), ("unattributed", "unattributed")];
    let sign = of_signs.into_iter().find(|(known, _)| *known == outcome).map(|(_, name)| ("signs", name));
    let report = || of_reports.into_iter().find(|known| *known == outcome).unwrap_or("other");
    sign.unwrap_or_else(|| ("reports", report()))
}
