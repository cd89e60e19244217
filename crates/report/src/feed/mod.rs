//! Other lists of hosts: tables and JSON read by the names of their columns or keys, and DShield's texts.
//!
//! A list accuses only where its names say that it does: a column for the source of something, and one for what it was or
//! is (malware, threat, classification, …). A table of addresses alone is a customer list as likely as anything.

mod dshield;
mod names;
mod objects;
mod rows;

use std::net::IpAddr;
use std::ops::Range;

use jiff::tz::Offset;

use crate::claims::{Draft, When, bare};
use crate::document::{Document, Found};
use crate::kept::Kept;
use crate::reading::{Claim, Format, Kind, Protocol, Role, TimeBasis};
use crate::{explain, plain_time, time};

/// Larger documents are cut here before they are looked at as text.
const LARGEST: usize = 50 << 20;

/// Reads `document`; None when it is not plainly a list of hosts alleged of something.
pub(crate) fn read(document: &Document<'_>) -> Option<Found> {
    if document.bytes.len() > LARGEST || looks_like_mail(document) {
        return None;
    }
    dshield::read(document).or_else(|| objects::read(document)).or_else(|| rows::read(document))
}

/// Mail is another reader's, whatever tables are in it: its first line is a header field (RFC 5322 section 2.2) or an mbox's.
fn looks_like_mail(document: &Document<'_>) -> bool {
    if document.mime.is_some_and(|mime| mime.starts_with("message/")) {
        return true;
    }
    let line = document.bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
    let field = !name.is_empty() && name.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-');
    document.within.is_none()
        && (line.starts_with(b"From ") || field && name.len() < line.trim_ascii_end().len())
}

/// What one entry of a list says, by the names of its columns.
#[derive(Debug, Default)]
struct Entry {
    address: Option<(IpAddr, Range<usize>)>,
    /// Whether the address is that of a host something lies on, not of one that did something.
    hosts: bool,
    port: Option<u16>,
    protocol: Option<Protocol>,
    time: Option<String>,
    /// Words that may say the kind, the most telling first.
    kinds: Vec<String>,
    malware: Option<String>,
    url: Option<String>,
}

impl Entry {
    fn claim(self, document: &Document<'_>, kept: &mut Kept, draft: &mut Draft) -> Option<Claim> {
        let (address, range) = self.address?;
        let kind = names::kind(&self.kinds, self.malware.is_some());
        let role = if self.hosts || names::is_hosted(kind) { Role::WebHost } else { Role::Offender };
        document.note(|| why(address, role, kind, &self.kinds), || range.clone());
        let when = when(self.time.as_deref(), document, kept, draft);
        let mut claim = bare(address, kind, role, document.span(range)).at(when).on(self.port, self.protocol);
        if let Some(url) = self.url {
            claim = claim.advertising(&url);
        }
        let plain = |name: String| name.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
        claim.malware = self.malware.map(|name| plain(name).into());
        Some(claim)
    }
}

/// Why an entry is read so, for those who ask.
fn why(address: IpAddr, role: Role, kind: Kind, words: &[String]) -> String {
    let words: Vec<String> = words
        .iter()
        .take(3)
        .map(|words| format!("`{}`", words.chars().take(80).collect::<String>()))
        .collect();
    let by = if words.is_empty() { "what the list is".to_owned() } else { words.join(", ") };
    explain::because(address, (role, "the host that a row of the list names"), (kind, &by))
}

/// Lists without a zone mean UTC, as far as they say so at all; it is assumed, and said.
fn when(written: Option<&str>, document: &Document<'_>, kept: &mut Kept, draft: &mut Draft) -> When {
    let Some(written) = written.filter(|written| !written.is_empty()) else { return When::UNKNOWN };
    if let Some(time) = plain_time::utc(written.as_bytes()) {
        draft.doubt("times state no zone; UTC was assumed");
        return When { time: Some(time), basis: TimeBasis::AssumedZone };
    }
    if let Ok(time) = written.parse() {
        return When { time: Some(time), basis: TimeBasis::Stated };
    }
    // Ten digits are seconds since 1970 until the year 2286.
    let epoch = written.parse::<i64>().ok().filter(|_| written.len() == 10);
    if let Some(time) = epoch.and_then(|epoch| jiff::Timestamp::from_second(epoch).ok()) {
        return When { time: Some(time), basis: TimeBasis::Stated };
    }
    if !kept.patience.spend() {
        return When::UNKNOWN;
    }
    let Some(stamp) = time::first(written, document.sent) else { return When::UNKNOWN };
    if let Some(time) = stamp.stated() {
        return When { time: Some(time), basis: TimeBasis::Stated };
    }
    draft.doubt("times state no zone; UTC was assumed");
    When { time: stamp.at(Offset::UTC), basis: TimeBasis::AssumedZone }
}

fn found(format: Format, mut draft: Draft, kept: Kept) -> Option<Found> {
    kept.close(&mut draft);
    if draft.claims.is_empty() {
        return None;
    }
    let is_report = draft.claims.iter().any(|claim| claim.role.is_alleged());
    Some(Found { format, is_report, draft, reporter: None, report_id: None })
}
