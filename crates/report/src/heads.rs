//! Which phrases of a list begin at a word of a text: by its first bytes, so that most words cost one look.
//!
//! An automaton over some thousand phrases goes through a table far larger than a processor's nearest cache, byte by byte.
//! Phrases only begin where words do, and few words begin like one of them. Those of scripts that set no blanks between words
//! may begin at each letter that is not ASCII, or behind one.

use std::ops::Range;

/// So many bytes tell most words from each other; phrases that are shorter are told by the fewer they have.
const LONG: usize = 4;
const SHORT: usize = 2;
/// Slots of a table, a power of two.
const SLOTS: usize = 4096;

/// A list of phrases by how they begin.
#[derive(Debug)]
pub(crate) struct Heads {
    phrases: Vec<String>,
    /// Phrases of at least [`LONG`] bytes.
    long: Table,
    /// All others.
    short: Table,
    /// Phrases of scripts without blanks, by [`SHORT`].
    unspaced: Table,
    /// By a hash of three bytes, a bit for whether a phrase may begin so.
    begins: Vec<u64>,
}

/// A phrase in a text: its number, and where it is.
type Hit = (usize, Range<usize>);

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

    /// The phrases that may begin `rest`, by its first bytes.
    fn at<const BYTES: usize>(&self, rest: &[u8]) -> &[u16] {
        let slot = slot::<BYTES>(rest).and_then(|slot| self.begins.get(slot..slot + 2));
        let Some([begin, end]) = slot else { return &[] };
        self.phrases.get(usize::from(*begin)..usize::from(*end)).unwrap_or_default()
    }
}

impl Heads {
    /// Of at most 65,535 phrases, each with whether its script sets no blanks; those of one byte are never found.
    pub(crate) fn of<'p>(phrases: impl Iterator<Item = (&'p str, bool)>) -> Heads {
        let mut tables = [const { Vec::new() }; 3].map(|_: Vec<()>| vec![Vec::new(); SLOTS]);
        let [long, short, unspaced] = &mut tables;
        let mut kept = Vec::new();
        for (phrase, is_unspaced) in phrases {
            let (four, two) = (slot::<LONG>(phrase.as_bytes()), slot::<SHORT>(phrase.as_bytes()));
            let slot = match (is_unspaced, four, two) {
                (true, _, Some(slot)) => unspaced.get_mut(slot),
                (false, Some(slot), _) => long.get_mut(slot),
                (false, None, Some(slot)) => short.get_mut(slot),
                (_, _, None) => None,
            };
            if let (Some(slot), Ok(number)) = (slot, u16::try_from(kept.len())) {
                slot.push(number);
            }
            kept.push(phrase.to_owned());
        }
        let [long, short, unspaced] = tables.map(|slots| Table::of(&slots));
        let mut begins = vec![0; BITS / 64];
        for phrase in &kept {
            match *phrase.as_bytes() {
                [first, second, third, ..] => mark(&mut begins, [first, second, third]),
                // Anything may follow.
                [first, second] => (0..=255).for_each(|third| mark(&mut begins, [first, second, third])),
                _ => {}
            }
        }
        Heads { phrases: kept, long, short, unspaced, begins }
    }

    /// Whether a phrase may begin as `rest` does: of most words this is all that is asked.
    fn may_begin(&self, rest: &[u8]) -> bool {
        let head = match *rest {
            [first, second, third, ..] => [first, second, third],
            [first, second] => [first, second, b' '],
            _ => return false,
        };
        let bit = bit(head);
        self.begins.get(bit / 64).is_some_and(|bits| bits >> (bit % 64) & 1 == 1)
    }

    /// Every phrase that begins in `text` behind what is neither letter nor digit, and every one of a script without blanks.
    pub(crate) fn find(&self, text: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        let (mut within, mut ascii) = (false, true);
        if text.is_ascii() {
            self.find_ascii(text.as_bytes(), &mut hits);
            return hits;
        }
        for (at, &byte) in text.as_bytes().iter().enumerate() {
            let letter = byte.is_ascii_alphanumeric();
            // Most bytes go on with a word, and what follows within a letter of several bytes is none by itself.
            if letter && within && ascii || matches!(byte, 0x80..0xC0) {
                continue;
            }
            let (begins, glued) = (!within && byte != b' ', !ascii || !byte.is_ascii());
            (within, ascii) = (letter || !byte.is_ascii() && is_letter(text, at), byte.is_ascii());
            let Some(rest) = text.as_bytes().get(at..).filter(|_| begins || glued) else { continue };
            if !self.may_begin(rest) {
                continue;
            }
            if begins {
                self.among(self.long.at::<LONG>(rest), rest, at, &mut hits);
                self.among(self.short.at::<SHORT>(rest), rest, at, &mut hits);
            }
            self.among(self.unspaced.at::<SHORT>(rest), rest, at, &mut hits);
        }
        hits
    }

    /// The same in ASCII. Where words begin is found for a stretch of bytes at once, without a branch that a processor would
    /// have to guess at each of them.
    fn find_ascii(&self, text: &[u8], hits: &mut Vec<Hit>) {
        let mut within = 0;
        for (stretch, bytes) in text.chunks(STRETCH).enumerate() {
            // A bit for each byte, the first byte's the lowest.
            let (mut letters, mut blanks) = (0u64, 0u64);
            for &byte in bytes.iter().rev() {
                letters = letters << 1 | u64::from(byte.is_ascii_alphanumeric());
                blanks = blanks << 1 | u64::from(byte == b' ');
            }
            let mut starts = !(letters << 1 | within | blanks) & (u64::MAX >> (STRETCH - bytes.len()));
            within = letters >> (STRETCH - 1);
            while starts != 0 {
                let at = stretch * STRETCH + starts.trailing_zeros() as usize;
                starts &= starts - 1;
                let Some(rest) = text.get(at..).filter(|rest| self.may_begin(rest)) else { continue };
                self.among(self.long.at::<LONG>(rest), rest, at, hits);
                self.among(self.short.at::<SHORT>(rest), rest, at, hits);
                self.among(self.unspaced.at::<SHORT>(rest), rest, at, hits);
            }
        }
    }

    fn among(&self, numbers: &[u16], rest: &[u8], at: usize, hits: &mut Vec<Hit>) {
        for number in numbers.iter().map(|number| usize::from(*number)) {
            if let Some(phrase) =
                self.phrases.get(number).filter(|phrase| rest.starts_with(phrase.as_bytes()))
            {
                hits.push((number, at..at + phrase.len()));
            }
        }
    }
}

fn is_letter(text: &str, at: usize) -> bool {
    // The commonest first: Unicode's tables say the same of these, and cost a search.
    let letter = |c: char| matches!(c, 'а'..='я' | '一'..='鿿' | '가'..='힣') || c.is_alphanumeric();
    text.get(at..).and_then(|rest| rest.chars().next()).is_some_and(letter)
}

/// Bytes that are looked at together.
const STRETCH: usize = 64;
/// Bits that tell how phrases begin, a power of two.
const BITS: usize = 1 << 16;

fn mark(begins: &mut [u64], head: [u8; 3]) {
    let bit = bit(head);
    if let Some(bits) = begins.get_mut(bit / 64) {
        *bits |= 1 << (bit % 64);
    }
}

fn bit(head: [u8; 3]) -> usize {
    hashed(head.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)), BITS)
}

/// The slot of what begins with these bytes.
fn slot<const BYTES: usize>(text: &[u8]) -> Option<usize> {
    let head = text.first_chunk::<BYTES>()?;
    let number = head.iter().fold(0u32, |number, &byte| number << 8 | u32::from(byte));
    Some(hashed(number, SLOTS))
}

/// One of `slots`, a power of two, by multiplication with the golden ratio's bits (Knuth, TAOCP 3, 6.4).
fn hashed(number: u32, slots: usize) -> usize {
    usize::try_from(number.wrapping_mul(0x9E37_79B9) >> (32 - slots.ilog2())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_found_where_words_begin() {
        let heads =
            Heads::of(["open proxy", "no", "open", "c&c", "proxy"].into_iter().map(|phrase| (phrase, false)));
        let found: Vec<_> = heads.find("no open proxy, reopen (c&c) no").into_iter().collect();
        assert_eq!(found, [(1, 0..2), (0, 3..13), (2, 3..7), (4, 8..13), (3, 23..26), (1, 28..30)]);
        let heads = Heads::of([("代理", true), ("ddos攻", true), ("прокси", false)].into_iter());
        let starts =
            |text: &str| heads.find(text).into_iter().map(|(_, range)| range.start).collect::<Vec<_>>();
        assert_eq!(starts("开放代理, прокси, непрокси, 受ddos攻"), [6, 14, 49]);
    }
}
