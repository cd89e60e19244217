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
    /// Whether one of the unspaced is ASCII all the same; else none is in a text that is ASCII.
    unspaced_ascii: bool,
    /// By a hash of three bytes, a bit for whether a phrase may begin so.
    begins: Vec<u64>,
}

/// A phrase in a text: its number, and where it is.
type Hit = (usize, Range<usize>);

/// A phrase as a slot has it: enough of it to know most words for others without a look at the phrase, which lies elsewhere.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// Its first eight bytes, as [`word`] reads them.
    word: u64,
    /// Which bits of them it has.
    mask: u64,
    number: u16,
    /// How long it is, in bytes.
    length: u16,
}

/// The phrases of each slot: where they begin in `heads`, and with one slot more, where they end.
#[derive(Debug)]
struct Table {
    begins: Vec<u16>,
    heads: Vec<Head>,
}

impl Head {
    /// None of a phrase of one byte, or too long for a list.
    fn of(phrase: &str, number: usize) -> Option<Head> {
        if phrase.len() < SHORT {
            return None;
        }
        let (number, length) = (u16::try_from(number).ok()?, u16::try_from(phrase.len()).ok()?);
        let mask = u64::MAX >> (8 * 8usize.saturating_sub(phrase.len()));
        Some(Head { word: word(phrase.as_bytes()), mask, number, length })
    }
}

/// The first eight bytes, zeros where there are fewer.
fn word(bytes: &[u8]) -> u64 {
    let whole = bytes.first_chunk::<8>().copied();
    u64::from_le_bytes(whole.unwrap_or_else(|| {
        let mut head = [0; 8];
        head.iter_mut().zip(bytes).for_each(|(head, byte)| *head = *byte);
        head
    }))
}

impl Table {
    fn of(slots: &[Vec<Head>]) -> Table {
        let mut table = Table { begins: vec![0], heads: Vec::new() };
        for slot in slots {
            table.heads.extend(slot);
            table.begins.push(u16::try_from(table.heads.len()).unwrap_or(u16::MAX));
        }
        table
    }

    /// The phrases that may begin so.
    fn at<const BYTES: usize>(&self, word: u64) -> &[Head] {
        let slot = slot::<BYTES>(word);
        let Some([begin, end]) = self.begins.get(slot..slot + 2) else { return &[] };
        self.heads.get(usize::from(*begin)..usize::from(*end)).unwrap_or_default()
    }
}

impl Heads {
    /// Of at most 65,535 phrases, each with whether its script sets no blanks; those of one byte are never found.
    pub(crate) fn of<'p>(phrases: impl Iterator<Item = (&'p str, bool)>) -> Heads {
        let mut tables = [const { Vec::new() }; 3].map(|_: Vec<()>| vec![Vec::new(); SLOTS]);
        let [long, short, unspaced] = &mut tables;
        let (mut kept, mut unspaced_ascii) = (Vec::new(), false);
        let mut begins = vec![0; BITS / 64];
        for (phrase, is_unspaced) in phrases {
            if let Some(head) = Head::of(phrase, kept.len()) {
                let (table, slot) = match (is_unspaced, phrase.len() >= LONG) {
                    (true, _) => (&mut *unspaced, slot::<SHORT>(head.word)),
                    (false, true) => (&mut *long, slot::<LONG>(head.word)),
                    (false, false) => (&mut *short, slot::<SHORT>(head.word)),
                };
                if let Some(slot) = table.get_mut(slot) {
                    slot.push(head);
                }
                unspaced_ascii |= is_unspaced && phrase.is_ascii();
                // Anything may follow what has but two bytes.
                let thirds = if phrase.len() > 2 { 0..=0 } else { 0..=255 };
                thirds.for_each(|third| mark(&mut begins, head.word | third << 16));
            }
            kept.push(phrase.to_owned());
        }
        let [long, short, unspaced] = tables.map(|slots| Table::of(&slots));
        Heads { phrases: kept, long, short, unspaced, unspaced_ascii, begins }
    }

    /// Whether a phrase may begin so: of most words this is all that is asked.
    fn may_begin(&self, word: u64) -> bool {
        let bit = bit(word);
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
            let word = word(rest);
            if !self.may_begin(word) {
                continue;
            }
            if begins {
                self.among(self.long.at::<LONG>(word), word, rest, at, &mut hits);
                self.among(self.short.at::<SHORT>(word), word, rest, at, &mut hits);
            }
            self.among(self.unspaced.at::<SHORT>(word), word, rest, at, &mut hits);
        }
        hits
    }

    /// The same in ASCII. Where words begin is found for a stretch of bytes at once, without a branch that a processor would
    /// have to guess at each of them.
    fn find_ascii(&self, text: &[u8], hits: &mut Vec<Hit>) {
        let (whole, rest) = text.as_chunks::<STRETCH>();
        let mut last = [b' '; STRETCH];
        last.iter_mut().zip(rest).for_each(|(byte, &rest)| *byte = rest);
        let mut within = 0;
        for (stretch, bytes) in whole.iter().chain(std::iter::once(&last)).enumerate() {
            let letters = bits(bytes, |byte| byte.is_ascii_alphanumeric());
            let blanks = bits(bytes, |byte| byte == b' ');
            let mut starts = !(letters << 1 | within | blanks);
            within = letters >> (STRETCH - 1);
            while starts != 0 {
                let at = stretch * STRETCH + starts.trailing_zeros() as usize;
                starts &= starts - 1;
                let Some(rest) = text.get(at..) else { continue };
                let word = word(rest);
                if !self.may_begin(word) {
                    continue;
                }
                self.among(self.long.at::<LONG>(word), word, rest, at, hits);
                self.among(self.short.at::<SHORT>(word), word, rest, at, hits);
                if self.unspaced_ascii {
                    self.among(self.unspaced.at::<SHORT>(word), word, rest, at, hits);
                }
            }
        }
    }

    fn among(&self, heads: &[Head], word: u64, rest: &[u8], at: usize, hits: &mut Vec<Hit>) {
        for head in heads.iter().filter(|head| word & head.mask == head.word) {
            let (number, length) = (usize::from(head.number), usize::from(head.length));
            let phrase = self.phrases.get(number).map_or(&[][..], String::as_bytes);
            if length <= 8 || rest.starts_with(phrase) {
                hits.push((number, at..at + length));
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

/// A bit for each of some bytes, the first byte's the lowest. Eight truths are made eight bits by one
/// multiplication, which moves each of them to a place of its own in the highest byte.
fn bits(bytes: &[u8; STRETCH], is: impl Fn(u8) -> bool) -> u64 {
    let truths = bytes.map(|byte| u8::from(is(byte)));
    let eights = truths.as_chunks::<8>().0.iter().rev();
    eights.fold(0, |bits, eight| {
        bits << 8 | u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

/// Bits that tell how phrases begin, a power of two.
const BITS: usize = 1 << 16;

fn mark(begins: &mut [u64], word: u64) {
    let bit = bit(word);
    if let Some(bits) = begins.get_mut(bit / 64) {
        *bits |= 1 << (bit % 64);
    }
}

/// The bit of what begins with the first three of these bytes.
fn bit(word: u64) -> usize {
    hashed(low::<3>(word), BITS)
}

/// The slot of what begins with these bytes.
fn slot<const BYTES: usize>(word: u64) -> usize {
    hashed(low::<BYTES>(word), SLOTS)
}

/// The first of eight bytes, at most four.
fn low<const BYTES: usize>(word: u64) -> u32 {
    let [first, second, third, fourth, ..] = word.to_le_bytes();
    u32::from_le_bytes([first, second, third, fourth]) & (u32::MAX >> (32 - 8 * BYTES))
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
