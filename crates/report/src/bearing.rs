//! What bears on a sign: words around it that deny it, suppose it, say whose it is, or make it part of something else.
//!
//! The words of a text are ordered once, so that each sign is asked of those near it alone: a text may have thousands of both.

use std::ops::Range;

use crate::lexicon::{Entry, Found, Meaning};

/// Why a word that is on the list is no sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passed {
    /// It is part of something longer that is as it should be, or of a longer sign.
    Within,
    Denied,
    Supposed,
    Owned,
}

/// How far in front of a sign a word bears on it, in bytes of folded text.
const DENIES: usize = 28;
const SUPPOSES: usize = 44;
const OWNS: usize = 24;

/// The words of one folded text that may bear on its signs.
#[derive(Debug)]
pub(crate) struct Bearing<'f> {
    folded: &'f str,
    signs: Ranges,
    benign: Ranges,
    sought: Ranges,
    /// Words that bear on what stands behind them, in the order they end; each with its number among all that were found.
    small: Vec<(usize, &'f Found)>,
}

impl<'f> Bearing<'f> {
    pub(crate) fn of(folded: &'f str, found: &'f [Found]) -> Bearing<'f> {
        let ranges = |is: fn(&Meaning) -> bool| {
            Ranges::of(
                found
                    .iter()
                    .filter(|found| is(&found.entry.meaning))
                    .map(|found| found.range.clone())
                    .collect(),
            )
        };
        let mut small: Vec<(usize, &Found)> = found
            .iter()
            .enumerate()
            .filter(|(_, found)| {
                matches!(found.entry.meaning, Meaning::Negation | Meaning::Perhaps | Meaning::Ours)
            })
            .collect();
        small.sort_by_key(|(_, found)| found.range.end);
        Bearing {
            folded,
            signs: ranges(|meaning| matches!(meaning, Meaning::Sign(..))),
            benign: ranges(|meaning| *meaning == Meaning::Benign),
            sought: ranges(|meaning| *meaning == Meaning::Sought),
            small,
        }
    }

    /// Whether a proxy or relay at this place was looked for, or abused.
    pub(crate) fn is_sought(&self, range: &Range<usize>) -> bool {
        self.sought.touch(range)
    }

    /// What speaks against a word being a sign.
    pub(crate) fn against(&self, hit: &Found) -> Option<Passed> {
        if self.benign.touch(&hit.range) || self.signs.reach_beyond(&hit.range) {
            return Some(Passed::Within);
        }
        let start = hit.range.start;
        let far = |other: &Found, far: usize| start - other.range.end < far;
        let first = self.small.partition_point(|(_, other)| other.range.end + SUPPOSES <= start);
        let near = self.small.get(first..).unwrap_or_default().iter();
        let near = near.take_while(|(_, other)| other.range.end <= start);
        let speak = near.filter_map(|(number, other)| {
            let (reach, passed) = match other.entry.meaning {
                Meaning::Negation => (DENIES, Passed::Denied),
                Meaning::Perhaps => (SUPPOSES, Passed::Supposed),
                _ => (OWNS, Passed::Owned),
            };
            let bears = far(other, reach) && speaks_of(other.entry, hit.entry) && self.goes_on(other, start);
            bears.then_some((*number, passed))
        });
        speak.min_by_key(|(number, _)| *number).map(|(_, passed)| passed)
    }

    /// Whether no sentence ends between the beginning of a word and what stands behind it.
    fn goes_on(&self, word: &Found, behind: usize) -> bool {
        let between = self.folded.get(word.range.start..behind).unwrap_or_default();
        !between.contains(['!', '?', ';', '\n']) && !between.contains(". ")
    }
}

/// Whether a small word of one language can bear on a sign of another: short ones mean other things elsewhere
/// (`no servidor` is `in the server` in Portuguese).
fn speaks_of(small: &Entry, sign: &Entry) -> bool {
    let loan = matches!(sign.language, "en" | "any");
    small.language == "any"
        || small.language == sign.language
        || loan && (small.language == "en" || small.phrase.chars().count() > 3)
}

/// Ranges by where they begin, each with how far those up to it go.
#[derive(Debug)]
struct Ranges(Vec<(usize, usize)>);

impl Ranges {
    fn of(mut ranges: Vec<Range<usize>>) -> Ranges {
        ranges.sort_unstable_by_key(|range| range.start);
        let mut farthest = 0;
        let reach = ranges.into_iter().map(|range| {
            farthest = farthest.max(range.end);
            (range.start, farthest)
        });
        Ranges(reach.collect())
    }

    /// How far those go that begin before a place.
    fn before(&self, place: usize) -> usize {
        let behind = self.0.partition_point(|(start, _)| *start < place);
        behind.checked_sub(1).and_then(|last| self.0.get(last)).map_or(0, |(_, end)| *end)
    }

    /// Whether one of them has a byte of the range.
    fn touch(&self, range: &Range<usize>) -> bool {
        self.before(range.end) > range.start
    }

    /// Whether one of them has all of the range and more.
    fn reach_beyond(&self, range: &Range<usize>) -> bool {
        self.before(range.start) >= range.end || self.before(range.start + 1) > range.end
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_in_order_say_what_each_would_say(
            ranges in proptest::collection::vec((0usize..40, 1usize..8), 0..12),
            (start, length) in (0usize..40, 1usize..8),
        ) {
            let ranges: Vec<_> = ranges.into_iter().map(|(start, length)| start..start + length).collect();
            let asked = start..start + length;
            let touch = ranges.iter().any(|range| range.start < asked.end && asked.start < range.end);
            let around = |range: &Range<usize>| range.start <= asked.start && range.end >= asked.end;
            let beyond = ranges.iter().any(|range| around(range) && range.len() > asked.len());
            let ordered = Ranges::of(ranges);
            prop_assert_eq!((ordered.touch(&asked), ordered.reach_beyond(&asked)), (touch, beyond));
        }
    }
}
