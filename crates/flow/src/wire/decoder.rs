//! The decoder of datagrams.

use std::collections::HashMap;
use std::net::IpAddr;

use super::exporter::Exporter;
use super::limits::Limits;
use super::losses::{ExporterReport, Version};
use super::nat::NatEvent;
use super::sets::Message;
use crate::{Flow, Millis};

/// Reads datagrams of any number of exporters, and remembers their templates and sampling rates.
///
/// Templates, numbering and rates are kept for each (exporter's address, version, observation domain or source id). The
/// address alone, without the port, names an exporter: some change their port with each datagram.
///
/// * Counts are multiplied by the sampling rate: the record's own, its sampler's or interface's, the domain's, that of the
///   exporter as a whole, or the one given to [`assume_sampling`](Decoder::assume_sampling), in this order.
/// * Times that cannot be true are moved, and counted in [`Losses::bad_times`](super::Losses): a flow that ended long ago
///   or will end in the future is taken to have ended when its datagram was sent; one that ended before it began, or took
///   more than [`Limits::longest_ms`], to have begun when it ended. An exporter whose clock is further off than
///   [`Limits::skew_ms`] has all its times moved to ours.
/// * Firewalls that tell of events (NSEL and what was modelled on it): a flow is told when it ends, with its counts, or
///   when it was denied, with none. That it was created is not a flow. Of translations it is the creation that is told.
/// * Outgoing counters beside incoming ones: see `out` in `record.rs`.
#[derive(Debug, Default)]
pub struct Decoder {
    limits: Limits,
    exporters: HashMap<IpAddr, Exporter>,
    assumed: HashMap<IpAddr, u32>,
    refused: u64,
    held: usize,
    nat: Option<Vec<NatEvent>>,
}

/// What became of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What it was; `None` where it is nothing that we read, or its exporter is one too many.
    pub version: Option<Version>,
    /// How many flows it gave, those included that waited for a template in it.
    pub flows: usize,
}

impl Decoder {
    /// A decoder that knows nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Decoder {
        Decoder { limits, ..Decoder::default() }
    }

    /// The rate at which this exporter looks at packets, one in so many, where it does not say so itself. 1 is all.
    pub fn assume_sampling(&mut self, exporter: IpAddr, rate: u32) {
        self.assumed.insert(exporter.to_canonical(), rate);
        if let Some(known) = self.exporters.get_mut(&exporter.to_canonical()) {
            known.assumed = Some(rate);
        }
    }

    /// From now on events of address translators are kept for [`nat_events`](Decoder::nat_events), which is then to be
    /// asked after each datagram.
    pub fn keep_nat_events(&mut self) {
        self.nat.get_or_insert_default();
    }

    /// The events of address translators since this was last asked, in the order in which they came; none unless they
    /// are kept.
    pub fn nat_events(&mut self) -> Vec<NatEvent> {
        self.nat.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Reads the payload of one UDP datagram, or of several glued together, and appends the flows to `into`.
    ///
    /// It never fails: what could not be read is in the exporter's report.
    pub fn decode(&mut self, from: IpAddr, received: Millis, bytes: &[u8], into: &mut Vec<Flow>) -> Outcome {
        let nothing = Outcome { version: None, flows: 0 };
        let address = from.to_canonical();
        if !self.admits(address, received) {
            return nothing;
        }
        let Decoder { limits, exporters, held, assumed, nat, .. } = self;
        let exporter = exporters
            .entry(address)
            .or_insert_with(|| Exporter::new(address, received, assumed.get(&address).copied()));
        exporter.report.losses.no_template += exporter.waiting.expire(received, limits, held);
        let before = into.len();
        let mut message = Message { exporter, limits, held, received, into, nat: nat.as_mut() };
        let version = read(&mut message, bytes);
        let Message { exporter, into, .. } = message;
        let flows = into.len() - before;
        let report = &mut exporter.report;
        report.last_heard = report.last_heard.max(received);
        report.datagrams += 1;
        report.bytes += count(bytes.len());
        report.version = version.or(report.version);
        report.flows += count(flows);
        report.losses.waiting = count(exporter.waiting.len());
        report.losses.unknown_version += u64::from(version.is_none());
        Outcome { version, flows }
    }

    /// Whether this exporter is known or there is room for it.
    fn admits(&mut self, address: IpAddr, now: Millis) -> bool {
        let admits = self.exporters.len() < self.limits.exporters
            || self.exporters.contains_key(&address)
            || self.make_room(now);
        self.refused += u64::from(!admits);
        admits
    }

    /// Forgets those who have been silent long enough, looking no more often than once in so many refusals.
    fn make_room(&mut self, now: Millis) -> bool {
        const LOOK_EVERY: u64 = 1024;
        if !self.refused.is_multiple_of(LOOK_EVERY) {
            return false;
        }
        let Decoder { limits, exporters, held, .. } = self;
        exporters.retain(|_, exporter| {
            let stays = now.since(exporter.report.last_heard) <= limits.silence_ms;
            if !stays {
                *held = held.saturating_sub(exporter.weight());
            }
            stays
        });
        exporters.len() < limits.exporters
    }

    /// What each exporter sent, by address.
    pub fn reports(&self) -> impl Iterator<Item = &ExporterReport> {
        self.exporters.values().map(|exporter| &exporter.report)
    }

    /// What this exporter sent.
    #[must_use]
    pub fn report(&self, exporter: IpAddr) -> Option<&ExporterReport> {
        self.exporters.get(&exporter.to_canonical()).map(|exporter| &exporter.report)
    }

    /// Datagrams that were not decoded because their exporter was one too many.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// About how many bytes of templates and waiting data are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held
    }
}

/// One message after the other; the version of the first.
fn read(message: &mut Message<'_>, bytes: &[u8]) -> Option<Version> {
    let first = version(bytes)?;
    let mut left = bytes;
    while version(left) == Some(first) {
        let read = match first {
            Version::NetflowV9 => message.v9(left),
            Version::Ipfix => message.ipfix(left),
            Version::SflowV5 => message.sflow(left),
            _ => message.fixed(first, left),
        };
        let Some(read) = read else {
            message.exporter.report.losses.malformed += 1;
            break;
        };
        left = left.get(read.max(1)..).unwrap_or_default();
    }
    Some(first)
}

/// What a datagram is, by its first bytes.
fn version(bytes: &[u8]) -> Option<Version> {
    match bytes {
        [0, 1, ..] => Some(Version::NetflowV1),
        [0, 5, ..] => Some(Version::NetflowV5),
        [0, 7, ..] => Some(Version::NetflowV7),
        [0, 9, ..] => Some(Version::NetflowV9),
        [0, 10, ..] => Some(Version::Ipfix),
        [0, 0, 0, 5, ..] => Some(Version::SflowV5),
        _ => None,
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
