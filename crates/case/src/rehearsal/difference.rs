//! What is different between two playbooks, over many lines.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Outcome, Wrong};
use crate::{CaseId, SubscriberId};

/// How many cases that are different are kept one by one; all are counted.
const SHIFTS_KEPT: usize = 10_000;
/// Less than this is no difference: clocks and probes are not more exact.
const SAME: SignedDuration = SignedDuration::from_secs(60);

/// What all cases come to under one playbook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Cases that were open at some time.
    pub cases: u64,
    /// Those that were confirmed.
    pub confirmed: u64,
    /// Those that were contained.
    pub contained: u64,
    /// Pages ordered, before they are bundled.
    pub pages: u64,
    /// Letters to customers.
    pub notices: u64,
    /// Letters to reporters.
    pub letters: u64,
    /// Questions to lines.
    pub probes: u64,
    /// Lines cut off that should not have been.
    pub wrong: u64,
    /// From opened to contained, summed over those contained, in seconds.
    pub seconds_to_contain: u64,
}

impl Totals {
    fn add(&mut self, outcome: &Outcome) {
        let one = |yes: bool| u64::from(yes);
        self.cases = self.cases.saturating_add(1);
        self.confirmed = self.confirmed.saturating_add(one(outcome.confirmed.is_some()));
        self.contained = self.contained.saturating_add(one(outcome.contained.is_some()));
        self.pages = self.pages.saturating_add(outcome.pages.into());
        self.notices = self.notices.saturating_add(outcome.notices.into());
        self.letters = self.letters.saturating_add(outcome.letters.into());
        self.probes = self.probes.saturating_add(outcome.probes.into());
        self.wrong = self.wrong.saturating_add(one(outcome.wrong.is_some()));
        if let Some(contained) = outcome.contained {
            let took = contained.duration_since(outcome.opened).as_secs();
            let took = u64::try_from(took).unwrap_or_default();
            self.seconds_to_contain = self.seconds_to_contain.saturating_add(took);
        }
    }
}

/// One case that ends otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shift {
    /// Which.
    pub case: CaseId,
    /// Whose line.
    pub subscriber: SubscriberId,
    /// When it is contained under the one playbook.
    pub contained: Option<Timestamp>,
    /// When under the other.
    pub contained_then: Option<Timestamp>,
    /// How much later that is, in seconds; less than nothing where it is earlier.
    pub later_by: Option<i64>,
    /// Pages more, or fewer.
    pub pages: i64,
    /// Letters to the customer more, or fewer.
    pub notices: i64,
    /// Letters to reporters more, or fewer.
    pub letters: i64,
    /// Whether it is wrongly cut off under the other.
    pub wrong: Option<Wrong>,
    /// Whether it was wrongly cut off under the one.
    pub was_wrong: Option<Wrong>,
}

impl Shift {
    fn between(one: &Outcome, other: &Outcome) -> Shift {
        let later_by = match (one.contained, other.contained) {
            (Some(one), Some(other)) => {
                Some(other.duration_since(one)).filter(|by| by.abs() >= SAME).map(|by| by.as_secs())
            }
            _ => None,
        };
        let more = |one: u32, other: u32| i64::from(other) - i64::from(one);
        Shift {
            case: one.case,
            subscriber: one.subscriber.clone(),
            contained: one.contained,
            contained_then: other.contained,
            later_by,
            pages: more(one.pages, other.pages),
            notices: more(one.notices, other.notices),
            letters: more(one.letters, other.letters),
            wrong: other.wrong,
            was_wrong: one.wrong,
        }
    }

    /// What is different, in one line.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut parts = Vec::new();
        match (self.contained, self.contained_then, self.later_by) {
            (None, Some(_), _) => parts.push("is contained".to_owned()),
            (Some(_), None, _) => parts.push("is not contained".to_owned()),
            (_, _, Some(by)) if by < 0 => parts.push(format!("is contained {} earlier", long(by))),
            (_, _, Some(by)) => parts.push(format!("is contained {} later", long(by))),
            _ => {}
        }
        let more = [(self.pages, "page"), (self.notices, "customer mail"), (self.letters, "reporter mail")];
        for (more, what) in more.into_iter().filter(|(more, _)| *more != 0) {
            parts.push(format!("{more:+} {what}{}", if more.abs() == 1 { "" } else { "s" }));
        }
        match (self.was_wrong, self.wrong) {
            (None, Some(why)) => parts.push(format!("WRONGLY CUT OFF: {}", why.in_words())),
            (Some(_), None) => parts.push("no longer wrongly cut off".to_owned()),
            _ => {}
        }
        format!("{} ({}) {}", self.case, self.subscriber, parts.join(", "))
    }

    /// Whether anything is different at all.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.later_by.is_none()
            && self.contained.is_some() == self.contained_then.is_some()
            && self.wrong == self.was_wrong
            && (self.pages, self.notices, self.letters) == (0, 0, 0)
    }
}

/// A length of time in the two largest units people need, without its sign.
fn long(seconds: i64) -> String {
    let minutes = seconds.unsigned_abs().div_ceil(60);
    let (days, hours, left) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) => format!("{left} min"),
        (0, hours) => format!("{hours} h {left} min"),
        (days, hours) => format!("{days} d {hours} h"),
    }
}

/// What is different, summed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Difference {
    /// How many lines were looked at.
    pub lines: u64,
    /// Under the one playbook.
    pub before: Totals,
    /// Under the other.
    pub after: Totals,
    /// Contained earlier.
    pub earlier: u64,
    /// Contained later.
    pub later: u64,
    /// Contained under the other only.
    pub newly_contained: u64,
    /// Contained under the one only.
    pub no_longer_contained: u64,
    /// Cases the one has and the other has as part of another, or the other way round.
    pub joined_or_parted: u64,
    /// How many cases that really happened the one playbook, played again, tells as they were.
    pub told_as_it_was: u64,
    /// Of how many.
    pub really: u64,
    /// The cases that are different, as far as they are kept.
    pub shifts: Vec<Shift>,
}

impl Difference {
    /// Takes one line in: as it really was, and under the one playbook and the other.
    pub fn add(&mut self, really: &[Outcome], one: &[Outcome], other: &[Outcome]) {
        self.lines = self.lines.saturating_add(1);
        one.iter().for_each(|outcome| self.before.add(outcome));
        other.iter().for_each(|outcome| self.after.add(outcome));
        let by_case: BTreeMap<CaseId, &Outcome> = one.iter().map(|outcome| (outcome.case, outcome)).collect();
        for outcome in really {
            self.really = self.really.saturating_add(1);
            let again = by_case.get(&outcome.case).map(|again| Shift::between(outcome, again));
            self.told_as_it_was =
                self.told_as_it_was.saturating_add(u64::from(again.is_some_and(|it| it.is_none())));
        }
        let mut unmatched = by_case;
        for outcome in other {
            match unmatched.remove(&outcome.case) {
                Some(before) => self.shift(Shift::between(before, outcome)),
                None => self.joined_or_parted = self.joined_or_parted.saturating_add(1),
            }
        }
        let left = u64::try_from(unmatched.len()).unwrap_or(u64::MAX);
        self.joined_or_parted = self.joined_or_parted.saturating_add(left);
    }

    fn shift(&mut self, shift: Shift) {
        if shift.is_none() {
            return;
        }
        let counted = match (shift.contained, shift.contained_then, shift.later_by) {
            (None, Some(_), _) => Some(&mut self.newly_contained),
            (Some(_), None, _) => Some(&mut self.no_longer_contained),
            (_, _, Some(by)) if by < 0 => Some(&mut self.earlier),
            (_, _, Some(_)) => Some(&mut self.later),
            _ => None,
        };
        if let Some(counted) = counted {
            *counted = counted.saturating_add(1);
        }
        if self.shifts.len() < SHIFTS_KEPT {
            self.shifts.push(shift);
        }
    }

    /// Whether nothing is different.
    #[must_use]
    pub fn is_none(&self) -> bool {
        let before = Totals { seconds_to_contain: 0, probes: 0, ..self.before };
        let after = Totals { seconds_to_contain: 0, probes: 0, ..self.after };
        self.shifts.is_empty() && self.joined_or_parted == 0 && before == after
    }
}
