//! Signatures as data: `data/signatures.tsv`, read once.

use std::sync::LazyLock;

use super::{Family, Wanted};
use crate::Transport;

const DATA: &str = include_str!("../../data/signatures.tsv");

/// One byte of a beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Byte {
    Any,
    Is(u8),
    /// A letter in either case.
    Letter(u8),
}

impl Byte {
    fn fits(self, byte: u8) -> bool {
        match self {
            Byte::Any => true,
            Byte::Is(wanted) => wanted == byte,
            Byte::Letter(wanted) => wanted.eq_ignore_ascii_case(&byte),
        }
    }
}

/// One line of the table.
#[derive(Debug)]
struct Signature {
    what: &'static str,
    family: Family,
    transport: Transport,
    begins: Vec<Byte>,
}

static ALL: LazyLock<Vec<Signature>> = LazyLock::new(|| lines().filter_map(line).collect());

/// What the first signature that fits says.
pub(super) fn read(transport: Transport, bytes: &[u8]) -> Option<Wanted> {
    let fits = |one: &&Signature| {
        let begins = one.begins.iter().zip(bytes).all(|(wanted, byte)| wanted.fits(*byte));
        one.transport == transport && bytes.len() >= one.begins.len() && begins
    };
    ALL.iter().find(fits).map(|found| Wanted::said(found.what, found.family))
}

fn lines() -> impl Iterator<Item = &'static str> {
    DATA.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

fn line(line: &'static str) -> Option<Signature> {
    let mut fields = line.split('\t');
    let what = fields.next()?;
    let family = Family::from_name(fields.next()?)?;
    let transport = transport(fields.next()?)?;
    let begins = beginning(fields.next()?)?;
    // A line without a source says nothing.
    let source = fields.next()?;
    (!source.is_empty() && !begins.is_empty()).then_some(Signature { what, family, transport, begins })
}

pub(super) fn transport(word: &str) -> Option<Transport> {
    match word {
        "tcp" => Some(Transport::Tcp),
        "udp" => Some(Transport::Udp),
        _ => None,
    }
}

/// Reads a row of bytes as the table's head describes it.
fn beginning(text: &str) -> Option<Vec<Byte>> {
    let mut row = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (either_case, quoted) = match rest.strip_prefix('~') {
            Some(quoted) => (true, quoted.strip_prefix('"')),
            None => (false, rest.strip_prefix('"')),
        };
        if let Some(quoted) = quoted {
            let (letters, after) = quoted.split_once('"')?;
            row.extend(letters.bytes().map(if either_case { Byte::Letter } else { Byte::Is }));
            rest = after.trim_start();
            continue;
        }
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        row.push(if word == ".." { Byte::Any } else { Byte::Is(u8::from_str_radix(word, 16).ok()?) });
        rest = after.trim_start();
    }
    Some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_signature_with_a_source() {
        for text in lines() {
            assert!(line(text).is_some(), "{text}");
        }
    }

    #[test]
    fn no_signature_stands_behind_one_that_always_fits_first() {
        for (place, one) in ALL.iter().enumerate() {
            let mut bytes: Vec<u8> = Vec::new();
            for byte in &one.begins {
                bytes.push(match byte {
                    Byte::Any => 0x77,
                    Byte::Is(byte) | Byte::Letter(byte) => *byte,
                });
            }
            let first = ALL.iter().position(|other| {
                other.transport == one.transport
                    && other.begins.len() <= bytes.len()
                    && other.begins.iter().zip(&bytes).all(|(wanted, byte)| wanted.fits(*byte))
            });
            assert_eq!(first, Some(place), "{} is never reached", one.what);
        }
    }
}
