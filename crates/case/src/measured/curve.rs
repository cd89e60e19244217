//! Which share of machines is clean after how long, those that are not clean yet counted as far as they were seen
//! (Kaplan and Meier, *Nonparametric estimation from incomplete observations*, 1958).

use jiff::Timestamp;
use serde::Serialize;

use super::{Interval, Milestones};

/// One machine as it was watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Observed {
    /// For how long, in seconds.
    pub seconds: i64,
    /// Whether it was clean then; otherwise no more is known of it.
    pub cleaned: bool,
}

impl Observed {
    /// A proved machine from its proof until it was clean, or until `now` or the end of its case; `None` when it was
    /// never proved.
    #[must_use]
    pub fn of(case: &Milestones, now: Timestamp) -> Option<Observed> {
        let took = case.took(Interval::Clean);
        let seconds = took.or_else(|| case.waits(Interval::Clean, now))?.as_secs();
        Some(Observed { seconds, cleaned: took.is_some() })
    }

    /// The same as far as nobody did anything: it is lost from sight when its subscriber was told or it was contained.
    /// What remains is how machines become clean by themselves, here.
    #[must_use]
    pub fn left_alone(case: &Milestones, now: Timestamp) -> Option<Observed> {
        let all = Observed::of(case, now)?;
        let interfered = [Interval::Tell, Interval::Contain].into_iter().filter_map(|what| case.took(what));
        let interfered = interfered.min().map(|after| after.as_secs());
        Some(match interfered {
            Some(after) if after <= all.seconds => Observed { seconds: after, cleaned: false },
            _ => all,
        })
    }
}

/// The share that is clean, as it grows: a step at each moment somebody became clean.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Curve {
    /// How many machines were watched.
    pub watched: usize,
    /// How many of them were seen to become clean.
    pub cleaned: usize,
    /// Seconds, and the share in 0..=1 that is clean from then on; both ascend.
    pub steps: Vec<(i64, f64)>,
}

impl FromIterator<Observed> for Curve {
    fn from_iter<I: IntoIterator<Item = Observed>>(observed: I) -> Curve {
        let mut all: Vec<Observed> = observed.into_iter().collect();
        all.sort_unstable_by_key(|one| one.seconds);
        let mut curve = Curve { watched: all.len(), ..Curve::default() };
        let mut dirty = 1.0;
        let mut left = all.len();
        // Whoever is lost from sight at a moment was still watched at it.
        for moment in all.chunk_by(|a, b| a.seconds == b.seconds) {
            let clean = moment.iter().filter(|one| one.cleaned).count();
            if let (true, Some(one)) = (clean > 0, moment.first()) {
                dirty *= (left - clean) as f64 / left as f64;
                curve.cleaned += clean;
                curve.steps.push((one.seconds, 1.0 - dirty));
            }
            left -= moment.len();
        }
        curve
    }
}

impl Curve {
    /// The share that is clean after so many seconds.
    #[must_use]
    pub fn at(&self, seconds: i64) -> f64 {
        let past = self.steps.partition_point(|(step, _)| *step <= seconds);
        past.checked_sub(1).and_then(|last| self.steps.get(last)).map_or(0.0, |(_, share)| *share)
    }
}

/// How many machines others found clean after a time though nobody told their owners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Published {
    /// After how many days.
    pub days: u32,
    /// The least share, in percent.
    pub least: u32,
    /// The greatest.
    pub most: u32,
    /// What of.
    pub of: &'static str,
    /// Who says so.
    pub source: &'static str,
}

/// Natural clean-up as published: what a desk must beat before it may say that its work did anything.
pub const NATURAL: [Published; 3] = [
    Published {
        days: 1,
        least: 13,
        most: 13,
        of: "web sites with malware, control group",
        source: "Vasek and Moore, CSET 2012",
    },
    Published {
        days: 14,
        least: 58,
        most: 74,
        of: "Mirai-infected devices of subscribers",
        source: "Çetin et al., NDSS 2019",
    },
    Published {
        days: 16,
        least: 45,
        most: 45,
        of: "web sites with malware, control group",
        source: "Vasek and Moore, CSET 2012",
    },
];
