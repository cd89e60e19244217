//! Messages made of sets: NetFlow v9 (RFC 3954) and IPFIX (RFC 7011).

use super::bytes::Reader;
use super::exporter::{Domain, DomainKey, Exporter, Held, Waiting, number};
use super::limits::Limits;
use super::losses::{ExporterReport, Version};
use super::nat::NatEvent;
use super::plan::BEFORE;
use super::record::{read_all, since};
use super::sampling::Options;
use super::scene::{Scene, Sink};
use super::template::{self, Records, Sent, Template};
use super::walk::{HEAD, Next, next};
use crate::{Flow, Millis};

/// Set ids below this are templates or reserved.
const FIRST_DATA: u16 = 256;

/// One exporter's message being read.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) exporter: &'a mut Exporter,
    pub(super) limits: &'a Limits,
    /// Bytes of templates and waiting data, of all exporters.
    pub(super) held: &'a mut usize,
    pub(super) received: Millis,
    pub(super) into: &'a mut Vec<Flow>,
    /// Where events of address translators go, where somebody wants them.
    pub(super) nat: Option<&'a mut Vec<NatEvent>>,
}

impl Message<'_> {
    /// A NetFlow v9 datagram: how much of it was read; what follows may be another.
    pub(super) fn v9(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut head = Reader::new(bytes);
        head.take(4)?;
        let (uptime, seconds, sequence, source) = (head.u32()?, head.u32()?, head.u32()?, head.u32()?);
        let key = (Version::NetflowV9, u64::from(source));
        let (received, limits) = (self.received, self.limits);
        let Some(domain) = self.domain(key) else { return Some(bytes.len()) };
        let exported = domain.exported(seconds, uptime);
        if domain.restarts(exported, uptime, received) {
            self.restart(key);
        }
        let mut scene = Scene::new(self.exporter.report.exporter, received, exported, Some(uptime), limits);
        scene.out_is_back = true;
        let (_, end) = self.sets(key, scene, bytes, 20);
        self.number(key, sequence, Some(1));
        Some(end)
    }

    /// An IPFIX message, as v9.
    pub(super) fn ipfix(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut head = Reader::new(bytes);
        head.take(2)?;
        let told = usize::from(head.u16()?);
        let (seconds, sequence, domain) = (head.u32()?, head.u32()?, head.u32()?);
        let length = if (16..=bytes.len()).contains(&told) { told } else { bytes.len() };
        self.exporter.report.losses.malformed += u64::from(length != told);
        let key = (Version::Ipfix, u64::from(domain));
        let exported = i64::from(seconds) * 1000;
        let (received, limits) = (self.received, self.limits);
        let Some(domain) = self.domain(key) else { return Some(length) };
        let uptime = domain.boot.map(|boot| since(exported, boot));
        let scene = Scene::new(self.exporter.report.exporter, received, exported, uptime, limits);
        let (records, _) = self.sets(key, scene, bytes.get(..length)?, 16);
        self.number(key, sequence, records);
        Some(length)
    }

    /// The domain, where there is room for it.
    pub(super) fn domain(&mut self, key: DomainKey) -> Option<&mut Domain> {
        let Exporter { domains, report, .. } = &mut *self.exporter;
        if domains.len() >= self.limits.domains && !domains.contains_key(&key) {
            report.losses.domains_refused += 1;
            return None;
        }
        Some(domains.entry(key).or_default())
    }

    pub(super) fn number(&mut self, key: DomainKey, sequence: u32, units: Option<u32>) {
        if let Some(domain) = self.exporter.domains.get_mut(&key) {
            number(domain, &mut self.exporter.report, sequence, units);
        }
    }

    /// The exporter began anew: its templates are believed of what fits them until they are sent again.
    fn restart(&mut self, key: DomainKey) {
        self.exporter.report.losses.restarts += 1;
        if let Some(domain) = self.exporter.domains.get_mut(&key) {
            domain.doubt();
        }
    }

    /// The rate of what names no sampler, where the domain itself tells none: that of domain 0, which speaks for the whole
    /// exporter (RFC 7011 section 3.1), or the configuration's.
    pub(super) fn fallback_rate(&self, key: DomainKey) -> u32 {
        let whole = self.exporter.domains.get(&(key.0, 0)).filter(|_| key.1 != 0);
        whole.and_then(|domain| domain.rates.any()).or(self.exporter.assumed).unwrap_or(0)
    }

    /// All sets from `at` on: how many data records they have, if they could be counted, and where they end.
    fn sets(&mut self, key: DomainKey, scene: Scene, bytes: &[u8], at: usize) -> (Option<u32>, usize) {
        let fallback = self.fallback_rate(key);
        let Exporter { domains, report, waiting, .. } = &mut *self.exporter;
        let Some(domain) = domains.get_mut(&key) else { return (None, bytes.len()) };
        let mut sets = Sets {
            key,
            fallback,
            domain,
            report,
            waiting,
            limits: self.limits,
            held: self.held,
            received: self.received,
            sink: Sink::new(self.into).telling(self.nat.as_deref_mut()),
            countable: true,
            news: false,
        };
        let end = sets.read(&scene, bytes, at);
        (sets.finish(), end)
    }
}

/// The sets of one message being read.
struct Sets<'a> {
    key: DomainKey,
    fallback: u32,
    domain: &'a mut Domain,
    report: &'a mut ExporterReport,
    waiting: &'a mut Waiting,
    limits: &'a Limits,
    held: &'a mut usize,
    received: Millis,
    sink: Sink<'a>,
    /// Whether the data records could all be counted.
    countable: bool,
    /// A template came that was not known.
    news: bool,
}

impl Sets<'_> {
    fn read(&mut self, scene: &Scene, bytes: &[u8], mut at: usize) -> usize {
        loop {
            let (id, end) = match next(bytes, at, self.key.0, |id| self.domain.templates.contains_key(&id)) {
                Next::Set { id, end } => (id, end),
                Next::Broken { id, end } => {
                    self.report.losses.malformed += 1;
                    (id, end)
                }
                Next::Garbage { end } => {
                    self.report.losses.malformed += 1;
                    self.countable = false;
                    at = end;
                    continue;
                }
                Next::Message => return at,
                Next::End => return bytes.len(),
            };
            let window = bytes.get(at + HEAD - BEFORE..end).unwrap_or_default();
            match template_set(id, self.key.0) {
                Some(options) => self.templates(window, options),
                None if self.data(id, scene, window) => {}
                None => {
                    self.countable = false;
                    let held = Held::new(self.key, id, *scene, self.received, window);
                    self.report.losses.no_template += self.waiting.keep(held, self.limits, self.held);
                }
            }
            at = end;
        }
    }

    /// Reads what waited for the templates of this message; the number of data records that were in the message itself.
    fn finish(mut self) -> Option<u32> {
        let records = self.countable.then_some(self.sink.records);
        if self.news {
            let (key, templates) = (self.key, &self.domain.templates);
            let known = |held: &Held| {
                held.domain == key && templates.get(&held.id).is_some_and(|template| !template.stale)
            };
            for held in self.waiting.take(known, self.held) {
                self.data(held.id, &held.scene, &held.window);
            }
        }
        count(self.report, &self.sink);
        records
    }

    fn templates(&mut self, window: &[u8], options: bool) {
        let mut set = Reader::new(window.get(BEFORE..).unwrap_or_default());
        while let Some(sent) = template::next(&mut set, self.key.0, options) {
            if sent.fields.is_empty() {
                self.withdraw(sent.id, options);
            } else if sent.id < FIRST_DATA || sent.fields.len() > self.limits.fields {
                self.report.losses.templates_refused += 1;
            } else {
                match self.domain.templates.get_mut(&sent.id).filter(|known| known.is(&sent, options)) {
                    Some(known) => self.news |= std::mem::replace(&mut known.stale, false),
                    None => self.learn(&sent, options),
                }
            }
        }
        // Padding is zeros; anything else was a template that broke off.
        self.report.losses.malformed += u64::from(set.left().iter().any(|byte| *byte != 0));
    }

    fn learn(&mut self, sent: &Sent<'_>, options: bool) {
        let template = Template::new(sent, options, self.key.0);
        let weight = template.weight();
        let known = self.domain.templates.get(&sent.id).map_or(0, Template::weight);
        let full = self.report.templates >= count_of(self.limits.templates) && known == 0;
        if full || *self.held + weight > self.limits.held_bytes + known {
            self.report.losses.templates_refused += 1;
            return;
        }
        *self.held = *self.held + weight - known;
        self.report.templates += u64::from(known == 0);
        self.domain.templates.insert(sent.id, template);
        self.news = true;
    }

    /// Forgets one template, or by the id of template sets all of that kind (RFC 7011 section 8.1).
    fn withdraw(&mut self, id: u16, options: bool) {
        let (held, report) = (&mut *self.held, &mut *self.report);
        self.domain.templates.retain(|known, template| {
            let meant = *known == id
                || (id < FIRST_DATA && options == matches!(template.records, Records::Options(_)));
            if meant {
                *held = held.saturating_sub(template.weight());
                report.templates = report.templates.saturating_sub(1);
            }
            !meant
        });
    }

    /// Reads a set by its template. `false` where there is none, or it is doubted and does not fit.
    fn data(&mut self, id: u16, scene: &Scene, window: &[u8]) -> bool {
        let Some(template) = self.domain.templates.get(&id) else { return false };
        match &template.records {
            Records::Data(plan) => {
                let rates = &self.domain.rates;
                let mut scene = *scene;
                scene.rate = rates.any().unwrap_or(self.fallback);
                if template.stale {
                    return self.sink.only_if_sound(|sink| {
                        fits(plan.length, window) && read_all(plan, window, &scene, rates, sink)
                    });
                }
                let sound = read_all(plan, window, &scene, rates, &mut self.sink);
                self.report.losses.malformed += u64::from(!sound);
            }
            Records::Options(_) => self.options(id, window),
        }
        true
    }

    fn options(&mut self, id: u16, window: &[u8]) {
        let Domain { templates, rates, boot, .. } = &mut *self.domain;
        let Some(Records::Options(fields)) = templates.get(&id).map(|template| &template.records) else {
            return;
        };
        let mut left = window.get(BEFORE..).unwrap_or_default();
        while let Some((options, rest)) =
            Options::read(fields, left).filter(|(_, rest)| rest.len() < left.len())
        {
            left = rest;
            self.sink.records += 1;
            self.report.option_records += 1;
            rates.note(&options, self.limits.samplers);
            if self.key.0 == Version::Ipfix {
                *boot = options.boot.or(*boot);
            }
        }
    }
}

/// What was read, to the exporter's account.
pub(super) fn count(report: &mut ExporterReport, sink: &Sink<'_>) {
    report.other_records += u64::from(sink.others);
    report.losses.bad_times += u64::from(sink.bad_times);
    report.losses.unknown_sampling += u64::from(sink.unknown_sampling);
}

/// Whether a set is made of whole records of that length, and no more padding than to a word.
fn fits(length: usize, window: &[u8]) -> bool {
    (window.len() - BEFORE).checked_rem(length).is_some_and(|padding| padding < 4)
}

fn count_of(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Whether a set is one of templates; if so, whether of options templates.
fn template_set(id: u16, version: Version) -> Option<bool> {
    match (version, id) {
        (Version::NetflowV9, 0) | (Version::Ipfix, 2) => Some(false),
        (Version::NetflowV9, 1) | (Version::Ipfix, 3) => Some(true),
        _ => None,
    }
}
