//! Which conversations can be among the heaviest of several files, by their lists alone.

use std::collections::HashMap;

use super::{List, Pair};

/// Conversations that are looked up one by one at most; more of them are quicker read whole.
const MOST: usize = 400;

/// What lists come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Candidates {
    /// The heaviest are among these.
    These(Vec<Pair>),
    /// The lists are too short to tell.
    Unknown,
}

/// Of what was listed: what is known of its bytes, and the bounds of the lists it stands on.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    bytes: u64,
    bounds: u64,
}

/// The conversations that can be among the `most` heaviest of all files with these lists.
///
/// On a list a conversation has as many bytes as it says, on any other at most that one's bound. The `most`th of what is
/// known is a floor: whatever cannot reach it is not among them, which holds for all that no list names once the bounds
/// together lie below it.
pub(crate) fn candidates(lists: &[List], most: usize) -> Candidates {
    let all: u64 = lists.iter().fold(0, |sum, list| sum.saturating_add(list.bound));
    let mut known: HashMap<Pair, Known> = HashMap::new();
    for list in lists {
        for (pair, bytes) in &list.pairs {
            let one = known.entry(*pair).or_default();
            one.bytes = one.bytes.saturating_add(*bytes);
            one.bounds = one.bounds.saturating_add(list.bound);
        }
    }
    let floor = match most.checked_sub(1) {
        None => return Candidates::These(Vec::new()),
        Some(last) if last < known.len() => {
            let mut bytes: Vec<u64> = known.values().map(|one| one.bytes).collect();
            *bytes.select_nth_unstable_by(last, |a, b| b.cmp(a)).1
        }
        Some(_) => 0,
    };
    if all > 0 && all >= floor {
        return Candidates::Unknown;
    }
    let can = |one: &Known| one.bytes.saturating_add(all.saturating_sub(one.bounds)) >= floor;
    let these: Vec<Pair> = known.iter().filter(|(_, one)| can(one)).map(|(pair, _)| *pair).collect();
    if these.len() > most.saturating_mul(2).max(MOST) {
        Candidates::Unknown
    } else {
        Candidates::These(these)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pair(number: u8) -> Pair {
        Pair { home: u128::from(number), peer: 1, inbound: false, port: 25 }
    }

    /// The list of the `longest` heaviest of one file.
    fn list(file: &HashMap<u8, u64>, longest: usize) -> List {
        let mut all: Vec<(Pair, u64)> = file.iter().map(|(number, bytes)| (pair(*number), *bytes)).collect();
        all.sort_by_key(|(pair, bytes)| (std::cmp::Reverse(*bytes), *pair));
        let bound = all.get(longest).map_or(0, |(_, bytes)| *bytes);
        all.truncate(longest);
        List { pairs: all, bound }
    }

    #[test]
    fn one_heavy_in_a_single_file_and_one_a_little_in_each_are_both_found() {
        let files: Vec<HashMap<u8, u64>> =
            (0..3).map(|hour| HashMap::from([(1, 500), (10 + hour, 900), (20, 5), (21, 4)])).collect();
        let lists: Vec<List> = files.iter().map(|file| list(file, 3)).collect();
        let Candidates::These(mut these) = candidates(&lists, 2) else { panic!("the lists tell") };
        these.sort();
        assert_eq!(these, [pair(1), pair(10), pair(11), pair(12)]);
    }

    #[test]
    fn lists_that_are_too_short_say_so() {
        let files: Vec<HashMap<u8, u64>> = (0..3).map(|_| (0..10).map(|at| (at, 100)).collect()).collect();
        let lists: Vec<List> = files.iter().map(|file| list(file, 2)).collect();
        assert_eq!(candidates(&lists, 1), Candidates::Unknown);
    }

    proptest! {
        /// Whatever the files hold: when the lists name candidates, every one of the heaviest is among them.
        #[test]
        fn none_of_the_heaviest_is_missing(
            files in proptest::collection::vec(proptest::collection::hash_map(0_u8..40, 0_u64..1000, 0..40), 0..8),
            longest in 1_usize..20,
            most in 0_usize..6,
        ) {
            let lists: Vec<List> = files.iter().map(|file| list(file, longest)).collect();
            if let Candidates::These(these) = candidates(&lists, most) {
                let mut sums: HashMap<u8, u64> = HashMap::new();
                for (number, bytes) in files.iter().flatten() {
                    *sums.entry(*number).or_default() += bytes;
                }
                let mut all: Vec<(u64, u8)> = sums.iter().map(|(number, bytes)| (*bytes, *number)).collect();
                all.sort_by(|a, b| b.cmp(a));
                // Of several with the same sum any may be told.
                let floor = all.get(most.saturating_sub(1)).map_or(0, |(bytes, _)| *bytes);
                for (bytes, number) in all.iter().take(most).filter(|(bytes, _)| *bytes > floor) {
                    prop_assert!(these.contains(&pair(*number)), "{bytes} of {number}");
                }
                let at_floor = all.iter().filter(|(bytes, number)| *bytes >= floor && these.contains(&pair(*number)));
                prop_assert!(at_floor.count() >= most.min(all.len()));
            }
        }
    }
}
