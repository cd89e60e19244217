//! Chance, from a seed: the same seed gives the same night.

use std::f64::consts::TAU;

/// A source of chance.
#[derive(Debug, Clone)]
pub(crate) struct Chance(fastrand::Rng);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(fastrand::Rng::with_seed(seed))
    }

    /// Whether something of this likelihood (0 to 1) happens.
    pub(crate) fn happens(&mut self, likelihood: f64) -> bool {
        self.0.f64() < likelihood
    }

    /// A whole number from `from` up to, not including, `to`.
    pub(crate) fn between(&mut self, from: u32, to: u32) -> u32 {
        self.0.u32(from..to.max(from.saturating_add(1)))
    }

    /// A length of time in milliseconds.
    pub(crate) fn millis(&mut self, from: i64, to: i64) -> i64 {
        self.0.i64(from..to.max(from.saturating_add(1)))
    }

    /// One of `all`; none of none.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        if all.is_empty() { None } else { all.get(self.0.usize(0..all.len())).copied() }
    }

    /// A port that a system hands out to a client (RFC 6335, section 6: the dynamic ports).
    pub(crate) fn client_port(&mut self) -> u16 {
        self.0.u16(49_152..)
    }

    /// How many of events of this mean happen: its whole part, and one more with the likelihood of the rest.
    pub(crate) fn count(&mut self, mean: f64) -> u32 {
        let whole = mean.max(0.0).floor();
        let more = self.happens(mean - whole);
        whole_number(whole).try_into().unwrap_or(u32::MAX).saturating_add(u32::from(more))
    }

    /// A lognormal quantity of this median; `spread` is the deviation of its logarithm. Sizes and lengths of connections
    /// are about so in their body (Downey, "Lognormal and Pareto distributions in the Internet", 2005).
    pub(crate) fn lognormal(&mut self, median: f64, spread: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.0.f64()).ln()).sqrt();
        median * (spread * radius * (TAU * self.0.f64()).cos()).exp()
    }

    /// A quantity with a Pareto tail: no less than `least`, and heavier the closer `shape` is to 1 (1.2 for the sizes of
    /// files on the Web: Crovella and Bestavros, 1997).
    pub(crate) fn pareto(&mut self, least: f64, shape: f64) -> f64 {
        least * (1.0 - self.0.f64()).powf(-1.0 / shape)
    }

    /// Bytes of a transfer: lognormal, and one in thirty from the heavy tail; at most `most`.
    pub(crate) fn bytes(&mut self, median: f64, most: f64) -> u64 {
        let bytes = if self.happens(1.0 / 30.0) {
            self.pareto(median * 4.0, 1.2)
        } else {
            self.lognormal(median, 1.2)
        };
        whole_number(bytes.min(most))
    }

    /// A rank below `of`, the first ones most often, as Zipf found of words and others of Web sites: evenly by logarithm.
    pub(crate) fn rank(&mut self, of: u32) -> u32 {
        let rank = f64::from(of.max(1)).powf(self.0.f64()) - 1.0;
        u32::try_from(whole_number(rank)).unwrap_or(0).min(of.saturating_sub(1))
    }
}

/// The whole part of what is not negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is looked at first")]
pub(crate) fn whole_number(value: f64) -> u64 {
    if (0.0..9e15).contains(&value) { value as u64 } else { 0 }
}
