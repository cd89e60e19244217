//! Shadowserver reports: CSV whose type is in the name of the file.
//!
//! What a row means depends on the type alone: the same `src_ip` is the infected machine in one report and the victim in
//! another, so the table of types ([`types`]) says which column is the network's own. Columns are found by their names;
//! more of them, fewer, or in another order change nothing.

mod columns;
pub(crate) mod mail;
mod rows;
mod types;

use crate::claims::Draft;
use crate::document::{Document, Found};
use crate::reading::Format;
use crate::table::{self, Header, Rows};

use types::Type;

/// Columns that nearly all reports have beside address and time. A table with these is Shadowserver's by its looks.
const MARKS: [&str; 16] = [
    "asn",
    "geo",
    "region",
    "city",
    "naics",
    "sic",
    "sector",
    "tag",
    "hostname",
    "severity",
    "src_asn",
    "src_geo",
    "src_naics",
    "infection",
    "http_referer_asn",
    "public_source",
];

/// Reads `document`; None when it is not one.
pub(crate) fn read(document: &Document<'_>) -> Option<Found> {
    let bytes = document.bytes;
    if !has_timestamp(bytes) {
        return None;
    }
    let mut cells = Vec::new();
    let mut rows = Rows::new(bytes, table::behind_mark(bytes), b',');
    rows.next(&mut cells)?;
    let header = Header::of(bytes, &cells);
    let named = document.name.and_then(types::of_file);
    let dated = document.name.is_some_and(types::is_dated_report);
    if !is_shadowserver(&header, named, dated) {
        return None;
    }
    let mut draft = Draft::default();
    let known = named.or_else(|| by_columns(&header)).unwrap_or(&types::UNKNOWN);
    if named.is_none() {
        draft.doubt("the file's name states no type of report; what it says was taken from its columns");
    }
    if known.address.is_none() {
        draft.doubt("a report of this type names accounts or organisations and no address");
    } else {
        rows::read(document, known, &header, rows, &mut draft);
    }
    if !known.alleges {
        draft.doubt("a report of this type counts what there is; it alleges no abuse");
    }
    if !known.role.is_alleged() && !draft.claims.is_empty() {
        draft.doubt(
            "the addresses in a report of this type are those of victims or third parties, not of offenders",
        );
    }
    let is_report = known.alleges && draft.claims.iter().any(|claim| claim.role.is_alleged());
    Some(Found { format: Format::Shadowserver, is_report, draft, reporter: None, report_id: None })
}

/// How far into a file the names of its columns reach, at most.
const HEAD: usize = 64 << 10;

/// Whether the row that names the columns, which is the first line unless cells are quoted, can have the one that every
/// report has. Cheap, since every file and every mail is asked.
fn has_timestamp(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes).trim_ascii_start();
    let line = head.get(..memchr::memchr(b'\n', head).unwrap_or(head.len())).unwrap_or(head);
    let row = if memchr::memchr(b'"', line).is_some() { head } else { line };
    memchr::memchr2_iter(b'm', b'M', row).any(|at| {
        let start = at.saturating_sub(2);
        row.get(start..start + 9).is_some_and(|word| word.eq_ignore_ascii_case(b"timestamp"))
    })
}

/// Whether the name of a file states a type.
pub(crate) fn names_a_type(name: &str) -> bool {
    types::of_file(name).is_some()
}

/// With a name that states a type, or at least has the form of such names, little else is asked for.
fn is_shadowserver(header: &Header, named: Option<&Type>, dated: bool) -> bool {
    let marks = MARKS.iter().filter(|name| header.has(name)).count();
    let addressed = columns::ADDRESSES.iter().any(|name| header.has(name));
    let nameless = named.is_some_and(|known| known.address.is_none());
    header.has("timestamp")
        && match named {
            Some(_) => marks >= 1 && (addressed || nameless),
            None => addressed && (marks >= 4 || dated),
        }
}

/// What the columns alone give away of a type: only what no other type has.
fn by_columns(header: &Header) -> Option<&'static Type> {
    const TELLING: [(&[&str], &str); 6] = [
        (&["proxy_authenticate", "via"], "scan_http_proxy"),
        (&["http_referer_ip", "http_referer_asn"], "event4_sinkhole_http_referer"),
        (&["src_ip", "infection", "forwarded_by"], "event4_sinkhole_http"),
        (&["src_ip", "avg_pps", "max_pps"], "event4_honeypot_ddos_amp"),
        (&["min_amplification", "dns_version"], "scan_dns"),
        (&["routedspoof", "session"], "event4_ip_spoofer"),
    ];
    let told = TELLING.iter().find(|(columns, _)| columns.iter().all(|column| header.has(column)));
    told.and_then(|(_, name)| types::of_words(name))
}
