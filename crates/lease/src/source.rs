//! Any lease file, read by one reader, and told apart by its beginning.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::dhcp::{isc, kea};
use crate::{Row, RowError, csv, detail, nat};

/// How much of a file its format is told by, in bytes.
const BEGINNING: usize = 64 * 1024;

/// The formats leases are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// [`crate::csv`].
    Csv,
    /// [`crate::detail`].
    RadiusDetail,
    /// [`crate::dhcp::kea`].
    Kea,
    /// [`crate::dhcp::isc`].
    IscDhcpd,
    /// [`crate::nat`].
    NatLog,
}

impl Format {
    /// What a file is that begins so; `None` when it is none that is known.
    #[must_use]
    pub fn of(beginning: &[u8]) -> Option<Format> {
        let beginning = beginning.get(..BEGINNING).unwrap_or(beginning);
        let text = String::from_utf8_lossy(beginning);
        let mut lines = text.trim_start_matches('\u{feff}').lines();
        let mut lines = lines.by_ref().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let first = lines.next()?.trim();
        let names: Vec<&str> = first.split(',').map(str::trim).collect();
        if names.contains(&"valid_lifetime") && names.contains(&"expire") {
            return Some(Format::Kea);
        }
        let word = first.split([' ', '\t']).next().unwrap_or_default();
        let isc =
            ["lease", "ia-na", "ia-pd", "ia-ta", "host", "server-duid", "authoring-byte-order", "failover"];
        if isc.contains(&word) && first.ends_with(['{', ';']) {
            return Some(Format::IscDhcpd);
        }
        if std::iter::once(first).chain(lines.by_ref().take(100)).any(nat::knows) {
            return Some(Format::NatLog);
        }
        if csv::knows(first) {
            return Some(Format::Csv);
        }
        let attributes = text.lines().filter(|line| line.starts_with(['\t', ' ']) && line.contains(" = "));
        (attributes.count() > 0).then_some(Format::RadiusDetail)
    }
}

/// What a reader is told about its file.
#[derive(Debug, Clone)]
pub struct Manner {
    /// What the file is called in explanations (`leases.csv`).
    pub name: String,
    /// The zone of times without an offset from UTC, in the logs of translators.
    pub zone: Option<TimeZone>,
    /// When the file was written at the latest: gives the year to times without one.
    pub written: Timestamp,
}

/// Reads a file of any format piece by piece.
#[derive(Debug)]
pub struct Reader(Kind);

#[derive(Debug)]
enum Kind {
    Csv { reader: csv::Reader, partial: Vec<u8> },
    Detail(Box<detail::Reader>),
    Kea(Box<kea::Reader>),
    Isc(Box<isc::Reader>),
    Nat(Box<nat::Reader>),
}

type Rows = Vec<Result<Row, RowError>>;

impl Reader {
    /// A reader of `format`. With `live`, leases are given when they begin and not only when the file has ended.
    #[must_use]
    pub fn new(format: Format, manner: &Manner, live: bool) -> Reader {
        let name = &manner.name;
        Reader(match format {
            Format::Csv => Kind::Csv { reader: csv::Reader::new(name), partial: Vec::new() },
            Format::RadiusDetail => {
                Kind::Detail(Box::new(if live { detail::Reader::live() } else { detail::Reader::new() }))
            }
            Format::Kea => Kind::Kea(Box::new(kea::Reader::new(name))),
            Format::IscDhcpd => Kind::Isc(Box::new(isc::Reader::new(name))),
            Format::NatLog => {
                Kind::Nat(Box::new(nat::Reader::new(name, manner.zone.clone(), manner.written)))
            }
        })
    }

    /// Takes the next bytes, cut anywhere. `now` is the time where the file is followed as it grows.
    #[must_use]
    pub fn feed(&mut self, bytes: &[u8], now: Option<Timestamp>) -> Rows {
        match &mut self.0 {
            Kind::Csv { reader, partial } => feed_lines(reader, partial, bytes),
            Kind::Detail(reader) => reader.feed(bytes),
            Kind::Kea(reader) => reader.feed(bytes, now),
            Kind::Isc(reader) => reader.feed(bytes),
            Kind::Nat(reader) => reader.feed(bytes, now),
        }
    }

    /// The file has ended and another takes its place; what is known of open leases stays.
    #[must_use]
    pub fn broke_off(&mut self, now: Option<Timestamp>) -> Rows {
        match &mut self.0 {
            Kind::Csv { reader, partial } => {
                let line = std::mem::take(partial);
                let last = if line.is_empty() { None } else { reader.line(&line) };
                reader.begin_anew();
                last.into_iter().collect()
            }
            Kind::Detail(reader) => reader.broke_off(),
            Kind::Kea(reader) => reader.broke_off(now),
            Kind::Isc(reader) => reader.broke_off(),
            Kind::Nat(reader) => reader.broke_off(),
        }
    }

    /// The file has ended: what came of its last line, and the leases still open that were not given yet.
    #[must_use]
    pub fn finish(mut self) -> Rows {
        let mut rows = self.broke_off(None);
        if let Kind::Detail(reader) = self.0 {
            rows.extend(reader.finish());
        }
        rows
    }
}

/// A line longer than this is no row; the reader is given so much of it and says so.
const LONGEST_LINE: usize = 64 * 1024;

fn feed_lines(reader: &mut csv::Reader, partial: &mut Vec<u8>, bytes: &[u8]) -> Rows {
    let mut rows = Rows::new();
    let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
    while let Some(piece) = pieces.next() {
        let room = LONGEST_LINE.saturating_sub(partial.len());
        partial.extend_from_slice(piece.get(..room).unwrap_or(piece));
        if pieces.peek().is_some() {
            rows.extend(reader.line(partial));
            partial.clear();
        }
    }
    rows
}
