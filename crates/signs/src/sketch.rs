//! Counting without keeping.

use std::hash::Hash;
use std::net::IpAddr;

use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// A number for a value, the same in every run: signs must not differ between two readings of one file.
pub(crate) fn mark(value: impl Hash) -> u64 {
    FixedState::with_seed(0x6e69_6768_7464_6573).hash_one(value)
}

/// The same for an address, of either family; quick, since it is asked for each contact.
pub(crate) fn mark_of(address: IpAddr) -> u64 {
    mark(match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()) << 64,
        IpAddr::V6(v6) => v6.to_bits(),
    })
}

/// Half of a mark, where few are compared.
pub(crate) fn short(mark: u64) -> u32 {
    u32::try_from(mark >> 32).unwrap_or_default()
}

/// How many distinct values were seen, in 32 bytes: linear counting (Whang, Vander-Zanden, Taylor: A linear-time
/// probabilistic counting algorithm, 1990) over 256 bits. Exact enough up to some hundreds; it ends at [`Distinct::MOST`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Distinct([u64; 4]);

impl Distinct {
    /// What a full sketch says.
    pub(crate) const MOST: u32 = 1_400;

    /// Counts a value; true where it was certainly not seen before.
    pub(crate) fn add(&mut self, mark: u64) -> bool {
        let bit = 1u64 << (mark & 63);
        let Some(word) = usize::try_from((mark >> 6) & 3).ok().and_then(|at| self.0.get_mut(at)) else {
            return false;
        };
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// About how many there were.
    pub(crate) fn count(&self) -> u32 {
        let clear: u32 = self.0.iter().map(|word| word.count_zeros()).sum();
        if clear == 0 {
            return Distinct::MOST;
        }
        let estimate = -256.0 * (f64::from(clear) / 256.0).ln();
        rounded(estimate)
    }
}

/// A number that is never negative and never large, as a whole one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
pub(crate) fn rounded(value: f64) -> u32 {
    value.round().clamp(0.0, f64::from(u32::MAX)) as u32
}

/// A count as a number to reckon with; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "nobody counts bytes beyond 2^53 to the byte")]
pub(crate) fn float(value: u64) -> f64 {
    value as f64
}

/// A score as it stands in a sign.
#[expect(clippy::cast_possible_truncation, reason = "clamped to 0..1")]
pub(crate) fn score(value: f64) -> f32 {
    ((value.clamp(0.0, 0.99) * 1000.0).round() / 1000.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_counted_to_a_few_percent_and_many_never_overflow() {
        let mut some = Distinct::default();
        for n in 0..100u32 {
            some.add(mark(n));
            some.add(mark(n));
        }
        assert!((85..=115).contains(&some.count()), "{}", some.count());
        for n in 0..1_000_000u32 {
            some.add(mark(n));
        }
        assert_eq!(some.count(), Distinct::MOST);
    }
}
