//! XARF: JSON of v1 to v4 and their drafts, and the X-ARF mail of 0.1 and 0.2.
//!
//! A report that breaks its schema is still a report: the claim is made where source and class can be read, and each
//! fault is a doubt in plain words.

mod check;
mod kinds;
pub(crate) mod mail;
mod v3;
mod v3_faults;
mod v4;
mod v4_faults;

use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use jiff::tz::Offset;

use crate::claims::{Draft, When};
use crate::document::{Document, Found};
use crate::json::{self, Object};
use crate::reading::{Format, Protocol, Reporter, TimeBasis};
use crate::time;

/// Reports in one document (an array of them).
const MOST_REPORTS: usize = 500;
/// Larger documents are no XARF report: its evidence is limited to 50 items of 5 MB, and real ones stay far below that.
const LARGEST: usize = 20 << 20;
/// Words around a report are looked through up to this length.
const PASTED: usize = 1 << 20;
/// Places in a text where a report could begin.
const MOST_STARTS: usize = 64;

/// Reads `document`; None when it is no JSON that says it is XARF.
pub(crate) fn read(document: &Document<'_>) -> Option<Found> {
    let pasted = document.within.is_some();
    if document.bytes.len() > LARGEST
        || !pasted && begins_with_words(document.bytes)
        || !is_marked(document.bytes)
    {
        return None;
    }
    let whole = json::text(document.bytes);
    let start = starts(&whole, pasted).into_iter().find_map(|at| {
        let (value, _) = json::value(&whole, at)?;
        let reports = json::items(value).unwrap_or_else(|| vec![value]);
        let objects: Vec<Object<'_>> =
            reports.iter().take(MOST_REPORTS).filter_map(|report| Object::of(&whole, report)).collect();
        objects.iter().any(|object| version(object).is_some()).then_some((objects, reports.len()))
    });
    let (objects, count) = start?;
    let mut found = objects.iter().find_map(|object| read_one(document, object, Draft::default()))?;
    for object in objects.iter().skip(1) {
        let draft = std::mem::take(&mut found.draft);
        if let Some(next) = read_one(document, object, draft) {
            found.draft = next.draft;
        }
    }
    if count > MOST_REPORTS {
        found.draft.doubt("more than 500 reports in one document; the last are left out");
    }
    found.is_report = found.draft.claims.iter().any(|claim| claim.role.is_alleged());
    Some(found)
}

/// Which of the two shapes a report has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    /// v1 to v3 and the drafts before: `Version`, `ReporterInfo`, `Report`.
    Three,
    /// v4: flat, with `xarf_version`.
    Four,
}

fn version(object: &Object<'_>) -> Option<Version> {
    if object.has("xarfversion")
        || object.has("sourceidentifier") && (object.has("category") || object.has("class"))
    {
        return Some(Version::Four);
    }
    let reported = object.has("report") || object.has("reporterinfo");
    (object.has("version") && reported || object.has("report") && object.has("reporterinfo"))
        .then_some(Version::Three)
        .or_else(|| (object.has("version") && object.has("disclosure")).then_some(Version::Three))
}

fn read_one(document: &Document<'_>, object: &Object<'_>, draft: Draft) -> Option<Found> {
    match version(object)? {
        Version::Three => Some(v3::read(document, object, draft)),
        Version::Four => Some(v4::read(document, object, draft)),
    }
}

/// Whether the first thing in a document is neither an object nor an array, as in every mail.
fn begins_with_words(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    first.is_none_or(|first| first.is_ascii() && !matches!(first, b'{' | b'['))
}

/// A cheap look before anything is parsed: one of the names that only XARF has.
pub(crate) fn is_marked(bytes: &[u8]) -> bool {
    let head = bytes.get(..1 << 20).unwrap_or(bytes);
    memchr::memchr(b'{', head).is_some() && MARKS.as_ref().is_some_and(|marks| marks.find(head).is_some())
}

/// All of them in one pass, which costs a text without any of them next to nothing.
static MARKS: LazyLock<Option<Searcher>> = LazyLock::new(|| {
    Searcher::new([
        "xarf_version",
        "source_identifier",
        "ReporterInfo",
        "reporterinfo",
        "\"Report\"",
        "\"Disclosure\"",
    ])
});

/// Where a report could begin: at once, or, in the text of a mail, at any brace. A document by itself that begins with words
/// is a mail, whose From says who sent it.
fn starts(whole: &str, pasted: bool) -> Vec<usize> {
    let trimmed = whole.len() - whole.trim_start().len();
    let mut starts = vec![trimmed];
    if !whole.get(trimmed..).is_some_and(|rest| rest.starts_with(['{', '[']))
        && pasted
        && whole.len() <= PASTED
    {
        starts = whole.match_indices('{').map(|(at, _)| at).take(MOST_STARTS).collect();
    }
    starts
}

/// A time as the schemas want it (RFC 3339); without a zone it is read in UTC, the zone of all their examples.
fn when(written: Option<&str>, name: &str, draft: &mut Draft) -> When {
    let Some(written) = written.map(str::trim).filter(|written| !written.is_empty()) else {
        return When::UNKNOWN;
    };
    if let Ok(time) = written.parse::<jiff::Timestamp>() {
        return When { time: Some(time), basis: TimeBasis::Stated };
    }
    let Some(stamp) = time::first(written, None) else {
        draft.doubt(&format!("{name} is not a time"));
        return When::UNKNOWN;
    };
    if let Some(time) = stamp.stated() {
        draft.doubt(&format!("{name} is not written as RFC 3339 wants it"));
        return When { time: Some(time), basis: TimeBasis::Stated };
    }
    draft.doubt(&format!("{name} states no zone; UTC was assumed"));
    When { time: stamp.at(Offset::UTC), basis: TimeBasis::AssumedZone }
}

/// The transport that a protocol's name implies.
fn transport(name: Option<&str>) -> Option<Protocol> {
    match name?.trim().to_ascii_lowercase().as_str() {
        "tcp" | "smtp" | "http" | "https" | "ssh" | "ftp" | "imap" | "pop3" | "telnet" | "rdp" | "smb" => {
            Some(Protocol::Tcp)
        }
        "udp" | "sip" => Some(Protocol::Udp),
        "icmp" => Some(Protocol::Icmp),
        _ => None,
    }
}

/// Who says so; None where there is no address to answer to.
fn reporter(address: Option<String>) -> Option<Reporter> {
    let address: String = address?.trim().chars().filter(|c| !c.is_control()).take(320).collect();
    let domain = check::mail_domain(&address)?.to_ascii_lowercase();
    Some(Reporter { address, domain })
}

fn found(format: Format, draft: Draft, reporter: Option<Reporter>, report_id: Option<String>) -> Found {
    let is_report = draft.claims.iter().any(|claim| claim.role.is_alleged());
    let report_id = report_id
        .map(|id| id.chars().filter(|c| !c.is_control()).take(200).collect::<String>())
        .filter(|id| !id.is_empty());
    Found { format, is_report, draft, reporter, report_id }
}
