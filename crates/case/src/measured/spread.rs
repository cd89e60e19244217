//! Many figures of one kind: exact percentiles, and how many lie below each bound.

/// Figures in order. Two spreads of the same figures are equal, in whatever order they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spread(Vec<i64>);

impl FromIterator<i64> for Spread {
    fn from_iter<I: IntoIterator<Item = i64>>(figures: I) -> Spread {
        let mut figures: Vec<i64> = figures.into_iter().collect();
        figures.sort_unstable();
        Spread(figures)
    }
}

impl Spread {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The smallest figure that at least `percent` of a hundred figures do not exceed (nearest rank, so always one that
    /// really occurred); `None` when there are none. Below 1 it is the smallest, above 100 the largest.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Option<i64> {
        let rank = self.0.len().saturating_mul(percent.min(100)).div_ceil(100).max(1);
        self.0.get(rank.saturating_sub(1)).copied()
    }

    /// For each bound, and at last for what exceeds them all, how many figures lie above the bound before and not above it.
    /// `bounds` ascend.
    #[must_use]
    pub fn bars(&self, bounds: &[i64]) -> Vec<u64> {
        let below = |bound: &i64| self.0.partition_point(|figure| figure <= bound);
        let ends = bounds.iter().map(below).chain([self.0.len()]);
        let mut before = 0;
        ends.map(|end| {
            let bar = end.saturating_sub(before);
            before = end;
            u64::try_from(bar).unwrap_or(u64::MAX)
        })
        .collect()
    }

    /// All of them summed.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.0.iter().fold(0, |sum: i64, figure| sum.saturating_add(*figure))
    }
}
