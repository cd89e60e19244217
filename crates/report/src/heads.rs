//! Which phrases of a list begin at a word of a text: by its first bytes, so that most words cost one look.
//!
//! An automaton over some thousand phrases goes through a table far larger than a processor's nearest cache, byte by byte.
//! Phrases only begin where words do, and few words begin like one of them. Scripts that set no blanks between words have
//! letters that are not ASCII, and a phrase may begin at each of those.

use std::ops::Range;

/// So many bytes tell most words from each other; phrases that are shorter are told by the fewer they have.
const LONG: usize = 4;
const SHORT: usize = 2;
/// Slots of the table, a power of two.
const SLOTS: usize = 4096;

/// A list of phrases by how they begin.
#[derive(Debug)]
pub(crate) struct Heads {
    phrases: Vec<String>,
    /// Phrases of at least [`LONG`] bytes.
    long: Table,
    /// All others.
    short: Table,
}

/// The phrases of each slot: where they begin in `phrases`, and with one slot more, where they end.
#[derive(Debug)]
struct Table {
    begins: Vec<u16>,
    phrases: Vec<u16>,
}

impl Table {
    fn of(slots: &[Vec<u16>]) -> Table {
        let mut table = Table { begins: vec![0], phrases: Vec::new() };
        for slot in slots {
            table.phrases.extend(slot);
            table.begins.push(u16::try_from(table.phrases.len()).unwrap_or(u16::MAX));
        }
        table
    }

    fn slot(&self, slot: usize) -> &[u16] {
        let Some([begin, end]) = self.begins.get(slot..slot + 2) else { return &[] };
        self.phrases.get(usize::from(*begin)..usize::from(*end)).unwrap_or_default()
    }
}

impl Heads {
    /// Of at most 65,535 phrases; those of one byte are never found.
    pub(crate) fn of<'p>(phrases: impl Iterator<Item = &'p str>) -> Heads {
        let phrases: Vec<String> = phrases.map(str::to_owned).collect();
        let (mut long, mut short) = (vec![Vec::new(); SLOTS], vec![Vec::new(); SLOTS]);
        for (at, phrase) in phrases.iter().enumerate() {
            let Ok(at) = u16::try_from(at) else { break };
            let slot = match (slot::<LONG>(phrase.as_bytes()), slot::<SHORT>(phrase.as_bytes())) {
                (Some(slot), _) => long.get_mut(slot),
                (None, Some(slot)) => short.get_mut(slot),
                (None, None) => None,
            };
            slot.into_iter().for_each(|slot| slot.push(at));
        }
        Heads { phrases, long: Table::of(&long), short: Table::of(&short) }
    }

    /// Every phrase that begins in `text` with a letter that is not ASCII, or behind what is neither letter nor digit; with its
    /// number.
    pub(crate) fn find(&self, text: &str) -> Vec<(usize, Range<usize>)> {
        let mut hits = Vec::new();
        let mut within = false;
        for (at, &byte) in text.as_bytes().iter().enumerate() {
            // What follows within a letter of several bytes begins nothing.
            if byte & 0xC0 == 0x80 {
                continue;
            }
            let begins = !byte.is_ascii() || !within && byte != b' ';
            within = if byte.is_ascii() { byte.is_ascii_alphanumeric() } else { is_letter(text, at) };
            if begins {
                self.at(text, at, &mut hits);
            }
        }
        hits
    }

    fn at(&self, text: &str, at: usize, hits: &mut Vec<(usize, Range<usize>)>) {
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        let long = slot::<LONG>(rest).map_or(&[][..], |slot| self.long.slot(slot));
        let short = slot::<SHORT>(rest).map_or(&[][..], |slot| self.short.slot(slot));
        for &number in long.iter().chain(short) {
            let number = usize::from(number);
            if let Some(phrase) =
                self.phrases.get(number).filter(|phrase| rest.starts_with(phrase.as_bytes()))
            {
                hits.push((number, at..at + phrase.len()));
            }
        }
    }
}

fn is_letter(text: &str, at: usize) -> bool {
    text.get(at..).and_then(|rest| rest.chars().next()).is_some_and(char::is_alphanumeric)
}

/// The slot of what begins with these bytes, by multiplication with the golden ratio's bits (Knuth, TAOCP 3, 6.4).
fn slot<const BYTES: usize>(text: &[u8]) -> Option<usize> {
    let head = text.first_chunk::<BYTES>()?;
    let number = head.iter().fold(0u32, |number, &byte| number << 8 | u32::from(byte));
    usize::try_from(number.wrapping_mul(0x9E37_79B9) >> (32 - SLOTS.ilog2())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_found_where_words_begin() {
        let heads = Heads::of(["open proxy", "no", "open", "c&c", "proxy"].into_iter());
        let found: Vec<_> = heads.find("no open proxy, reopen (c&c) no").into_iter().collect();
        assert_eq!(found, [(1, 0..2), (0, 3..13), (2, 3..7), (4, 8..13), (3, 23..26), (1, 28..30)]);
        let heads = Heads::of(["代理", "прокси"].into_iter());
        let starts =
            |text: &str| heads.find(text).into_iter().map(|(_, range)| range.start).collect::<Vec<_>>();
        assert_eq!(starts("开放代理, прокси"), [6, 14]);
    }
}
