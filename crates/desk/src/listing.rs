//! The open cases as lists see them, apart from the cases themselves: a page of the queue waits for no decision and no
//! disk, and looks at a million lines in the time a person does not notice.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use case::{Asker, Case, CaseId, Event, Listed, Playbook, PlaybookVersion, Query, Record, Stage};

/// The lines of all open cases, and how many have ended.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Held for as long as a list is made or a handful of lines are put, never across an await.
    lines: RwLock<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    /// In no order: a line that goes leaves its place to the last one.
    all: Vec<Listed>,
    places: HashMap<CaseId, usize>,
    /// The playbook they were made under; under another one clocks and harm differ.
    playbook: Option<PlaybookVersion>,
    ended: u64,
}

/// Some lines, in order, and how many there are in all.
pub(crate) struct Found {
    pub(crate) lines: Vec<Listed>,
    pub(crate) total: usize,
}

impl Listing {
    fn read(&self) -> RwLockReadGuard<'_, Lines> {
        self.lines.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Lines> {
        self.lines.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts over with these open cases.
    pub(crate) fn start<'a>(&self, open: impl Iterator<Item = &'a Case>, playbook: &Playbook, ended: u64) {
        let mut lines = Lines { playbook: Some(playbook.version.clone()), ended, ..Lines::default() };
        open.for_each(|case| lines.put(case, playbook));
        *self.write() = lines;
    }

    /// Takes in what became of cases by these records.
    pub(crate) fn take<'a>(
        &self,
        changed: impl Iterator<Item = &'a Case>,
        records: &[Record],
        playbook: &Playbook,
    ) {
        let mut lines = self.write();
        changed.for_each(|case| lines.put(case, playbook));
        for record in records {
            let Event::StageMoved { from, to, .. } = &record.event else { continue };
            match (from.is_open(), to.is_open()) {
                (true, false) => lines.ended = lines.ended.saturating_add(1),
                (false, true) => lines.ended = lines.ended.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Whether the lines were made under another playbook.
    pub(crate) fn is_of_another(&self, playbook: &Playbook) -> bool {
        self.read().playbook.as_ref() != Some(&playbook.version)
    }

    /// How many cases have ended.
    pub(crate) fn ended(&self) -> u64 {
        self.read().ended
    }

    /// How many open cases stand in each stage.
    pub(crate) fn by_stage(&self) -> Vec<(Stage, usize)> {
        let lines = self.read();
        let mut counts: Vec<(Stage, usize)> =
            Stage::ALL.into_iter().filter(|stage| stage.is_open()).map(|stage| (stage, 0)).collect();
        for line in &lines.all {
            if let Some((_, count)) = counts.iter_mut().find(|(stage, _)| *stage == line.stage) {
                *count += 1;
            }
        }
        counts
    }

    /// The lines that fit, in the search's order: those from `skip` on, at most `take`.
    pub(crate) fn find(&self, query: &Query, asker: &Asker<'_>, skip: usize, take: usize) -> Found {
        let lines = self.read();
        let order = query.order();
        let fits = lines.all.iter().enumerate().filter(|(_, line)| query.fits(line, asker));
        let mut keys: Vec<((bool, i64), CaseId, usize)> =
            fits.map(|(place, line)| (order.key(line, asker.now), line.case, place)).collect();
        let total = keys.len();
        let shown = skip.saturating_add(take).min(total);
        // Only what is shown is sorted, and what stands before it.
        if shown > 0 && shown < total {
            keys.select_nth_unstable(shown - 1);
        }
        keys.truncate(shown);
        keys.sort_unstable();
        let lines = keys.into_iter().skip(skip).filter_map(|(_, _, place)| lines.all.get(place).cloned());
        Found { lines: lines.collect(), total }
    }
}

impl Lines {
    fn put(&mut self, case: &Case, playbook: &Playbook) {
        let place = self.places.get(&case.id()).copied();
        match (place, case.stage().is_open()) {
            (Some(place), true) => {
                if let Some(line) = self.all.get_mut(place) {
                    *line = Listed::of(case, playbook);
                }
            }
            (None, true) => {
                self.places.insert(case.id(), self.all.len());
                self.all.push(Listed::of(case, playbook));
            }
            (Some(place), false) => {
                self.places.remove(&case.id());
                self.all.swap_remove(place);
                if let Some(moved) = self.all.get(place) {
                    self.places.insert(moved.case, place);
                }
            }
            (None, false) => {}
        }
    }
}
