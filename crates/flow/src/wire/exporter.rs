//! What is remembered of one exporter.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use super::limits::Limits;
use super::losses::{ExporterReport, Version};
use super::sampling::Rates;
use super::scene::Scene;
use super::sequence::{Order, Sequence};
use super::template::Template;
use crate::{ExporterId, Millis};

/// By how much (milliseconds) uptime and clock may disagree from one datagram to the next before something happened.
const TOGETHER: i64 = 60_000;
/// Restarts are believed this far (milliseconds) apart: two processes behind one address look like one that restarts all
/// the time, and their templates must not be forgotten with each datagram.
const APART: i64 = 10 * 60_000;
/// What a set that waits takes in memory beside its bytes.
const OVERHEAD: usize = 128;

/// Whose numbering, templates and rates: a version, because two processes on one host may use the same domain.
pub(super) type DomainKey = (Version, u64);

/// One exporter.
#[derive(Debug)]
pub(super) struct Exporter {
    pub(super) report: ExporterReport,
    pub(super) domains: HashMap<DomainKey, Domain>,
    pub(super) waiting: Waiting,
    /// The rate that the configuration says.
    pub(super) assumed: Option<u32>,
}

impl Exporter {
    pub(super) fn new(address: IpAddr, now: Millis, assumed: Option<u32>) -> Exporter {
        Exporter {
            report: ExporterReport::new(address, id(address), now),
            domains: HashMap::new(),
            waiting: Waiting::default(),
            assumed,
        }
    }

    /// About how many bytes its templates and waiting data take.
    pub(super) fn weight(&self) -> usize {
        let domains = self.domains.values().map(Domain::weight).sum::<usize>();
        domains + self.waiting.bytes
    }
}

/// The number of an exporter follows from its address, so that it is the same after a restart and in every shard: an
/// IPv4 address is its number; of an IPv6 address it is 28 bits of its FNV-1a hash
/// (draft-eastlake-fnv), in 240.0.0.0/4 where no IPv4 exporter is.
pub(super) fn id(address: IpAddr) -> ExporterId {
    match address.to_canonical() {
        IpAddr::V4(address) => ExporterId(address.to_bits()),
        IpAddr::V6(address) => {
            let hash = address
                .octets()
                .iter()
                .fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
            ExporterId(0xF000_0000 | hash >> 4)
        }
    }
}

/// One observation domain, source id or engine.
#[derive(Debug, Default)]
pub(super) struct Domain {
    pub(super) templates: HashMap<u16, Template>,
    pub(super) rates: Rates,
    sequence: Sequence,
    /// The exporter's start in milliseconds since 1970: told by IPFIX options, or worked out of v9's head.
    pub(super) boot: Option<i64>,
    heard: Option<Heard>,
    restarted: Option<Millis>,
}

/// The head of the latest NetFlow v9 datagram.
#[derive(Debug, Clone, Copy)]
struct Heard {
    exported: i64,
    uptime: u32,
}

impl Domain {
    fn weight(&self) -> usize {
        self.templates.values().map(Template::weight).sum()
    }

    /// When a NetFlow v9 datagram was sent, in milliseconds. Its head tells seconds, cut off, and an uptime in
    /// milliseconds: the latest start that the two allow for is the true one, to the millisecond after a few datagrams.
    pub(super) fn exported(&mut self, seconds: u32, uptime: u32) -> i64 {
        let allowed = i64::from(seconds) * 1000 - i64::from(uptime);
        let boot = self.boot.filter(|boot| (0..1000).contains(&(boot - allowed))).unwrap_or(allowed);
        self.boot = Some(boot);
        boot + i64::from(uptime)
    }

    /// Whether the exporter began anew since the last datagram: its uptime went back, and its clock did not.
    pub(super) fn restarts(&mut self, exported: i64, uptime: u32, received: Millis) -> bool {
        let Some(before) = self.heard.replace(Heard { exported, uptime }) else { return false };
        // Right over the wrap after 49.7 days, and for datagrams out of order.
        let went = i64::from(uptime.wrapping_sub(before.uptime).cast_signed());
        let together = went.abs_diff(exported - before.exported) <= TOGETHER.unsigned_abs();
        if together || uptime >= before.uptime {
            return false;
        }
        let soon = self.restarted.is_some_and(|restarted| received.since(restarted).abs() < APART);
        self.restarted = Some(received);
        !soon
    }

    /// Doubts or forgets what an exporter that began anew will tell again.
    pub(super) fn doubt(&mut self) {
        self.templates.values_mut().for_each(|template| template.stale = true);
        self.rates = Rates::default();
        self.sequence = Sequence::default();
    }
}

/// Takes a datagram's number into account: what is missing before it, late or begun anew.
pub(super) fn number(domain: &mut Domain, report: &mut ExporterReport, number: u32, units: Option<u32>) {
    let losses = &mut report.losses;
    match domain.sequence.heard(number, units) {
        Order::Next => {}
        Order::Lost(lost) => losses.sequence_lost += u64::from(lost),
        Order::Late => {
            losses.sequence_late += 1;
            losses.sequence_lost = losses.sequence_lost.saturating_sub(u64::from(units.unwrap_or(0)));
        }
        Order::Reset => losses.sequence_resets += 1,
    }
}

/// Data sets whose template has not come.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    sets: VecDeque<Held>,
    bytes: usize,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) domain: DomainKey,
    pub(super) id: u16,
    pub(super) scene: Scene,
    since: Millis,
    /// Its body, with what stands before a window.
    pub(super) window: Box<[u8]>,
}

impl Held {
    pub(super) fn new(domain: DomainKey, id: u16, scene: Scene, since: Millis, window: &[u8]) -> Held {
        Held { domain, id, scene, since, window: window.into() }
    }

    fn weight(&self) -> usize {
        self.window.len() + OVERHEAD
    }
}

impl Waiting {
    /// Keeps a set, and gives up the oldest for it where there is no room: how many.
    pub(super) fn keep(&mut self, held: Held, limits: &Limits, all: &mut usize) -> u64 {
        let weight = held.weight();
        if weight > limits.waiting_bytes || *all + weight > limits.held_bytes {
            return 1;
        }
        let mut given_up = 0;
        while self.bytes + weight > limits.waiting_bytes && self.give_up(all) {
            given_up += 1;
        }
        self.bytes += weight;
        *all += weight;
        self.sets.push_back(held);
        given_up
    }

    /// Gives up what has waited too long: how many.
    pub(super) fn expire(&mut self, now: Millis, limits: &Limits, all: &mut usize) -> u64 {
        let mut given_up = 0;
        while self.sets.front().is_some_and(|held| now.since(held.since) > limits.waiting_ms)
            && self.give_up(all)
        {
            given_up += 1;
        }
        given_up
    }

    /// Takes out the sets for which `wanted` says so.
    pub(super) fn take(&mut self, wanted: impl Fn(&Held) -> bool, all: &mut usize) -> Vec<Held> {
        let (taken, left) = self.sets.drain(..).partition::<Vec<_>, _>(wanted);
        let weight = taken.iter().map(Held::weight).sum::<usize>();
        self.sets = left.into();
        self.bytes = self.bytes.saturating_sub(weight);
        *all = all.saturating_sub(weight);
        taken
    }

    fn give_up(&mut self, all: &mut usize) -> bool {
        let Some(held) = self.sets.pop_front() else { return false };
        self.bytes = self.bytes.saturating_sub(held.weight());
        *all = all.saturating_sub(held.weight());
        true
    }

    pub(super) fn len(&self) -> usize {
        self.sets.len()
    }
}
