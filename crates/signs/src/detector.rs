//! The one pass over the flows.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use flow::{Flow, FlowClock, Millis, Seen, StitchCounts, Stitcher};
use foldhash::fast::RandomState;
use ipnet::IpNet;

use crate::config::{Allowed, Config};
use crate::contact::{self, Contact};
use crate::home::Home;
use crate::knocks::{Knock, Knocks};
use crate::line::Line;
use crate::rarity::Rarity;
use crate::watched::{self, Watched};
use crate::{Sign, SignKind, sketch};

/// What a detector has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Records seen.
    pub flows: u64,
    /// Records that touch no home address.
    pub foreign: u64,
    /// Records a day and more older than the newest, which are passed over.
    pub stale: u64,
    /// Records a day and more newer than the rest, which are passed over.
    pub early: u64,
    /// Home addresses kept now.
    pub lines: u64,
    /// Home addresses given up because there was no room.
    pub evicted: u64,
    /// What the stitcher has done.
    pub stitched: StitchCounts,
}

/// Records more than this away from the present say nothing of it.
const DAY: i64 = 86_400_000;

/// Reads flows and finds signs; see the crate's documentation for how it is used.
#[derive(Debug)]
pub struct Detector {
    config: Config,
    home: Home,
    stitcher: Stitcher,
    lines: Lines,
    clock: FlowClock,
    counts: Counts,
}

impl Detector {
    /// One that has seen nothing.
    #[must_use]
    pub fn new(config: Config) -> Detector {
        Detector {
            home: Home::new(&config.home),
            stitcher: Stitcher::new(config.stitch),
            lines: Lines::default(),
            clock: FlowClock::new(),
            counts: Counts::default(),
            config,
        }
    }

    /// Sees one record, of one direction or both, about in order of when it ended.
    pub fn see(&mut self, flow: &Flow) {
        self.counts.flows += 1;
        if !self.home.holds(flow.source) && !self.home.holds(flow.destination) {
            self.counts.foreign += 1;
            return;
        }
        let age = self.clock.hear(flow.last).since(flow.last);
        if age > DAY {
            self.counts.stale += 1;
            return;
        }
        if age < -DAY {
            self.counts.early += 1;
            return;
        }
        let Detector { stitcher, lines, home, config, .. } = self;
        stitcher.push(flow, &mut |seen| lines.see(seen, home, config));
    }

    /// The flows have ended: what still waited for its other direction is seen as it is.
    pub fn finish(&mut self) {
        let Detector { stitcher, lines, home, config, .. } = self;
        stitcher.finish(&mut |seen| lines.see(seen, home, config));
    }

    /// Signs that are new since the last call, or have grown stronger by a step of .05 or more. Cost is by lines heard of
    /// since then.
    pub fn new_signs(&mut self) -> Vec<Sign> {
        let mut new = Vec::new();
        for address in std::mem::take(&mut self.lines.stirred) {
            let Some(line) = self.lines.table.get_mut(&address) else { continue };
            line.stirred = false;
            for sign in line.signs(address, &self.config, &self.lines.rarity) {
                if is_news(&mut line.told, &sign) {
                    new.push(sign);
                }
            }
        }
        new.sort_by(|a, b| a.address.cmp(&b.address).then(a.sign.cmp(&b.sign)));
        new
    }

    /// Every home address that is kept, in the order of addresses.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        let mut addresses: Vec<IpAddr> = self.lines.table.keys().copied().collect();
        addresses.sort_unstable();
        addresses
    }

    /// The signs on one home address now, strongest first.
    #[must_use]
    pub fn signs(&self, address: IpAddr) -> Vec<Sign> {
        self.lines
            .table
            .get(&address)
            .map(|line| line.signs(address, &self.config, &self.lines.rarity))
            .unwrap_or_default()
    }

    /// Allows these and no others from now on.
    pub fn allow(&mut self, allowed: Vec<Allowed>) {
        self.config.allowed = allowed;
    }

    /// Looks more closely at the lines in these prefixes and at no others from now on: a port counts as new sooner, whoever is
    /// answered there counts however little was said, and peer-to-peer programs excuse nothing.
    pub fn watch(&mut self, nets: impl IntoIterator<Item = IpNet>) {
        self.lines.watched = Watched::new(nets);
    }

    /// Who came to our lines unasked since the last call, and what came back; nobody where [`Config::knocks`] is off.
    pub fn knocks(&mut self) -> Vec<Knock> {
        self.lines.knocks.take()
    }

    pub(crate) fn lines_kept(&self) -> impl Iterator<Item = (IpAddr, &Line)> {
        self.lines.table.iter().map(|(address, line)| (*address, line.as_ref()))
    }

    /// Keeps a line that is not known yet, where there is room.
    pub(crate) fn keep(&mut self, address: IpAddr, line: Line) {
        let room = self.lines.table.len() < self.config.lines;
        if room && self.home.holds(address) && !self.lines.table.contains_key(&address) {
            self.lines.table.insert(address, Box::new(line));
            self.lines.order.push_back(address);
        }
    }

    /// The time, by the flows.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// What it has done.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let lines = u64::try_from(self.lines.table.len()).unwrap_or(u64::MAX);
        Counts { lines, evicted: self.lines.evicted, stitched: self.stitcher.counts(), ..self.counts }
    }
}

/// Notes what is told of a sign; whether it is worth telling.
fn is_news(told: &mut [u8; SignKind::ALL.len()], sign: &Sign) -> bool {
    let step = sketch::rounded(f64::from(sign.score) * 20.0);
    let step = u8::try_from(step).unwrap_or(20).max(1);
    let at = SignKind::ALL.iter().position(|kind| *kind == sign.sign);
    let Some(before) = at.and_then(|at| told.get_mut(at)).filter(|before| **before < step) else {
        return false;
    };
    *before = step;
    true
}

/// The lines kept, and the order in which they may be given up.
#[derive(Debug, Default)]
struct Lines {
    table: HashMap<IpAddr, Box<Line>, RandomState>,
    order: VecDeque<IpAddr>,
    stirred: Vec<IpAddr>,
    evicted: u64,
    rarity: Rarity,
    watched: Watched,
    knocks: Knocks,
}

impl Lines {
    fn see(&mut self, seen: &Seen, home: &Home, config: &Config) {
        contact::each(seen, home, |contact| {
            if config.knocks {
                self.knocks.see(contact, config.lines);
            }
            self.line(contact, config);
        });
    }

    fn line(&mut self, contact: &Contact, config: &Config) {
        if contact.new && !contact.inward {
            self.rarity.note(sketch::mark_of(contact.home), contact.mark, contact.first());
        }
        let watched = self.watched.holds(contact.home);
        let learning = if watched { config.learning.min(watched::LEARNING) } else { config.learning };
        if let Some(line) = self.table.get_mut(&contact.home) {
            line.watched = watched;
            if !line.stirred {
                self.stirred.push(contact.home);
            }
            line.see(contact, learning, &self.rarity);
            return;
        }
        // An address that has never sent anything is no line: scans of empty addresses leave no trace.
        if contact.sent().packets == 0 {
            return;
        }
        while self.table.len() >= config.lines.max(1) && self.evict() {}
        let mut line = Line::new(contact.first());
        line.watched = watched;
        line.see(contact, learning, &self.rarity);
        self.table.insert(contact.home, Box::new(line));
        self.order.push_back(contact.home);
        self.stirred.push(contact.home);
    }

    /// Gives up the line that was quiet longest, about: each that was heard of lately gets another round.
    fn evict(&mut self) -> bool {
        let Some(address) = self.order.pop_front() else { return false };
        match self.table.get_mut(&address) {
            Some(line) if line.recent => {
                line.recent = false;
                self.order.push_back(address);
            }
            Some(_) => {
                self.table.remove(&address);
                self.evicted += 1;
            }
            None => {}
        }
        true
    }
}
