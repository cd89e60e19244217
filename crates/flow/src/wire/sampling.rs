//! Which share of the packets an exporter looked at, as its options tell.

use super::bytes::number;
use super::element::Element;
use super::plan::{Field, VARIABLE};
use super::record::variable;

/// Sampling rates of one domain: one packet in so many.
#[derive(Debug, Clone, Default)]
pub(super) struct Rates {
    domain: Option<u32>,
    samplers: Vec<(u64, u32)>,
    interfaces: Vec<(u64, u32)>,
}

impl Rates {
    /// The rate of a record that names its sampler or interface, as far as it does.
    pub(super) fn of(&self, sampler: Option<u64>, interface: Option<u64>) -> Option<u32> {
        let known = |rates: &[(u64, u32)], wanted: Option<u64>| {
            let wanted = wanted?;
            rates.iter().find(|(named, _)| *named == wanted).map(|(_, rate)| *rate)
        };
        known(&self.samplers, sampler).or_else(|| known(&self.interfaces, interface)).or_else(|| self.any())
    }

    /// The rate of a record that names nothing: the domain's, or that of its only sampler.
    pub(super) fn any(&self) -> Option<u32> {
        self.domain.or(match self.samplers.as_slice() {
            [(_, rate)] => Some(*rate),
            _ => None,
        })
    }

    /// Notes what an option record tells, if it tells a rate.
    pub(super) fn note(&mut self, told: &Options, most: usize) {
        let Some(rate) = told.rate() else { return };
        match (told.sampler, told.interface) {
            (Some(sampler), _) => set(&mut self.samplers, sampler, rate, most),
            (None, Some(interface)) => set(&mut self.interfaces, interface, rate, most),
            (None, None) => self.domain = Some(rate),
        }
    }
}

fn set(rates: &mut Vec<(u64, u32)>, named: u64, rate: u32, most: usize) {
    if let Some((_, known)) = rates.iter_mut().find(|(known, _)| *known == named) {
        *known = rate;
    } else if rates.len() < most {
        rates.push((named, rate));
    }
}

/// What one record of an options template tells that we use.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Options {
    sampler: Option<u64>,
    interface: Option<u64>,
    told: Option<u64>,
    /// Packets taken in a row, and packets then passed over (`samplingPacketInterval`, `samplingPacketSpace`; RFC 5477).
    taken: Option<u64>,
    space: Option<u64>,
    /// So many of so many (`samplingSize`, `samplingPopulation`).
    size: Option<u64>,
    population: Option<u64>,
    /// `samplingProbability`, as the bits of a float.
    probability: Option<f64>,
    /// The start of the exporter in milliseconds since 1970.
    pub(super) boot: Option<i64>,
}

impl Options {
    /// One record, and what follows it. `None` where it breaks off.
    pub(super) fn read<'a>(fields: &[Field], mut left: &'a [u8]) -> Option<(Options, &'a [u8])> {
        let mut options = Options::default();
        for field in fields {
            let length =
                if field.length == VARIABLE { variable(&mut left)? } else { usize::from(field.length) };
            let (value, rest) = left.split_at_checked(length)?;
            left = rest;
            options.note(field.element, value);
        }
        Some((options, left))
    }

    fn note(&mut self, element: Element, value: &[u8]) {
        if element.enterprise != 0 || value.is_empty() {
            return;
        }
        let told = number(value);
        match element.number {
            48 | 302 => self.sampler = Some(told),
            // An interface of which something is told; 2 is the scope of NetFlow v9 (RFC 3954 section 6.1), moved here by
            // the reader of its options templates.
            10 => self.interface = Some(told),
            34 | 50 => self.told = Some(told).filter(|told| *told > 0).or(self.told),
            305 => self.taken = Some(told),
            306 => self.space = Some(told),
            309 => self.size = Some(told),
            310 => self.population = Some(told),
            311 => self.probability = float(value),
            160 => self.boot = i64::try_from(told).ok().filter(|boot| *boot > 0),
            _ => {}
        }
    }

    /// One packet in so many: rounded, at least 1.
    fn rate(&self) -> Option<u32> {
        let several = |part: u64, whole: u64| (part > 0).then(|| whole.saturating_add(part / 2) / part);
        let rate = match self.told {
            Some(told) => Some(told),
            None => self
                .size
                .zip(self.population)
                .and_then(|(size, population)| several(size, population))
                .or_else(|| self.probability.map(one_in)),
        };
        let rate = rate.or_else(|| {
            let taken = self.taken.filter(|taken| *taken > 0)?;
            match self.space {
                Some(space) => several(taken, taken.saturating_add(space)),
                // Alone it is the old `samplingInterval` by its new number (Juniper writes so).
                None => Some(taken),
            }
        });
        u32::try_from(rate?.max(1)).ok()
    }
}

/// A `float64` or `float32` (RFC 7011 section 6.2 lets the one be shortened to the other) between 0 and 1.
fn float(value: &[u8]) -> Option<f64> {
    let float = match value.len() {
        4 => f64::from(f32::from_be_bytes(*value.first_chunk()?)),
        _ => f64::from_be_bytes(*value.first_chunk()?),
    };
    (float > 0.0 && float <= 1.0).then_some(float)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive float to an integer saturates"
)]
fn one_in(probability: f64) -> u64 {
    (1.0 / probability).round() as u64
}
