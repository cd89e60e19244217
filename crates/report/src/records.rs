//! Fields put together: which time, port and link belong to which address.

use std::net::IpAddr;
use std::ops::Range;

use jiff::tz::Offset;

use crate::address;
use crate::labels::{self, Field, Holds};
use crate::mail::Mail;
use crate::passage::{Line, Passage, Whose};
use crate::reading::{Place, Protocol};
use crate::time::{self, Stamp};
use crate::zone;

/// An address of a field, and where it stands in the prose.
#[derive(Debug, Clone)]
pub(crate) struct Stated {
    pub(crate) address: IpAddr,
    pub(crate) port: Option<u16>,
    pub(crate) range: Range<usize>,
    /// The name of the field, as the list has it, and its language.
    pub(crate) label: (&'static str, &'static str),
}

/// What the fields of one incident hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    pub(crate) addresses: Vec<Stated>,
    pub(crate) victims: Vec<Stated>,
    pub(crate) source_port: Option<u16>,
    pub(crate) port: Option<u16>,
    pub(crate) time: Option<Stamp>,
    pub(crate) zone: Option<Offset>,
    pub(crate) url: Option<String>,
    pub(crate) malware: Option<String>,
    pub(crate) protocol: Option<Protocol>,
}

impl Record {
    /// Whether more than an address is stated.
    pub(crate) fn is_full(&self) -> bool {
        !self.addresses.is_empty()
            && (self.time.is_some()
                || self.source_port.is_some()
                || self.url.is_some()
                || self.malware.is_some())
    }
}

/// Records of one text are at most this many.
const MOST: usize = 500;
/// Lines without a row that end a table.
const GAP: usize = 2;

/// A text's records.
#[derive(Debug)]
pub(crate) struct Sheet<'m> {
    pub(crate) passage: &'m Passage,
    pub(crate) records: Vec<Record>,
    /// When the notice was written.
    pub(crate) reported: Option<Stamp>,
}

/// The records of every text of the reporter's own, those that say something.
pub(crate) fn read<'m>(mail: &'m Mail<'_>) -> Vec<Sheet<'m>> {
    let own = mail.passages().iter().filter(|passage| passage.place == Place::Own);
    own.map(|passage| sheet(mail, passage)).filter(|sheet| !sheet.records.is_empty()).collect()
}

fn sheet<'m>(mail: &'m Mail<'_>, passage: &'m Passage) -> Sheet<'m> {
    let mut reader = Reader {
        mail,
        passage,
        current: Record::default(),
        done: Vec::new(),
        leads: None,
        zone: None,
        reported: None,
    };
    let lines: Vec<&Line> = passage.lines.iter().filter(|line| line.whose != Whose::Quoted).collect();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let rows = table(&lines, at, passage, &mut reader);
        if rows > 0 {
            at += rows;
            continue;
        }
        if let Some(field) = labels::field(passage.words(line)) {
            reader.take_line(line, &field, lines.get(at + 1).copied());
        } else if let Some(label) = labels::look_up(passage.words(line)) {
            let field = Field { label, value: 0..0, aside: None };
            reader.take_line(line, &field, lines.get(at + 1).copied());
        }
        at += 1;
    }
    reader.finish()
}

/// A table from line `at` on, by the names of its columns; how many lines it takes.
fn table(lines: &[&Line], at: usize, passage: &Passage, reader: &mut Reader<'_, '_>) -> usize {
    let Some(head) = lines.get(at).map(|line| passage.words(line)) else { return 0 };
    let Some(delimiter) = delimiter(head) else { return 0 };
    let columns: Vec<_> = cells(head, delimiter)
        .into_iter()
        .map(|cell| labels::look_up(head.get(cell).unwrap_or_default()))
        .collect();
    let known = columns.iter().flatten().count();
    if known < 2 || !columns.iter().flatten().any(|label| label.holds == Holds::Address) {
        return 0;
    }
    let (mut taken, mut gap) = (1, 0);
    while let Some(line) = lines.get(at + taken).filter(|_| gap < GAP) {
        let words = passage.words(line);
        let cells = cells(words, delimiter);
        taken += 1;
        if cells.len() + 1 < columns.len() || cells.len() < 2 {
            gap += 1;
            continue;
        }
        gap = 0;
        reader.flush();
        for (label, value) in columns.iter().zip(cells) {
            if let Some(label) = label {
                reader.take(line.range.start, words, &Field { label, value, aside: None });
            }
        }
        reader.flush();
    }
    taken
}

fn delimiter(head: &str) -> Option<&'static str> {
    if head.len() >= 400 {
        return None;
    }
    // All in one look: it is asked of every line.
    let (mut found, mut last) = ([false; 5], 0);
    for &byte in head.trim().as_bytes() {
        let which = match byte {
            b'|' => 0,
            b'\t' => 1,
            b';' => 2,
            b',' => 3,
            b' ' if last == b' ' => 4,
            _ => 5,
        };
        if let Some(found) = found.get_mut(which) {
            *found = true;
        }
        last = byte;
    }
    ["|", "\t", ";", ",", "  "]
        .into_iter()
        .zip(found)
        .find_map(|(delimiter, found)| found.then_some(delimiter))
}

fn cells(line: &str, delimiter: &str) -> Vec<Range<usize>> {
    let mut cells = Vec::new();
    let mut start = 0;
    for part in line.split(delimiter).take(64) {
        let range = labels::trimmed(line, start..start + part.len());
        // Blanks set cells apart, however many; bars stand at both ends as well.
        let edge = delimiter == "|" && (start == 0 || start + part.len() == line.len());
        if !(range.is_empty() && (delimiter == "  " || edge)) {
            cells.push(range);
        }
        start += part.len() + delimiter.len();
    }
    cells
}

/// Puts fields together as they come.
struct Reader<'m, 'b> {
    mail: &'m Mail<'b>,
    passage: &'m Passage,
    current: Record,
    done: Vec<Record>,
    /// Whether times stand in front of their addresses; the first of either says.
    leads: Option<bool>,
    zone: Option<Offset>,
    reported: Option<Stamp>,
}

impl<'m> Reader<'m, '_> {
    /// A field of a line; where the line ends behind its name, the next line holds the value.
    fn take_line(&mut self, line: &Line, field: &Field, next: Option<&Line>) {
        let words = self.passage.words(line);
        if !field.value.is_empty() {
            self.take(line.range.start, words, field);
            return;
        }
        let Some(next) = next else { return };
        let words = self.passage.words(next);
        if labels::field(words).is_none() && labels::look_up(words).is_none() {
            let value = labels::trimmed(words, 0..words.len());
            self.take(next.range.start, words, &Field { label: field.label, value, aside: None });
        }
    }

    /// `start` is where `words` begin in the prose.
    fn take(&mut self, start: usize, words: &str, field: &Field) {
        let value = words.get(field.value.clone()).unwrap_or_default();
        let record = &mut self.current;
        match field.label.holds {
            Holds::Address => self.address(start, words, field),
            Holds::Victim => record.victims.extend(stated(start, words, field)),
            Holds::SourcePort => record.source_port = record.source_port.or_else(|| port(value)),
            Holds::Port => record.port = record.port.or_else(|| port(value)),
            Holds::Time => {
                let aside = field.aside.clone().and_then(|aside| zone::offset(words.get(aside)?));
                self.time(value, aside);
            }
            Holds::Reported => {
                self.reported = self.reported.take().or_else(|| time::first(value, self.mail.sent));
            }
            Holds::Zone => self.zone = self.zone.or_else(|| zone::offset(value)),
            Holds::Url if value.contains("://") || value.contains('/') || value.contains("www.") => {
                record.url.get_or_insert_with(|| value.to_owned());
            }
            Holds::Malware if (2..100).contains(&value.len()) => {
                record.malware.get_or_insert_with(|| value.to_owned());
            }
            Holds::Protocol => {
                record.protocol = record.protocol.or(match value.to_ascii_lowercase().as_str() {
                    "tcp" | "6" => Some(Protocol::Tcp),
                    "udp" | "17" => Some(Protocol::Udp),
                    _ => None,
                });
            }
            Holds::Mentioned | Holds::Url | Holds::Malware => {}
        }
    }

    fn address(&mut self, start: usize, words: &str, field: &Field) {
        let stated = stated(start, words, field);
        let Some(first) = stated.first() else { return };
        self.leads.get_or_insert(self.current.time.is_some());
        let known = self.current.addresses.iter().any(|known| known.address == first.address);
        if !self.current.addresses.is_empty() && !known {
            self.flush();
        }
        if !known {
            self.current.addresses.extend(stated);
        }
    }

    fn time(&mut self, value: &str, aside: Option<Offset>) {
        let Some(mut stamp) = time::first(value, self.mail.sent) else { return };
        stamp.offset = stamp.offset.or(aside);
        if self.current.time.is_some() {
            if self.leads == Some(true) && !self.current.addresses.is_empty() {
                self.flush();
            } else {
                return;
            }
        }
        self.current.time = Some(stamp);
    }

    fn flush(&mut self) {
        let record = std::mem::take(&mut self.current);
        if self.done.len() < MOST && !record.addresses.is_empty() {
            self.done.push(record);
        }
    }

    fn finish(mut self) -> Sheet<'m> {
        self.flush();
        let times: Vec<Stamp> = self.done.iter().filter_map(|record| record.time.clone()).collect();
        let only = times.first().filter(|first| times.iter().all(|time| time.civil == first.civil)).cloned();
        for record in &mut self.done {
            record.time = record.time.take().or_else(|| only.clone());
            record.zone = record.zone.or(self.zone);
        }
        Sheet { passage: self.passage, records: self.done, reported: self.reported }
    }
}

/// The addresses of a value: it opens with one, or is a name with its address behind it, or a list of them.
fn stated(start: usize, words: &str, field: &Field) -> Vec<Stated> {
    let value = words.get(field.value.clone()).unwrap_or_default();
    let found = address::all(value);
    let opens = found.first().is_some_and(|first| first.range.start <= 60);
    found
        .into_iter()
        .take(if opens { 50 } else { 0 })
        .filter(|found| !address::is_network(value, &found.range))
        .map(|found| Stated {
            address: found.address,
            port: found.port,
            range: start + field.value.start + found.range.start..start + field.value.start + found.range.end,
            label: (field.label.name, field.label.language),
        })
        .collect()
}

fn port(value: &str) -> Option<u16> {
    let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|&port| port > 0)
}
