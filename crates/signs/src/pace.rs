//! The rhythm of repeated contacts, without keeping their times.

use flow::Millis;

/// Steps of the scale: from a quarter second up, each a fifth longer than the one before, to more than a day.
const STEPS: usize = 72;
const SHORTEST: f64 = 250.0;
const RATIO: f64 = 1.2;

/// How often intervals of each length came, on a scale of logarithmic steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    counts: [u8; STEPS],
    /// Contacts at once, in the same quarter second as the one before.
    at_once: u16,
    last: Option<Millis>,
}

/// What a rhythm looks like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rhythm {
    /// The length that came most often, in milliseconds.
    pub(crate) period: f64,
    /// The share of intervals that are about this long, missed beats counted as what they are: two or three periods.
    /// Calls at random give .2 to .3.
    pub(crate) share: f64,
    /// How many intervals that rests on.
    pub(crate) intervals: u32,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { counts: [0; STEPS], at_once: 0, last: None }
    }
}

impl Pace {
    /// A contact began.
    pub(crate) fn beat(&mut self, at: Millis) {
        let Some(last) = self.last else {
            self.last = Some(at);
            return;
        };
        // Records come about in order; one that is late shortens one interval and lengthens another.
        let interval = at.since(last);
        self.last = Some(last.max(at));
        let Some(step) = step(interval.abs()) else {
            self.at_once = self.at_once.saturating_add(1);
            return;
        };
        if self.counts.get(step).is_some_and(|count| *count == u8::MAX) {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.at_once /= 2;
        }
        if let Some(count) = self.counts.get_mut(step) {
            *count += 1;
        }
    }

    /// The share of intervals that were longer than so many milliseconds.
    pub(crate) fn pauses(&self, longer: i64) -> f64 {
        let total: u32 =
            self.counts.iter().map(|count| u32::from(*count)).sum::<u32>() + u32::from(self.at_once);
        let from = step(longer).unwrap_or(0) + 1;
        let long: u32 = self.counts.iter().skip(from).map(|count| u32::from(*count)).sum();
        if total == 0 { 1.0 } else { f64::from(long) / f64::from(total) }
    }

    /// The rhythm, if there were enough intervals to speak of one.
    pub(crate) fn rhythm(&self) -> Option<Rhythm> {
        let total: u32 = self.counts.iter().map(|count| u32::from(*count)).sum();
        if total < 6 {
            return None;
        }
        let around = |step: usize| -> u32 {
            self.counts
                .iter()
                .skip(step.saturating_sub(1))
                .take(if step == 0 { 2 } else { 3 })
                .map(|n| u32::from(*n))
                .sum()
        };
        let best = (0..STEPS).max_by_key(|step| (around(*step), self.counts.get(*step).copied()))?;
        // A beat missed makes an interval of two periods: four steps up; two missed, six. Counted only beside many
        // whole ones, or noise would make a rhythm.
        let missed = around(best + 4).min(around(best) / 4);
        // Many contacts at once are a burst and no rhythm, unless the bursts are.
        let bursts = f64::from(self.at_once) / f64::from(total + u32::from(self.at_once));
        let share = f64::from(around(best) + missed) / f64::from(total) * (1.0 - bursts * bursts);
        let exponent = i32::try_from(best).unwrap_or(0);
        Some(Rhythm {
            period: SHORTEST * RATIO.powi(exponent) * 1.1,
            share: share.min(1.0),
            intervals: total,
        })
    }
}

fn step(interval: i64) -> Option<usize> {
    let seconds = f64::from(i32::try_from(interval).unwrap_or(i32::MAX));
    if seconds < SHORTEST {
        return None;
    }
    let step = ((seconds / SHORTEST).ln() / RATIO.ln()).floor();
    usize::try_from(crate::sketch::rounded(step)).ok().map(|step| step.min(STEPS - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A little noise, the same in every run.
    fn noise(n: u64) -> f64 {
        f64::from(u32::try_from(crate::sketch::mark(n) % 10_000).unwrap()) / 10_000.0
    }

    fn paced(intervals: impl Iterator<Item = f64>) -> Rhythm {
        let mut pace = Pace::default();
        let mut at = 0.0;
        for interval in intervals {
            at += interval;
            pace.beat(Millis(i64::from(crate::sketch::rounded(at))));
        }
        pace.rhythm().unwrap()
    }

    #[test]
    fn a_rhythm_is_found_through_jitter_and_missed_beats() {
        let jitter = paced((0..200).map(|n| 60_000.0 * (0.85 + 0.3 * noise(n))));
        assert!(jitter.share > 0.9, "{jitter:?}");
        assert!((45_000.0..75_000.0).contains(&jitter.period), "{jitter:?}");
        let missed = paced((0..200).map(|n| if noise(n) < 0.2 { 120_000.0 } else { 60_000.0 }));
        assert!(missed.share > 0.9, "{missed:?}");
    }

    #[test]
    fn calls_at_random_have_none() {
        let random = paced((0..400).map(|n| -60_000.0 * (1.0 - noise(n)).max(1e-6).ln()));
        assert!(random.share < 0.4, "{random:?}");
    }

    #[test]
    fn bursts_have_none() {
        let bursts = paced((0..400).map(|n| if n % 10 == 0 { 400_000.0 * noise(n) + 900.0 } else { 20.0 }));
        assert!(bursts.share < 0.4, "{bursts:?}");
    }
}
