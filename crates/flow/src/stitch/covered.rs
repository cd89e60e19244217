//! Which stretches of time one direction of a connection has been told for.

use crate::Millis;

/// How many stretches are kept apart before the two oldest are taken as one.
const KEPT: usize = 4;

/// Up to four stretches of time, in order; older ones run together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Covered {
    spans: [(Millis, Millis); KEPT],
    len: u8,
}

impl Covered {
    /// One stretch.
    pub(super) fn of(first: Millis, last: Millis) -> Covered {
        let mut covered = Covered::default();
        covered.add(first, last);
        covered
    }

    fn spans(&self) -> &[(Millis, Millis)] {
        self.spans.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Whether a record of `first..=last` tells again of what was told before: most of its time is covered already.
    /// Stretches that only touch are fragments of one connection and no repetition.
    pub(super) fn repeats(&self, first: Millis, last: Millis) -> bool {
        if first == last {
            return self
                .spans()
                .iter()
                .any(|&(from, to)| (from < first && first < to) || (from == first && to == first));
        }
        let shared: i64 =
            self.spans().iter().map(|&(from, to)| to.min(last).since(from.max(first)).max(0)).sum();
        shared.saturating_mul(2) > last.since(first)
    }

    /// Adds a stretch.
    pub(super) fn add(&mut self, first: Millis, last: Millis) {
        let mut all = [(Millis(0), Millis(0)); KEPT + 1];
        let mut len = 0;
        let mut new = Some((first, last));
        for &span in self.spans() {
            if let Some(mine) = new.filter(|mine| *mine <= span) {
                push(&mut all, &mut len, mine);
                new = None;
            }
            push(&mut all, &mut len, span);
        }
        if let Some(mine) = new {
            push(&mut all, &mut len, mine);
        }
        let skip = usize::from(len > KEPT);
        if skip == 1
            && let [oldest, next, ..] = &mut all
        {
            *next = (oldest.0, next.1.max(oldest.1));
        }
        for (kept, span) in self.spans.iter_mut().zip(all.iter().skip(skip)) {
            *kept = *span;
        }
        self.len = u8::try_from(len - skip).unwrap_or_default();
    }
}

fn push(all: &mut [(Millis, Millis); KEPT + 1], len: &mut usize, span: (Millis, Millis)) {
    // A stretch that overlaps the one before it is the same one, longer.
    if let Some(before) = len.checked_sub(1).and_then(|at| all.get_mut(at))
        && span.0 < before.1
    {
        before.1 = before.1.max(span.1);
        return;
    }
    if let Some(free) = all.get_mut(*len) {
        *free = span;
        *len += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_touches_is_new_and_what_lies_inside_is_a_repetition() {
        let mut covered = Covered::default();
        covered.add(Millis(0), Millis(60_000));
        assert!(!covered.repeats(Millis(60_000), Millis(120_000)));
        assert!(covered.repeats(Millis(10), Millis(59_990)));
        assert!(covered.repeats(Millis(0), Millis(60_000)));
        assert!(!covered.repeats(Millis(60_500), Millis(60_500)));
    }

    #[test]
    fn a_late_fragment_fits_into_its_gap() {
        let mut covered = Covered::default();
        covered.add(Millis(0), Millis(50));
        covered.add(Millis(200), Millis(250));
        assert!(!covered.repeats(Millis(100), Millis(150)));
        covered.add(Millis(100), Millis(150));
        assert!(covered.repeats(Millis(100), Millis(150)));
    }

    #[test]
    fn old_gaps_close_and_new_ones_stay_open() {
        let mut covered = Covered::default();
        for n in 0..10 {
            covered.add(Millis(n * 100), Millis(n * 100 + 50));
        }
        assert!(covered.repeats(Millis(60), Millis(90)), "the oldest stretches have run together");
        assert!(!covered.repeats(Millis(860), Millis(890)));
    }
}
