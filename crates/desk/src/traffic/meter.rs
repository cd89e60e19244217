//! How much is going on in the traffic, counted as it happens (P16). What is counted here is of this start alone.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::{SignedDuration, Timestamp};
use signs::{Counts, SignKind};

use crate::traffic::view::{ListenerView, SignCount, TrafficMinute, TrafficView};

/// How many minutes are drawn.
const MINUTES: i64 = 120;
/// How long a port must have been quiet before it counts as new: what the detectors take as well.
const LEARNING: SignedDuration = SignedDuration::from_mins(10);
/// How long signs count as today's.
const TODAY: SignedDuration = SignedDuration::from_hours(24);

/// What is counted of the traffic.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    counted: Mutex<Counted>,
    listener: OnceLock<Ask>,
}

/// Tells what the flow sockets have heard and lost.
struct Ask(Box<dyn Fn() -> ListenerView + Send + Sync>);

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ask")
    }
}

#[derive(Debug, Default)]
struct Counted {
    since: Option<Timestamp>,
    recalled: bool,
    flows: u64,
    dropped: u64,
    broken: bool,
    watchers: Vec<Counts>,
    /// The minutes that are over, oldest first, and the one that runs.
    past: VecDeque<TrafficMinute>,
    running: Option<TrafficMinute>,
    /// By hour since the epoch and kind.
    signs: BTreeMap<(i64, SignKind), u64>,
    kept: u64,
    held_back: u64,
    unattributed: u64,
}

impl Meter {
    pub(super) fn listen(&self, now: Timestamp, watchers: usize) {
        let mut counted = self.lock();
        counted.since = Some(now);
        counted.watchers = vec![Counts::default(); watchers];
    }

    /// So many lines are known from before: what is usual on them need not be learnt.
    pub(super) fn recalled(&self, lines: usize) {
        self.lock().recalled = lines > 0;
    }

    pub(crate) fn ask(&self, listener: impl Fn() -> ListenerView + Send + Sync + 'static) {
        _ = self.listener.set(Ask(Box::new(listener)));
    }

    pub(super) fn took(&self, now: Timestamp, flows: usize) {
        let flows = count(flows);
        let mut counted = self.lock();
        counted.flows = counted.flows.saturating_add(flows);
        let minute = counted.minute(now);
        minute.flows = minute.flows.saturating_add(flows);
    }

    pub(super) fn dropped(&self, flows: usize) {
        let mut counted = self.lock();
        counted.dropped = counted.dropped.saturating_add(count(flows));
    }

    /// A watcher ended that should not have.
    pub(super) fn broke(&self) {
        let mut counted = self.lock();
        if !counted.broken {
            tracing::error!(
                "a watcher of the traffic broke; its lines are not watched until nightdesk is started again"
            );
        }
        counted.broken = true;
    }

    pub(super) fn watches(&self, watcher: usize, counts: &Counts) {
        if let Some(known) = self.lock().watchers.get_mut(watcher) {
            *known = *counts;
        }
    }

    pub(crate) fn kept(&self, now: Timestamp, sign: SignKind) {
        let mut counted = self.lock();
        counted.kept = counted.kept.saturating_add(1);
        let hour = hour(now);
        *counted.signs.entry((hour, sign)).or_default() += 1;
        counted.signs.retain(|(then, _), _| *then > hour - 24);
        counted.minute(now).signs += 1;
    }

    pub(super) fn held_back(&self, signs: u64) {
        self.lock().held_back = signs;
    }

    pub(super) fn unattributed(&self, signs: usize) {
        let mut counted = self.lock();
        counted.unattributed = counted.unattributed.saturating_add(count(signs));
    }

    /// Everything at once; `None` where no traffic is watched.
    pub(crate) fn view(&self, now: Timestamp) -> Option<TrafficView> {
        let listener = self.listener.get().map(|ask| (ask.0)()).unwrap_or_default();
        let mut counted = self.lock();
        let since = counted.since?;
        let running = *counted.minute(now);
        // The minute that still runs says too little of the rate.
        let last = counted.past.back().map_or(0, |minute| minute.flows);
        let minutes: Vec<TrafficMinute> = counted.past.iter().copied().chain([running]).collect();
        let learning = since.saturating_add(LEARNING).ok().filter(|until| *until > now && !counted.recalled);
        let sum = |of: fn(&Counts) -> u64| counted.watchers.iter().map(of).sum();
        let signs = SignKind::ALL.into_iter().map(|sign| SignCount {
            sign: sign.name(),
            today: counted.signs.iter().filter(|((_, of), _)| *of == sign).map(|(_, count)| count).sum(),
        });
        Some(TrafficView {
            since,
            learning_until: learning,
            flows: counted.flows,
            per_second: last / 60,
            lines: sum(|counts| counts.lines),
            lines_given_up: sum(|counts| counts.evicted),
            flows_foreign: sum(|counts| counts.foreign),
            flows_out_of_time: sum(|counts| counts.stale.saturating_add(counts.early)),
            flows_dropped: counted.dropped,
            broken: counted.broken,
            signs: signs.collect(),
            signs_kept: counted.kept,
            signs_held_back: counted.held_back,
            signs_unattributed: counted.unattributed,
            today_from: since.max(now.saturating_sub(TODAY).unwrap_or(since)),
            minutes,
            listener,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// The minute that runs now. Those since the last one heard of stand before it, empty; a clock that was set back
    /// counts into the newest.
    fn minute(&mut self, now: Timestamp) -> &mut TrafficMinute {
        let this = now.as_second().div_euclid(60);
        let empty = |minute: i64| {
            let from = Timestamp::from_second(minute.saturating_mul(60)).unwrap_or(now);
            TrafficMinute { from, flows: 0, signs: 0 }
        };
        let newest = self.running.map_or(this, |minute| minute.from.as_second().div_euclid(60));
        if this > newest {
            self.past.extend(self.running);
            let shown = this.saturating_sub(MINUTES - 1);
            self.past.extend((newest.saturating_add(1).max(shown)..this).map(empty));
            self.past.retain(|minute| minute.from.as_second().div_euclid(60) >= shown);
            self.running = None;
        }
        self.running.get_or_insert_with(|| empty(this))
    }
}

fn hour(at: Timestamp) -> i64 {
    at.as_second().div_euclid(3600)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_without_flows_is_drawn_empty_and_the_rate_is_of_the_last_whole_one() {
        let meter = Meter::default();
        let at = |seconds: i64| Timestamp::from_second(1_700_000_040 + seconds).expect("a time");
        assert_eq!(meter.view(at(0)), None, "nothing is watched");
        meter.listen(at(0), 1);
        meter.took(at(0), 1_200);
        meter.took(at(185), 6_000);
        let view = meter.view(at(250)).expect("a view");
        let flows: Vec<u64> = view.minutes.iter().map(|minute| minute.flows).collect();
        assert_eq!(flows, [1_200, 0, 0, 6_000, 0]);
        assert_eq!((view.per_second, view.flows), (100, 7_200));
        assert!(
            view.learning_until.is_some() && meter.view(at(700)).expect("a view").learning_until.is_none()
        );
        let late = meter.view(at(100_000)).expect("a view").minutes;
        assert_eq!((late.len(), late.iter().map(|minute| minute.flows).sum::<u64>()), (120, 0));
    }

    #[test]
    fn signs_of_yesterday_are_not_todays() {
        let meter = Meter::default();
        let at = |hours: i64| Timestamp::from_second(1_700_000_000 + hours * 3600).expect("a time");
        meter.listen(at(0), 1);
        meter.kept(at(0), SignKind::Beacon);
        meter.kept(at(30), SignKind::RelayShape);
        let today = |view: TrafficView| view.signs.iter().map(|one| one.today).sum::<u64>();
        assert_eq!(today(meter.view(at(30)).expect("a view")), 1);
    }
}
