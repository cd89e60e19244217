//! The lists of words (`data/*.tsv`) and where a text has them, in one pass.

use std::ops::Range;
use std::sync::LazyLock;

use crate::fold;
use crate::heads::Heads;
use crate::reading::{Kind, Role};

/// What an entry of a list says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A sign of a proxy, relay, trojan scan or call home, from 1 (a hint) to 3 (outright).
    Sign(Kind, u8),
    /// A word for what is alleged.
    Alleged(Kind),
    /// A word that alleges without saying what.
    Alleging,
    /// Denies the sign behind it.
    Negation,
    /// Only supposes the sign behind it.
    Perhaps,
    /// Says that the sign behind it is the reporter's own.
    Ours,
    /// Says that a proxy or relay was looked for or abused.
    Sought,
    /// Words around a proxy that is as it should be.
    Benign,
    /// A malware family, and whether its name means nothing else.
    Family(&'static str, bool),
    /// What the address behind it is.
    Before(Role),
    /// What the address in front of it is.
    Behind(Role),
}

/// An entry of a list.
#[derive(Debug)]
pub(crate) struct Entry {
    /// As the list has it.
    pub(crate) phrase: &'static str,
    /// ISO 639-1, or `any`.
    pub(crate) language: &'static str,
    pub(crate) meaning: Meaning,
    /// As texts are folded.
    folded: String,
    /// Whether the word may go on behind.
    stem: bool,
    /// Whether its script sets no blanks between words.
    unspaced: bool,
}

/// An entry that a folded text has.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) entry: &'static Entry,
    /// Where, in the folded text.
    pub(crate) range: Range<usize>,
}

/// More hits than this in one text say no more.
const MOST: usize = 4000;

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let signs = include_str!("../data/spot.tsv");
    let kinds = include_str!("../data/kinds.tsv");
    let families = include_str!("../data/families.tsv");
    let cues = include_str!("../data/cues.tsv");
    let mut entries: Vec<Entry> =
        [signs, kinds, cues].iter().flat_map(|list| rows(list)).filter_map(entry).collect();
    entries.extend(rows(families).filter_map(family));
    entries
});

static HEADS: LazyLock<Heads> =
    LazyLock::new(|| Heads::of(ENTRIES.iter().map(|entry| (entry.folded.as_str(), entry.unspaced))));

/// The rows of a list, its comments left out.
pub(crate) fn rows(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty())
}

/// A phrase as texts are folded, without its star.
pub(crate) fn folded(phrase: &str) -> String {
    fold::words(phrase.trim_end_matches('*')).into_text()
}

fn entry(row: &'static str) -> Option<Entry> {
    let mut cells = row.split('\t');
    let (phrase, language, meaning) = (cells.next()?, cells.next()?, cells.next()?);
    let weight = cells.next().and_then(|weight| weight.trim().parse().ok());
    let meaning = match (meaning, weight) {
        ("negation", _) => Meaning::Negation,
        ("perhaps", _) => Meaning::Perhaps,
        ("ours", _) => Meaning::Ours,
        ("sought", _) => Meaning::Sought,
        ("benign", _) => Meaning::Benign,
        ("alleging", _) => Meaning::Alleging,
        (kind, Some(weight)) => Meaning::Sign(Kind::named(kind)?, weight),
        (name, None) => match (name.strip_suffix("-ahead"), Kind::named(name)) {
            (Some(role), _) => Meaning::Behind(Role::named(role)?),
            (None, Some(kind)) => Meaning::Alleged(kind),
            (None, None) => Meaning::Before(Role::named(name)?),
        },
    };
    Some(made(phrase, language, meaning))
}

fn family(row: &'static str) -> Option<Entry> {
    let mut cells = row.split('\t');
    let (name, id, how) = (cells.next()?, cells.next()?, cells.next()?);
    Some(made(name, "any", Meaning::Family(id, how == "alone")))
}

fn made(phrase: &'static str, language: &'static str, meaning: Meaning) -> Entry {
    let unspaced = matches!(language, "ja" | "ko" | "zh");
    Entry { phrase, language, meaning, folded: folded(phrase), stem: phrase.ends_with('*'), unspaced }
}

/// Every entry that a folded text has, whole words only, in the order they end.
pub(crate) fn find(folded: &str) -> Vec<Found> {
    let mut hits = HEADS.find(folded);
    hits.sort_unstable_by_key(|(entry, range)| (range.end, range.start, *entry));
    hits.into_iter().filter_map(|(entry, range)| found(folded, entry, range)).take(MOST).collect()
}

fn found(folded: &str, entry: usize, range: Range<usize>) -> Option<Found> {
    let entry = ENTRIES.get(entry)?;
    if !stands_alone(folded, &range, entry) {
        return None;
    }
    let rest = folded.get(range.end..).filter(|_| entry.stem && !entry.unspaced).unwrap_or_default();
    let goes_on = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    Some(Found { entry, range: range.start..range.end + goes_on })
}

fn stands_alone(text: &str, range: &Range<usize>, entry: &Entry) -> bool {
    let before = || text.get(..range.start).and_then(|text| text.chars().next_back());
    let after = || text.get(range.end..).and_then(|text| text.chars().next());
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    // Signs such as `c&c` and letters of scripts without blanks stand beside anything.
    entry.unspaced || !letter(before()) && (entry.stem || !letter(after()))
}

/// All families of the list, each with the names it goes by.
#[cfg(test)]
pub(crate) fn families() -> impl Iterator<Item = (&'static str, &'static str)> {
    ENTRIES.iter().filter_map(|entry| match entry.meaning {
        Meaning::Family(id, _) => Some((entry.phrase, id)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_every_list_is_understood() {
        for (list, family_list) in [
            (include_str!("../data/spot.tsv"), false),
            (include_str!("../data/kinds.tsv"), false),
            (include_str!("../data/cues.tsv"), false),
            (include_str!("../data/families.tsv"), true),
        ] {
            for row in rows(list) {
                let read = if family_list { family(row) } else { entry(row) };
                assert!(read.is_some_and(|entry| !folded(entry.phrase).is_empty()), "{row}");
            }
        }
    }

    #[test]
    fn words_are_found_whole() {
        let words = |text: &str| -> Vec<&str> {
            find(text)
                .into_iter()
                .filter(|found| matches!(found.entry.meaning, Meaning::Sign(..)))
                .map(|found| found.entry.phrase)
                .collect()
        };
        assert_eq!(words("an open proxy here"), ["open prox*", "proxy"]);
        assert_eq!(words("reopen proxying"), Vec::<&str>::new());
        assert_eq!(words("これは踏み台です"), ["踏み台"]);
    }
}
