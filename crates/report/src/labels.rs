//! Fields of notices: `Infringing IP: 192.0.2.1`, `<IP_Address>192.0.2.1</IP_Address>`, a row of a table, in any language
//! there is a list for (`data/labels.tsv`).

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use crate::{fold, lexicon};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Holds {
    /// The address of the accused.
    Address,
    /// A port on that address.
    SourcePort,
    /// A port; whose depends on what is alleged.
    Port,
    /// An address that was done to.
    Victim,
    /// An address that is only spoken of, or something that looks like one.
    Mentioned,
    /// When it was done.
    Time,
    /// When the notice was written.
    Reported,
    Zone,
    Url,
    Malware,
    Protocol,
}

/// A name of a field.
#[derive(Debug)]
pub(crate) struct Label {
    /// As the list has it.
    pub(crate) name: &'static str,
    pub(crate) language: &'static str,
    pub(crate) holds: Holds,
}

/// A field of a line; the value's place is in the line.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) label: &'static Label,
    pub(crate) value: Range<usize>,
    /// What stands in brackets behind the name: `Timestamp (UTC)`.
    pub(crate) aside: Option<Range<usize>>,
}

/// No name of a field is longer.
const LONGEST: usize = 64;

static LABELS: LazyLock<HashMap<String, Label, foldhash::fast::RandomState>> = LazyLock::new(|| {
    let rows = lexicon::rows(include_str!("../data/labels.tsv"));
    rows.filter_map(|row| {
        let mut cells = row.split('\t');
        let (name, language, holds) = (cells.next()?, cells.next()?, holds(cells.next()?)?);
        Some((lexicon::folded(name), Label { name, language, holds }))
    })
    .collect()
});

/// With which three bytes the names begin, by a hash of them: most words of most texts are told from all names by these.
struct Beginnings([bool; Beginnings::SLOTS]);

static BEGINNINGS: LazyLock<Beginnings> = LazyLock::new(|| {
    let mut beginnings = Beginnings([false; Beginnings::SLOTS]);
    let slots = LABELS.keys().filter_map(|name| Beginnings::slot(name.as_bytes()));
    slots.for_each(|slot| {
        if let Some(begins) = beginnings.0.get_mut(slot) {
            *begins = true;
        }
    });
    beginnings
});

impl Beginnings {
    const SLOTS: usize = 4096;

    /// None of what is shorter, or would be folded by more than its letters.
    fn slot(name: &[u8]) -> Option<usize> {
        let head = name.first_chunk::<3>().filter(|head| head.iter().all(u8::is_ascii_alphanumeric))?;
        let number = |byte: u8| usize::from(byte.to_ascii_lowercase());
        let [first, second, third] = *head;
        Some((number(first) * 961 + number(second) * 31 + number(third)) % Beginnings::SLOTS)
    }

    fn may_begin(&self, name: &str) -> bool {
        Beginnings::slot(name.as_bytes()).and_then(|slot| self.0.get(slot)).is_none_or(|begins| *begins)
    }
}

fn holds(name: &str) -> Option<Holds> {
    Some(match name {
        "address" => Holds::Address,
        "source-port" => Holds::SourcePort,
        "port" => Holds::Port,
        "victim" => Holds::Victim,
        "mentioned" => Holds::Mentioned,
        "time" => Holds::Time,
        "reported" => Holds::Reported,
        "zone" => Holds::Zone,
        "url" => Holds::Url,
        "malware" => Holds::Malware,
        "protocol" => Holds::Protocol,
        _ => return None,
    })
}

/// The field of this name.
pub(crate) fn look_up(name: &str) -> Option<&'static Label> {
    let name = name.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '-' | '*' | '•' | '#' | '.' | '|' | ':' | '"' | '\'')
    });
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    if !BEGINNINGS.may_begin(name) {
        return None;
    }
    known(name).or_else(|| known(name.get(..name.find('(')?)?))
}

fn known(name: &str) -> Option<&'static Label> {
    let mut out = [0; LONGEST];
    match fold::line(name.trim_end_matches('*'), &mut out) {
        Some(folded) => LABELS.get(folded),
        None => LABELS.get(&lexicon::folded(name)),
    }
}

/// The field that a line is, if any: `name: value`, `name = value`, a name and a value in two cells, an XML element.
pub(crate) fn field(line: &str) -> Option<Field> {
    let indent = line.len() - line.trim_start().len();
    let body = line.get(indent..)?;
    if let Some(inside) = body.strip_prefix('<') {
        return element(inside, indent + 1);
    }
    let head = body.as_bytes().iter().take(LONGEST + 1);
    let ends = head.enumerate().filter(|(_, byte)| matches!(byte, b':' | b'=' | b'\t' | b'|'));
    let known = |(end, _): (usize, &u8)| Some((end, look_up(body.get(..end)?)?));
    // A name may itself have a colon: `IP:Port: 192.0.2.1:80`.
    let (end, label) = ends.take(3).filter_map(known).last()?;
    let name = body.get(..end).unwrap_or_default();
    let aside = name.find('(').zip(name.find(')')).filter(|(open, close)| open < close);
    let aside = aside.map(|(open, close)| indent + open + 1..indent + close);
    Some(Field { label, value: trimmed(line, indent + end + 1..line.len()), aside })
}

fn element(inside: &str, start: usize) -> Option<Field> {
    let open = inside.find('>')?;
    let name = inside.get(..open)?.split([' ', '/']).next()?;
    let label = look_up(name)?;
    let value = inside.get(open + 1..)?;
    let end = value.find('<').unwrap_or(value.len());
    Some(Field { label, value: start + open + 1..start + open + 1 + end, aside: None })
}

/// A range without blanks and bars around what it holds.
pub(crate) fn trimmed(line: &str, range: Range<usize>) -> Range<usize> {
    let words = line.get(range.clone()).unwrap_or_default();
    let around = |c: char| c.is_whitespace() || matches!(c, '|' | ':' | '=');
    let start = range.start + (words.len() - words.trim_start_matches(around).len());
    let end =
        range.end - (words.len() - words.trim_end_matches(|c: char| c.is_whitespace() || c == '|').len());
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_known_by_their_names_in_many_languages() {
        for (line, holds, value) in [
            ("Infringers IP Address: 192.0.2.1", Holds::Address, "192.0.2.1"),
            ("  - Offending/Source IP :  192.0.2.1", Holds::Address, "192.0.2.1"),
            ("IP:Port: 192.0.2.1:80", Holds::Address, "192.0.2.1:80"),
            ("<IP_Address>192.0.2.1</IP_Address>", Holds::Address, "192.0.2.1"),
            ("| IP-Adresse | 192.0.2.1 |", Holds::Address, "192.0.2.1"),
            ("Adresse IP : 192.0.2.1", Holds::Address, "192.0.2.1"),
            ("Dirección IP\t192.0.2.1\t", Holds::Address, "192.0.2.1"),
            ("Indirizzo IP = 192.0.2.1", Holds::Address, "192.0.2.1"),
            ("IP-адрес: 192.0.2.1", Holds::Address, "192.0.2.1"),
            ("送信元IP: 192.0.2.1", Holds::Address, "192.0.2.1"),
            ("Target IP: 192.0.2.1", Holds::Victim, "192.0.2.1"),
            ("Timestamp (UTC): 2026-03-06", Holds::Time, "2026-03-06"),
        ] {
            let found = field(line);
            let read = found
                .as_ref()
                .map(|found| (found.label.holds, line.get(found.value.clone()).unwrap_or_default()));
            assert_eq!(read, Some((holds, value)), "{line}");
        }
        assert!(field("Dear colleague: hello").is_none());
    }

    #[test]
    fn every_row_of_the_list_is_understood() {
        let rows = lexicon::rows(include_str!("../data/labels.tsv"));
        for row in rows {
            assert!(row.split('\t').nth(2).is_some_and(|name| holds(name).is_some()), "{row}");
        }
    }
}
