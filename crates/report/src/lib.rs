//! Complaint bytes in, claims and doubts out, each with the byte span it was read from.
//!
//! [`read`] takes the bytes of one message as it was accepted and returns a [`Reading`]. It never fails: a malformed
//! report yields the claims it has and [`Doubt`]s for the rest. A wrong accusation is worse than none: outer Received
//! headers, HELO names and version numbers are not addresses.
//!
//! This crate is a leaf: no clock, no files, no network, no knowledge of subscribers or of what is ours.

mod accused;
mod address;
mod archive;
mod arf;
mod bans;
mod bearing;
mod charset;
mod claims;
mod document;
mod dshield;
mod enclosed;
mod explain;
mod face;
mod fail2ban;
mod family;
mod feed;
mod firewall;
mod fold;
mod header;
mod heads;
mod html;
mod incident;
mod json;
mod kept;
mod labels;
mod lexicon;
mod limits;
mod logs;
mod machine;
mod mail;
mod mapped;
mod mime;
mod mynetwatchman;
mod names;
mod nonreport;
mod passage;
mod plain;
mod plain_time;
mod quirk;
mod quirk_read;
mod reading;
mod received;
mod records;
mod runs;
mod seek;
mod shadowserver;
mod spamcop;
mod spamcop_summary;
mod spot;
mod table;
mod text;
mod time;
mod told;
mod transfer;
mod voices;
mod words;
mod xarf;
pub mod xarf_out;
mod zone;

pub use explain::Explanation;
pub use quirk::{QuirkError, Quirks};
pub use reading::{
    Claim, Doubt, Format, Hint, Hit, Kind, Note, Place, Protocol, Reading, Reporter, Role, TimeBasis,
};

pub use spamcop::spamcop_number;

use std::cell::RefCell;

use claims::Draft;
use mail::Mail;

/// Reads one complaint. Never fails and never panics; bounded in depth, size and time.
#[must_use]
pub fn read(bytes: &[u8]) -> Reading {
    read_as(bytes, &Hint::default())
}

/// Reads one complaint of which more is known than its bytes, such as the name of a file.
#[must_use]
pub fn read_as(bytes: &[u8], hint: &Hint<'_>) -> Reading {
    read_with(bytes, hint, Quirks::built_in())
}

/// Reads one complaint with quirks of the operator's own.
#[must_use]
pub fn read_with(bytes: &[u8], hint: &Hint<'_>, quirks: &Quirks) -> Reading {
    document::bare(bytes, hint, &None).unwrap_or_else(|| read_mail(bytes, quirks, false).reading)
}

/// Reads one complaint and says why it was read so.
#[must_use]
pub fn explain(bytes: &[u8], hint: &Hint<'_>, quirks: &Quirks) -> Explanation {
    let notes = Some(RefCell::default());
    let Some(reading) = document::bare(bytes, hint, &notes) else { return read_mail(bytes, quirks, true) };
    explain::unsaid(notes.as_ref(), reading.format, &reading.claims);
    let text = format!("it is a file by itself, in the form of {}", reading.format.name());
    let said = notes.map(RefCell::into_inner).unwrap_or_default();
    let notes = std::iter::once(Note { text, span: None }).chain(said).collect();
    Explanation { reading, notes }
}

fn read_mail(bytes: &[u8], quirks: &Quirks, explaining: bool) -> Explanation {
    let Some(mut mail) = Mail::parse(bytes) else {
        let reading = Reading::unreadable("there is nothing like a message in it");
        return Explanation { reading, notes: Vec::new() };
    };
    mail.notes = explaining.then(Default::default);
    let (format, is_report, draft) = recognise(&mail, quirks);
    mail.note(|| format!("read as {}", format.name()), || None);
    let mut doubts = std::mem::take(&mut mail.doubts);
    doubts.extend(draft.doubts);
    let mut claims = draft.claims;
    for claim in &mut claims {
        claim.span = claim.span.start.min(bytes.len())..claim.span.end.min(bytes.len());
    }
    family::settle(Some(&mail), &mut claims);
    let mut spotted = spot::hits(&mail);
    for hit in &mut spotted {
        hit.span = hit.span.start.min(bytes.len())..hit.span.end.min(bytes.len());
    }
    explain::unsaid(mail.notes.as_ref(), format, &claims);
    if explaining {
        explain::passed_over(&mail, &claims);
    }
    let notes = mail.notes.take().map(RefCell::into_inner).unwrap_or_default();
    let reading = Reading {
        format,
        is_report,
        claims,
        report_id: draft.report_id.or_else(|| report_id(&mail, format)),
        subject: subject(&mail),
        reporter: mail.from.or(draft.reporter),
        doubts,
        spotted,
    };
    Explanation { reading, notes }
}

/// Asks each format in turn, the one that says most of itself first.
fn recognise(mail: &Mail<'_>, quirks: &Quirks) -> (Format, bool, Draft) {
    if let Some(why) = nonreport::by_form(mail) {
        // A report that was sent on and came back is still a report.
        if let Some(draft) = spamcop::enclosed(mail) {
            let alleged = draft.claims.iter().any(|claim| claim.role.is_alleged());
            return (Format::Spamcop, alleged, draft);
        }
        return enclosed::in_bounce(mail, quirks).unwrap_or_else(|| not_a_report(why));
    }
    if let Some(draft) = spamcop::read(mail) {
        let alleged = draft.claims.iter().any(|claim| claim.role.is_alleged());
        return (Format::Spamcop, alleged, draft);
    }
    if let Some((draft, alleges)) = arf::read(mail) {
        let alleged = alleges && draft.claims.iter().any(|claim| claim.role.is_alleged());
        return (Format::Arf, alleged, draft);
    }
    match machine::read(mail) {
        Some(found) if found.format == Format::Unreadable => {
            let (format, is_report, mut draft) = recognise_words(mail, quirks);
            draft.doubts.extend(found.draft.doubts);
            (format, is_report, draft)
        }
        Some(found) => (found.format, found.is_report, found.said()),
        None => recognise_words(mail, quirks),
    }
}

/// What people say in their own words.
fn recognise_words(mail: &Mail<'_>, quirks: &Quirks) -> (Format, bool, Draft) {
    if let Some((format, draft)) = by_sender(mail) {
        let alleged = draft.claims.iter().any(|claim| claim.role.is_alleged());
        return (format, alleged, draft);
    }
    let by_words = nonreport::by_words(mail);
    let report = match by_words {
        Some(_) => enclosed::in_bounce(mail, quirks),
        None => enclosed::passed_on(mail, quirks),
    };
    if let Some(report) = report {
        return report;
    }
    let quirk = quirks.of(mail);
    if let Some(quirk) = quirk {
        mail.note(|| format!("it fits the quirk `{}`", quirk.name), || None);
        if let Some(why) = &quirk.not_a_report {
            return not_a_report(why);
        }
        if let Some(draft) = quirk_read::read(mail, quirk) {
            let alleged = draft.claims.iter().any(|claim| claim.role.is_alleged());
            return (Format::PlainComplaint, alleged, draft);
        }
    }
    let of_list = quirk.is_some_and(|quirk| quirk.list);
    if let Some(why) = by_words.filter(|why| !(of_list && *why == nonreport::LIST)) {
        return not_a_report(why);
    }
    if let Some((format, draft)) = plain::read(mail, quirk) {
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

/// Formats that are known by the program that wrote them.
fn by_sender(mail: &Mail<'_>) -> Option<(Format, Draft)> {
    fail2ban::read(mail)
        .map(|draft| (Format::Fail2ban, draft))
        .or_else(|| mynetwatchman::read(mail).map(|draft| (Format::Mynetwatchman, draft)))
        .or_else(|| dshield::read(mail).map(|draft| (Format::Dshield, draft)))
        .or_else(|| bans::read(mail).map(|draft| (Format::PlainLog, draft)))
}

fn not_a_report(why: &str) -> (Format, bool, Draft) {
    let mut draft = Draft::default();
    draft.doubt(why);
    (Format::NotAReport, false, draft)
}

fn report_id(mail: &Mail<'_>, format: Format) -> Option<String> {
    match format {
        Format::Spamcop => spamcop::report_id(mail),
        Format::NotAReport | Format::Unreadable => None,
        _ => {
            let id = mail.message_id.trim_matches(['<', '>']);
            let id = text::shown(id, 200);
            (!id.is_empty()).then_some(id)
        }
    }
}

fn subject(mail: &Mail<'_>) -> Option<String> {
    let words = text::shown(&mail.subject, 200);
    (!words.is_empty()).then_some(words)
}
