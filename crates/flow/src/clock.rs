//! What time it is, by the flows alone.

use crate::Millis;

/// A step ahead up to this long is believed at once: the longest active timeout in common use (Cisco's default, 30 min).
const STEP: i64 = 30 * 60_000;
/// So many records in a row that all lie beyond a step are believed to be a gap and not one exporter's wrong clock.
const IN_A_ROW: u32 = 16;

/// The latest time that flows have told of, told so that one lying record does not move it.
///
/// Records come late and out of order, and an exporter whose clock is wrong writes next year or last year. The clock never
/// goes back; a step of more than half an hour ahead is taken only when sixteen records in a row say so.
#[derive(Debug, Clone, Copy, Default)]
pub struct FlowClock {
    now: Option<Millis>,
    ahead: u32,
    nearest: Millis,
}

impl FlowClock {
    /// A clock that has heard of no flow.
    #[must_use]
    pub fn new() -> FlowClock {
        FlowClock::default()
    }

    /// Hears of a moment and says what time it is then.
    pub fn hear(&mut self, at: Millis) -> Millis {
        let Some(now) = self.now else {
            self.now = Some(at);
            return at;
        };
        let step = at.since(now);
        if step <= STEP {
            // A late record says nothing about the future: only one near the present does.
            if step > -STEP {
                self.ahead = 0;
            }
            let now = now.max(at);
            self.now = Some(now);
            return now;
        }
        self.nearest = if self.ahead == 0 { at } else { self.nearest.min(at) };
        self.ahead += 1;
        if self.ahead >= IN_A_ROW {
            self.ahead = 0;
            self.now = Some(self.nearest);
        }
        self.now()
    }

    /// The time now; the epoch before any flow was heard of.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.now.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_record_of_next_year_does_not_move_the_night() {
        let mut clock = FlowClock::new();
        clock.hear(Millis(1_000));
        assert_eq!(clock.hear(Millis(31_536_000_000)), Millis(1_000));
        assert_eq!(clock.hear(Millis(2_000)), Millis(2_000));
    }

    #[test]
    fn a_quiet_night_is_passed_over_once_the_morning_is_busy() {
        let mut clock = FlowClock::new();
        clock.hear(Millis(0));
        let morning = 8 * 3_600_000;
        let heard: Vec<Millis> = (0..16).map(|n| clock.hear(Millis(morning + n))).collect();
        assert_eq!(heard[14], Millis(0), "fifteen records are not enough");
        assert_eq!(heard[15], Millis(morning));
    }

    #[test]
    fn it_never_goes_back() {
        let mut clock = FlowClock::new();
        clock.hear(Millis(10_000));
        assert_eq!(clock.hear(Millis(-10_000_000_000)), Millis(10_000));
    }
}
