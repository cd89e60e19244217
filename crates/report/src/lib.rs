//! Complaint bytes in, claims and doubts out, each with the byte span it was read from.
//!
//! [`read`] takes the bytes of one message as it was accepted and returns a [`Reading`]. It never fails: a malformed
//! report yields the claims it has and [`Doubt`]s for the rest. A wrong accusation is worse than none: outer Received
//! headers, HELO names and version numbers are not addresses.
//!
//! This crate is a leaf: no clock, no files, no network, no knowledge of subscribers or of what is ours.

mod accused;
mod address;
mod arf;
mod claims;
mod face;
mod firewall;
mod html;
mod limits;
mod mail;
mod mime;
mod names;
mod nonreport;
mod plain;
mod reading;
mod received;
mod spamcop;
mod spamcop_summary;
mod text;
mod time;
mod transfer;
mod words;
mod zone;

pub use reading::{Claim, Doubt, Format, Kind, Protocol, Reading, Reporter, Role, TimeBasis};

use claims::Draft;
use mail::Mail;

/// Reads one complaint. Never fails and never panics; bounded in depth, size and time.
#[must_use]
pub fn read(bytes: &[u8]) -> Reading {
    let Some(mut mail) = Mail::parse(bytes) else {
        return Reading::unreadable("there is nothing like a message in it");
    };
    let (format, is_report, draft) = recognise(&mail);
    let mut doubts = std::mem::take(&mut mail.doubts);
    doubts.extend(draft.doubts);
    let mut claims = draft.claims;
    for claim in &mut claims {
        claim.span = claim.span.start.min(bytes.len())..claim.span.end.min(bytes.len());
    }
    Reading {
        format,
        is_report,
        claims,
        report_id: report_id(&mail, format),
        subject: subject(&mail),
        reporter: mail.from,
        doubts,
    }
}

/// Asks each format in turn, the one that says most of itself first.
fn recognise(mail: &Mail) -> (Format, bool, Draft) {
    if let Some(why) = nonreport::by_form(mail) {
        return not_a_report(why);
    }
    if let Some(draft) = spamcop::read(mail) {
        let alleged = draft.claims.iter().any(|claim| claim.role.is_alleged());
        return (Format::Spamcop, alleged, draft);
    }
    if let Some(draft) = arf::read(mail) {
        let alleged = arf::alleges(mail) && draft.claims.iter().any(|claim| claim.role.is_alleged());
        return (Format::Arf, alleged, draft);
    }
    if let Some(why) = nonreport::by_words(mail) {
        return not_a_report(why);
    }
    if let Some((format, draft)) = plain::read(mail) {
        let alleged = draft.claims.iter().any(|claim| claim.role.is_alleged());
        return (format, alleged, draft);
    }
    if mail.from.is_none() && mail.sent.is_none() && mail.subject.is_empty() {
        let mut draft = Draft::default();
        draft.doubt("it has no sender, no date and no subject");
        return (Format::Unreadable, false, draft);
    }
    not_a_report("nothing in it alleges abuse by an address")
}

fn not_a_report(why: &str) -> (Format, bool, Draft) {
    let mut draft = Draft::default();
    draft.doubt(why);
    (Format::NotAReport, false, draft)
}

fn report_id(mail: &Mail, format: Format) -> Option<String> {
    match format {
        Format::Spamcop => spamcop::report_id(mail),
        Format::Arf | Format::PlainReceived | Format::PlainLog | Format::PlainComplaint => {
            let id = mail.message_id.trim_matches(['<', '>']);
            let id: String = id.chars().filter(|c| !c.is_control()).take(200).collect();
            (!id.is_empty()).then_some(id)
        }
        Format::NotAReport | Format::Unreadable => None,
    }
}

fn subject(mail: &Mail) -> Option<String> {
    let words: String = mail.subject.chars().filter(|c| !c.is_control()).take(200).collect();
    (!words.is_empty()).then_some(words)
}
