//! DShield: the details of an AS (addresses padded with zeros, `109.230.155.061`, in tab-separated lines), and the block
//! list, which names whole networks (isc.sans.edu, "asdetailsascii.html" and "block.txt").

use std::net::{IpAddr, Ipv4Addr};

use jiff::tz::Offset;

use crate::claims::{Draft, When, bare};
use crate::document::{Document, Found};
use crate::kept::Kept;
use crate::reading::{Format, Kind, Role, TimeBasis};
use crate::table::Rows;
use crate::{plain_time, time};

use super::found;

/// How far into a file its comments are looked for.
const HEAD: usize = 8 << 10;

/// Reads `document`; None when it is neither.
pub(super) fn read(document: &Document<'_>) -> Option<Found> {
    let head = document.bytes.get(..HEAD).unwrap_or(document.bytes);
    let says = |words: &[u8]| memchr::memmem::find(head, words).is_some();
    let shield = says(b"DShield") || says(b"dshield") || says(b"0 padded");
    if shield && says(b"Netmask") && says(b"Attacks") {
        return Some(networks());
    }
    (says(b"0 padded") || shield && says(b"source IP") && says(b"Targets")).then(|| details(document))?
}

/// The block list accuses networks, not hosts: nothing that could be attributed.
fn networks() -> Found {
    let mut draft = Draft::default();
    draft.doubt("a block list of whole networks; no single address is accused");
    Found { format: Format::Dshield, is_report: false, draft, reporter: None, report_id: None }
}

/// `source IP, Reports, Targets, First Seen, Last Seen, Updated`; the last is the only one that is a moment.
fn details(document: &Document<'_>) -> Option<Found> {
    let bytes = document.bytes;
    let (mut draft, mut kept, mut cells) = (Draft::default(), Kept::default(), Vec::new());
    let mut rows = Rows::new(bytes, 0, b'\t');
    while rows.next(&mut cells).is_some() {
        let Some(cell) = cells.first().filter(|_| cells.len() >= 3) else { continue };
        let Some(address) = padded(&cell.text(bytes)) else { continue };
        let when = cells.last().map_or(When::UNKNOWN, |cell| when(&cell.text(bytes), &mut kept, &mut draft));
        kept.claim(
            bare(address, Kind::Scan, Role::Offender, document.span(cell.range())).at(when),
            &mut draft,
        );
    }
    found(Format::Dshield, draft, kept)
}

/// An address each number of which may be padded with zeros to three digits. They are decimal all the same.
fn padded(text: &str) -> Option<IpAddr> {
    let mut numbers = text.trim().split('.').map(|number| {
        let digits = (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse::<u8>().ok().filter(|_| digits)
    });
    let mut next = || numbers.next().flatten();
    let address = Ipv4Addr::new(next()?, next()?, next()?, next()?);
    numbers.next().is_none().then_some(IpAddr::V4(address))
}

fn when(written: &str, kept: &mut Kept, draft: &mut Draft) -> When {
    let odd = || time::first(written, None)?.at(Offset::UTC);
    let time =
        plain_time::utc(written.as_bytes()).or_else(|| if kept.patience.spend() { odd() } else { None });
    if time.is_none() {
        return When::UNKNOWN;
    }
    draft.doubt("times state no zone; UTC, in which DShield counts, was assumed");
    When { time, basis: TimeBasis::AssumedZone }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_in_front_are_not_octal() {
        let read = |text: &str| padded(text).map(|address| address.to_string());
        assert_eq!(read("192.000.002.061").as_deref(), Some("192.0.2.61"));
        assert_eq!(read("192.0.2.1").as_deref(), Some("192.0.2.1"));
        assert_eq!(read("192.0.2.256"), None);
        assert_eq!(read("192.0.2"), None);
        assert_eq!(read("192.0.2.1.1"), None);
    }
}
