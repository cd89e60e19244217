//! The course of one run: how long it still goes on, what went wrong on the way, and pauses that end with it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use fastrand::Rng;

/// The longest piece of a pause: somebody asleep notices so soon that the run is over.
const NAP: Duration = Duration::from_millis(200);

/// One run from its beginning to its end.
pub(crate) struct Course {
    begun: Instant,
    length: Duration,
    failures: Mutex<Vec<String>>,
}

impl Course {
    /// It begins now.
    pub(crate) fn begin(length: Duration) -> Course {
        Course { begun: Instant::now(), length, failures: Mutex::new(Vec::new()) }
    }

    /// Whether it still goes on.
    pub(crate) fn goes_on(&self) -> bool {
        self.begun.elapsed() < self.length
    }

    /// Waits until so many seconds after the beginning; says whether the run still goes on.
    pub(crate) fn until(&self, seconds: f64) -> bool {
        self.pause(seconds - self.begun.elapsed().as_secs_f64())
    }

    /// Waits so many seconds, or until the run is over; says whether it still goes on.
    pub(crate) fn pause(&self, seconds: f64) -> bool {
        let wakes = Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 86_400.0));
        while self.goes_on() && Instant::now() < wakes {
            std::thread::sleep(NAP.min(wakes.saturating_duration_since(Instant::now())));
        }
        self.goes_on()
    }

    /// Waits as people and programs do that have no clock: short often, long now and then; `mean` seconds on average.
    pub(crate) fn pause_about(&self, mean: f64, rng: &mut Rng) -> bool {
        self.pause(-mean * (1.0 - rng.f64()).ln())
    }

    /// Notes that somebody could not play their part.
    pub(crate) fn note(&self, who: &str, error: &anyhow::Error) {
        let mut failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        failures.push(format!("{who}: {error:#}"));
    }

    /// Everything that was noted.
    pub(crate) fn failures(self) -> Vec<String> {
        self.failures.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
