//! From rows to claims.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::claims::{Draft, When, bare};
use crate::document::Document;
use crate::kept::Kept;
use crate::plain_time::Patience;
use crate::reading::{Claim, Kind, Protocol, Role, TimeBasis};
use crate::table::{Cell, Header, Row, Rows};
use crate::{explain, plain_time, time};

use super::columns::Columns;
use super::types::Type;

/// What could not be read, counted.
#[derive(Debug, Default)]
struct Faults {
    no_address: usize,
    no_time: usize,
    short: usize,
    torn: usize,
    patience: Patience,
}

/// Reads every row; a row that repeats the names of columns is not one, and what follows it goes by the new names.
pub(super) fn read(
    document: &Document<'_>,
    known: &Type,
    header: &Header,
    mut rows: Rows<'_>,
    draft: &mut Draft,
) {
    let Some(mut columns) = Columns::of(header, known) else {
        draft.doubt("the column of the address is missing");
        return;
    };
    let lines = memchr::memchr_iter(b'\n', document.bytes).count();
    let per_row = if known.also.is_some() { 2 } else { 1 };
    let mut kept = Kept::with_room_for(lines * per_row);
    kept.make_room(lines * per_row, document.bytes.len(), draft);
    let mut faults = Faults::default();
    let mut cells = Vec::new();
    while let Some(row) = rows.next(&mut cells) {
        faults.torn += usize::from(row == Row::Torn);
        let short = cells.len() < columns.count;
        if short && rows.is_cut() {
            // Of the last cell of a table that was cut nobody knows how much is left: half an address is another's.
            cells.pop();
        }
        let reading = Reading { document, known, columns: &columns, cells: &cells };
        if reading.cell(columns.time).eq_ignore_ascii_case(b"timestamp") {
            match Columns::of(&Header::of(document.bytes, &cells), known) {
                Some(again) => columns = again,
                None => draft.doubt("the names of the columns are repeated without an address among them"),
            }
            continue;
        }
        faults.short += usize::from(short);
        reading.claims(&mut kept, &mut faults, draft);
    }
    kept.close(draft);
    faults.tell(draft);
}

/// One row with what is known around it.
struct Reading<'r> {
    document: &'r Document<'r>,
    known: &'r Type,
    columns: &'r Columns,
    cells: &'r [Cell],
}

impl Reading<'_> {
    fn cell(&self, at: usize) -> &[u8] {
        self.cells.get(at).map(|cell| cell.raw(self.document.bytes).trim_ascii()).unwrap_or_default()
    }

    fn text(&self, at: Option<usize>) -> Option<String> {
        let text = self.cells.get(at?)?.text(self.document.bytes);
        let text: String = text.chars().filter(|c| !c.is_control()).take(2048).collect();
        (!text.is_empty()).then_some(text)
    }

    fn claims(&self, kept: &mut Kept, faults: &mut Faults, draft: &mut Draft) {
        let Some(address) = address(self.cell(self.columns.address)) else {
            faults.no_address += 1;
            return;
        };
        let when = self.when(faults);
        let mut claim =
            self.claim(address, self.columns.address, self.columns.port, self.role(), self.kind()).at(when);
        if let Some(url) = self.url() {
            claim = claim.advertising(&url);
        }
        claim.malware = self.malware().map(Into::into);
        kept.claim(claim, draft);
        self.second(when, kept, draft);
    }

    fn claim(&self, address: IpAddr, at: usize, port: Option<usize>, role: Role, kind: Kind) -> Claim {
        let range = self.cells.get(at).map_or(0..0, Cell::range);
        let port = port.and_then(|port| number(self.cell(port)));
        let protocol = self.columns.protocol.and_then(|at| protocol(self.cell(at)));
        let mut claim = bare(address, kind, role, self.document.span(range)).on(port, protocol);
        let own = kind == self.known.kind && self.known.rsit != kind.rsit();
        claim.rsit = own.then(|| self.known.rsit.into());
        self.document.note(|| self.why(&claim, at), || self.range());
        claim
    }

    /// Which column of which type it was, for those who ask.
    fn why(&self, claim: &Claim, at: usize) -> String {
        let column = self.columns.names.get(at).map_or("", String::as_str);
        let name = if self.known.name.is_empty() { "of no known type" } else { self.known.name };
        let as_what = format!("the column `{column}` of a Shadowserver report {name}");
        let by = if claim.kind == self.known.kind {
            "that type"
        } else {
            "its tag, or what the type says of that column"
        };
        explain::because(claim.address, (claim.role, &as_what), (claim.kind, by))
    }

    /// The whole row.
    fn range(&self) -> std::ops::Range<usize> {
        let of = |cell: Option<&Cell>| cell.map_or(0..0, Cell::range);
        of(self.cells.first()).start..of(self.cells.last()).end
    }

    fn second(&self, when: When, kept: &mut Kept, draft: &mut Draft) {
        let (Some((at, port)), Some(also)) = (self.columns.also, &self.known.also) else { return };
        let Some(address) = address(self.cell(at)) else { return };
        let kind = also.kind.unwrap_or(self.known.kind);
        kept.claim(self.claim(address, at, port, also.role, kind).at(when), draft);
    }

    fn role(&self) -> Role {
        self.known.role
    }

    /// That of the type; a tag that says `proxy` says more where the type is not known, or anything may be in it.
    fn kind(&self) -> Kind {
        let open = self.known.name.is_empty() || self.known.name == "special";
        let Some(tag) = self.columns.tag.filter(|_| open) else { return self.known.kind };
        let tag = self.cell(tag).to_ascii_lowercase();
        let says = |word: &[u8]| memchr::memmem::find(&tag, word).is_some();
        if says(b"proxy") || says(b"socks") { Kind::OpenProxy } else { self.known.kind }
    }

    /// The timestamp is UTC, which no report says of itself (Shadowserver, "Report Timestamps").
    fn when(&self, faults: &mut Faults) -> When {
        let Some(time) = timestamp(self.cell(self.columns.time), &mut faults.patience) else {
            faults.no_time += 1;
            return When::UNKNOWN;
        };
        When { time: Some(time), basis: TimeBasis::Stated }
    }

    /// The URL, put together where the report has the path and the host in two columns.
    fn url(&self) -> Option<String> {
        let url = self.text(self.columns.url)?;
        if url.contains("://") {
            return Some(url);
        }
        let host = self.text(self.columns.host)?;
        let slash = if url.starts_with('/') { "" } else { "/" };
        Some(format!("http://{host}{slash}{url}"))
    }

    fn malware(&self) -> Option<String> {
        self.columns.malware.iter().find_map(|&at| {
            let name = self.text(Some(at))?;
            Some(name.chars().take(100).collect())
        })
    }
}

impl Faults {
    fn tell(&self, draft: &mut Draft) {
        let tell = |count: usize, what: &str, draft: &mut Draft| {
            if count > 0 {
                draft.doubt(&format!("{count} {} {what}", if count == 1 { "row" } else { "rows" }));
            }
        };
        tell(self.no_address, "without an address that can be read", draft);
        tell(self.no_time, "without a time that can be read", draft);
        tell(self.short, "with fewer cells than there are columns", draft);
        tell(self.torn, "in which a quotation mark was left open", draft);
    }
}

fn address(cell: &[u8]) -> Option<IpAddr> {
    let address: IpAddr = std::str::from_utf8(cell).ok()?.parse().ok()?;
    (!address.is_unspecified()).then(|| address.to_canonical())
}

fn number(cell: &[u8]) -> Option<u16> {
    std::str::from_utf8(cell).ok()?.parse().ok().filter(|&port| port > 0)
}

fn protocol(cell: &[u8]) -> Option<Protocol> {
    [Protocol::Tcp, Protocol::Udp, Protocol::Icmp]
        .into_iter()
        .find(|protocol| cell.eq_ignore_ascii_case(protocol.name().as_bytes()))
}

/// `2026-03-24 00:42:59`, in UTC; anything else that can be read as a time too.
fn timestamp(cell: &[u8], patience: &mut Patience) -> Option<Timestamp> {
    plain_time::utc(cell).or_else(|| {
        if cell.is_empty() || !patience.spend() {
            return None;
        }
        let text = String::from_utf8_lossy(cell);
        text.parse().ok().or_else(|| time::first(&text, None)?.at(Offset::UTC))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_in_every_dress() {
        for text in [
            "2026-03-24 00:42:59",
            "2026-03-24T00:42:59",
            "2026-03-24T00:42:59Z",
            "2026-03-24 00:42:59+00:00",
        ] {
            let read = timestamp(text.as_bytes(), &mut Patience::default()).map(|time| time.to_string());
            assert_eq!(read.as_deref(), Some("2026-03-24T00:42:59Z"), "{text}");
        }
        for text in ["", "timestamp", "2026-13-24 00:42:59", "0000-00-00 00:00:00"] {
            assert_eq!(timestamp(text.as_bytes(), &mut Patience::default()), None, "{text}");
        }
    }
}
