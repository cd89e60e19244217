//! A whole night of a provider's traffic.

use std::collections::BTreeSet;

use flow::{Flow, Millis};

use super::calendar::Calendar;
use super::chance::Chance;
use super::line::{Kind, Line};
use super::place;
use super::planted::{Plant, Planted};
use super::scanners::Scanners;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) lines: u32,
    pub(crate) minutes: u32,
    pub(crate) seed: u64,
    pub(crate) proxies: u32,
    /// What is planted, in turn.
    pub(crate) plants: &'static [Plant],
    pub(crate) begin: Millis,
}

/// The provider: its lines, what is planted on them, and who tries them.
#[derive(Debug)]
pub(crate) struct Night {
    order: Order,
    lines: Vec<Line>,
    planted: Vec<Planted>,
    scanners: Scanners,
    chance: Chance,
    calendar: Calendar,
    minute: u32,
    /// Lines whose plant does nothing any more.
    stopped: BTreeSet<u32>,
}

impl Night {
    pub(crate) fn new(order: Order) -> Night {
        let mut chance = Chance::new(order.seed);
        let lines: Vec<Line> =
            (0..order.lines.min(place::MOST_LINES)).map(|number| Line::new(number, &mut chance)).collect();
        let planted = plant(&lines, order, &mut chance);
        let listens = lines.iter().filter(|line| line.port > 0).map(|line| (line.number, line.port));
        let open = listens.chain(planted.iter().map(|planted| (planted.line, planted.port)));
        let scanners = Scanners::new(open, &mut chance);
        Night {
            order,
            lines,
            planted,
            scanners,
            chance,
            calendar: Calendar::new(order.begin),
            minute: 0,
            stopped: BTreeSet::new(),
        }
    }

    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub(crate) fn planted(&self) -> &[Planted] {
        &self.planted
    }

    /// What is planted on this line does nothing from now on, for it is blocked or gone; or is at work again.
    pub(crate) fn stop(&mut self, line: u32, stopped: bool) {
        if stopped {
            self.stopped.insert(line);
        } else {
            self.stopped.remove(&line);
        }
    }

    /// The flows that end in the next minute, in order; none when the night is over. What is not over by then ends after it.
    pub(crate) fn turn(&mut self) -> Option<Vec<Flow>> {
        if self.minute < self.order.minutes {
            let busy = busy(self.calendar.now());
            for line in &self.lines {
                line.minute(self.minute, busy, &mut self.chance, &mut self.calendar);
            }
            for planted in self.planted.iter().filter(|planted| !self.stopped.contains(&planted.line)) {
                planted.minute(&mut self.chance, &mut self.calendar);
            }
            let lines = u32::try_from(self.lines.len()).unwrap_or(u32::MAX);
            self.scanners.minute(lines, &mut self.chance, &mut self.calendar);
        } else if self.calendar.is_empty() {
            return None;
        }
        self.minute = self.minute.saturating_add(1);
        Some(self.calendar.turn())
    }
}

/// Chooses lines of ordinary households for the plants.
fn plant(lines: &[Line], order: Order, chance: &mut Chance) -> Vec<Planted> {
    let mut households: Vec<u32> =
        lines.iter().filter(|line| line.kind == Kind::Household).map(|line| line.number).collect();
    let mut planted = Vec::new();
    for number in 0..order.proxies {
        let left = u32::try_from(households.len()).unwrap_or(0);
        if left == 0 {
            break;
        }
        let line = households.swap_remove(usize::try_from(chance.between(0, left)).unwrap_or(0));
        planted.push(Planted::new(number, line, order, chance));
    }
    planted
}

/// How awake people are, 1 in the mean: least at four in the morning, most at nine in the evening (the usual curve of an
/// access network). The night is UTC's.
fn busy(at: Millis) -> f64 {
    const BY_HOUR: [f64; 24] = [
        0.75, 0.50, 0.35, 0.28, 0.25, 0.28, 0.40, 0.60, 0.80, 0.90, 0.95, 1.00, 1.05, 1.05, 1.05, 1.10, 1.20,
        1.35, 1.55, 1.75, 1.85, 1.90, 1.70, 1.20,
    ];
    let hour = usize::try_from(at.0.div_euclid(3_600_000).rem_euclid(24)).unwrap_or(0);
    BY_HOUR.get(hour).copied().unwrap_or(1.0)
}
