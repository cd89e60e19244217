//! Those who try every door: most of what arrives unasked on any line.

use std::collections::HashMap;
use std::net::IpAddr;

use super::calendar::Calendar;
use super::chance::Chance;
use super::place;
use super::talk::{self, Ends, When};

/// How many there are, as on the network whose flows the look-back was measured with.
const SCANNERS: u32 = 66;
/// How often each line is tried in an hour, by all of them together.
const TRIED_HOURLY: f64 = 2.0;

/// What is looked for: services, proxies (1080, 3128, 8080), trojans (12345 NetBus, 27374 and 1243 Sub-Seven, 31337).
const PORTS: [u16; 20] = [
    23, 2323, 22, 80, 8080, 443, 445, 3389, 5555, 7547, 1080, 3128, 8081, 5900, 6379, 12_345, 27_374, 1243,
    31_337, 25,
];

/// All of them.
#[derive(Debug)]
pub(super) struct Scanners {
    all: Vec<(IpAddr, u16)>,
    /// Who listens where among our lines.
    open: HashMap<(u32, u16), ()>,
}

impl Scanners {
    pub(super) fn new(open: impl Iterator<Item = (u32, u16)>, chance: &mut Chance) -> Scanners {
        let mut port = || chance.one_of(&PORTS).unwrap_or(23);
        Scanners {
            all: (0..SCANNERS).map(|number| (place::rare(3000 + number), port())).collect(),
            open: open.map(|end| (end, ())).collect(),
        }
    }

    /// A minute of it, over so many lines.
    pub(super) fn minute(&self, lines: u32, chance: &mut Chance, calendar: &mut Calendar) {
        let begin = calendar.now();
        for _ in 0..chance.count(f64::from(lines) * TRIED_HOURLY / 60.0) {
            let Some((from, port)) = chance.one_of(&self.all) else { return };
            let line = chance.between(0, lines);
            let at = begin.plus(chance.millis(0, 60_000));
            let ends = Ends { from, from_port: chance.client_port(), to: place::home(line), to_port: port };
            calendar.put(if self.open.contains_key(&(line, port)) {
                talk::tcp(ends, When { at, length: chance.millis(50, 3_000) }, 60, 200)
            } else if chance.happens(0.2) {
                talk::refused(ends, at)
            } else {
                talk::unanswered(ends, at, 1)
            });
        }
    }
}
