//! What was read of cases' logs, so that it need not be read again, and what ended since the start.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use case::{BOUNDS, CaseId, Interval, Milestones, Record};

/// How many cases are kept in memory: some hundred bytes each. Of more, the oldest are read again when asked for.
const KEPT: usize = 60_000;

/// Cases as far as their logs were read.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    cases: BTreeMap<CaseId, Milestones>,
    /// What came to its end since the start, by clock.
    ended: BTreeMap<Interval, Ended>,
}

/// Lengths of time that came to their end, as a scraper wants them: they only grow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    /// For each of [`BOUNDS`], how many took no longer.
    pub(crate) up_to: [u64; BOUNDS.len()],
    /// How many there are.
    pub(crate) count: u64,
    /// All of them summed, in seconds.
    pub(crate) seconds: u64,
}

impl Ended {
    fn add(&mut self, seconds: i64) {
        for (count, bound) in self.up_to.iter_mut().zip(BOUNDS) {
            *count = count.saturating_add(u64::from(seconds <= bound));
        }
        self.count = self.count.saturating_add(1);
        self.seconds = self.seconds.saturating_add(u64::try_from(seconds).unwrap_or(0));
    }
}

impl Kept {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in cases as the log has them, ordered by case and version; counts nothing as new.
    pub(crate) fn take_up(&self, records: &[Record]) {
        let mut state = self.state();
        for of_one in records.chunk_by(|a, b| a.case == b.case) {
            if let Some(case) = Milestones::of(of_one) {
                state.cases.insert(case.case, case);
            }
        }
        while state.cases.len() > KEPT {
            state.cases.pop_first();
        }
    }

    /// Takes in what was committed. What does not follow on what is kept is passed over: it is read again when asked for.
    pub(crate) fn note(&self, records: &[Record]) {
        let mut state = self.state();
        let State { cases, ended } = &mut *state;
        for record in records {
            if let Some(new) = Milestones::begin(record) {
                cases.insert(record.case, new);
                continue;
            }
            let Some(case) = cases.get_mut(&record.case) else { continue };
            if case.version.checked_add(1) != Some(record.version) {
                cases.remove(&record.case);
                continue;
            }
            let before = Interval::ALL.map(|clock| case.took(clock).is_some());
            case.take(record);
            for (clock, known) in Interval::ALL.into_iter().zip(before) {
                if let (false, Some(took)) = (known, case.took(clock)) {
                    ended.entry(clock).or_default().add(took.as_secs());
                }
            }
        }
        while cases.len() > KEPT {
            cases.pop_first();
        }
    }

    /// Of these cases, what is kept of those that did not move on since; and which must be read.
    pub(crate) fn known(&self, wanted: &[(CaseId, u64)]) -> (Vec<Milestones>, Vec<CaseId>) {
        let state = self.state();
        let (mut known, mut unknown) = (Vec::with_capacity(wanted.len()), Vec::new());
        for (id, version) in wanted {
            match state.cases.get(id).filter(|case| case.version == *version) {
                Some(case) => known.push(case.clone()),
                None => unknown.push(*id),
            }
        }
        (known, unknown)
    }

    /// How many open cases people were paged for and nobody has acted on.
    pub(crate) fn unacknowledged(&self) -> u64 {
        let waits =
            |case: &&Milestones| case.stage.is_open() && case.paged.is_some() && case.acknowledged.is_none();
        u64::try_from(self.state().cases.values().filter(waits).count()).unwrap_or(u64::MAX)
    }

    /// What came to its end since the start.
    pub(crate) fn ended(&self, clock: Interval) -> Ended {
        self.state().ended.get(&clock).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use case::{Actor, Event, Stage};
    use jiff::Timestamp;

    use super::*;

    fn record(version: u64, second: i64, event: Event) -> Record {
        let at = Timestamp::from_second(1_700_000_000 + second).unwrap();
        Record { case: CaseId(7), version, at, actor: Actor::Desk, event }
    }

    fn opened() -> Record {
        record(1, 0, Event::Opened { subscriber: "dsl-7".parse().unwrap(), playbook: None })
    }

    fn moved(version: u64, second: i64, from: Stage, to: Stage) -> Record {
        record(version, second, Event::StageMoved { from, to, why: "proved".to_owned() })
    }

    #[test]
    fn what_ends_is_counted_once_and_what_had_ended_before_the_start_is_not() {
        let confirmed = moved(2, 400, Stage::Suspected, Stage::Confirmed);
        let contained = moved(3, 430, Stage::Confirmed, Stage::Contained);
        let kept = Kept::default();
        kept.take_up(&[opened(), confirmed]);
        assert_eq!(kept.ended(Interval::Confirm).count, 0, "it was proved in an earlier life");
        kept.note(&[contained, moved(4, 440, Stage::Contained, Stage::Confirmed)]);
        kept.note(&[moved(5, 500, Stage::Confirmed, Stage::Contained)]);
        let ended = kept.ended(Interval::Contain);
        assert_eq!((ended.count, ended.seconds, ended.up_to[0]), (1, 30, 1));
    }

    #[test]
    fn a_case_that_somebody_else_wrote_to_is_read_again() {
        let kept = Kept::default();
        kept.note(&[opened()]);
        assert_eq!(kept.known(&[(CaseId(7), 1)]).0.len(), 1);
        kept.note(&[moved(3, 9, Stage::HeadsUp, Stage::Confirmed)]);
        assert_eq!(kept.known(&[(CaseId(7), 3)]).1, [CaseId(7)], "the second record was missed");
        kept.take_up(&[opened()]);
        assert_eq!(kept.known(&[(CaseId(7), 2)]).1, [CaseId(7)], "the store is ahead");
    }
}
