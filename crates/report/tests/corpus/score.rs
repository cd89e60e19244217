//! How well files of one format were read.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use report::{Claim, Reading, TimeBasis};

use super::expected::Expected;

#[derive(Default)]
pub(crate) struct Score {
    pub(crate) files: usize,
    pub(crate) reports: usize,
    /// Files of which the manifest names the offenders.
    pub(crate) judged: usize,
    pub(crate) exact: usize,
    pub(crate) missing: usize,
    pub(crate) accused: usize,
    pub(crate) wrong: usize,
    pub(crate) timed: usize,
    pub(crate) in_time: usize,
    pub(crate) kinded: usize,
    pub(crate) kind_right: usize,
    pub(crate) doubts: usize,
    pub(crate) slowest: Duration,
}

impl Score {
    /// Counts a file and says what of it was not read as expected.
    pub(crate) fn add(&mut self, row: &Expected, reading: &Reading, took: Duration) -> Vec<String> {
        let mut faults = Vec::new();
        self.files += 1;
        self.reports += usize::from(reading.is_report);
        self.doubts += usize::from(!reading.doubts.is_empty());
        self.slowest = self.slowest.max(took);
        let claims: Vec<&Claim> = reading.claims.iter().filter(|claim| claim.role.is_alleged()).collect();
        let accused: BTreeSet<String> = claims.iter().map(|claim| claim.address.to_string()).collect();
        if let Some(expected) = &row.addresses {
            self.judged += 1;
            self.accused += accused.len();
            let missing: Vec<_> = expected.difference(&accused).collect();
            let wrong: Vec<_> = accused.difference(expected).filter(|_| row.complete).collect();
            self.missing += missing.len();
            self.wrong += wrong.len();
            self.exact += usize::from(missing.is_empty() && wrong.is_empty());
            if !missing.is_empty() || !wrong.is_empty() {
                faults.push(format!("missing {missing:?}, wrong {wrong:?}"));
            }
        }
        let known = |claim: &&&Claim| {
            let listed =
                row.addresses.as_ref().is_some_and(|known| known.contains(&claim.address.to_string()));
            row.complete || listed
        };
        for claim in claims.iter().filter(|_| !row.times.is_empty()).filter(known) {
            self.timed += 1;
            let right = in_time(claim, &row.times);
            self.in_time += usize::from(right);
            if !right {
                faults
                    .push(format!("at {:?} ({:?}), expected {:?}", claim.time, claim.time_basis, row.times));
            }
        }
        for claim in claims.iter().filter(|_| !row.kinds.is_empty()) {
            self.kinded += 1;
            let face = reading_words(claim);
            let right = face.iter().any(|word| row.kinds.contains(word));
            self.kind_right += usize::from(right);
            if !right {
                faults.push(format!("kind {face:?}, expected {:?}", row.kinds));
            }
        }
        faults
    }
}

fn in_time(claim: &Claim, expected: &[Timestamp]) -> bool {
    let near =
        |time: &Timestamp| expected.iter().any(|known| (known.as_second() - time.as_second()).abs() <= 1);
    claim.time_basis == TimeBasis::Unknown || claim.time.as_ref().is_some_and(near)
}

/// The kind in every vocabulary it is told in.
fn reading_words(claim: &Claim) -> Vec<String> {
    let xarf = claim.xarf.as_deref().or(claim.kind.xarf()).map(str::to_owned);
    let rsit = claim.rsit.as_deref().unwrap_or(claim.kind.rsit()).to_owned();
    [Some(claim.kind.name().to_owned()), xarf, Some(rsit)].into_iter().flatten().collect()
}
