//! Complaints in words alone: what their fields state, else whom their sentences accuse.

use std::ops::Range;

use jiff::tz::Offset;

use crate::accused::{self, Named};
use crate::address;
use crate::claims::{Draft, When, bare};
use crate::mail::Mail;
use crate::passage::{Passage, Whose};
use crate::reading::{Claim, Kind, Place, Protocol, Role};
use crate::records::{Record, Sheet, Stated};
use crate::time;
use crate::zone;

/// Lines of own words that are searched for a time.
const LINES: usize = 400;

/// Claims of the fields of a notice; None where they accuse nobody. With `full`, only of records that say more than an
/// address.
pub(crate) fn sheets(mail: &Mail<'_>, kind: Option<Kind>, sheets: &[Sheet<'_>], full: bool) -> Option<Draft> {
    let mut draft = Draft::default();
    let kind = kind.unwrap_or(Kind::Other);
    if full && !sheets.iter().flat_map(|sheet| &sheet.records).any(Record::is_full) {
        return None;
    }
    for sheet in sheets {
        let zone = zone::in_prose(sheet.passage.prose.as_str());
        for record in &sheet.records {
            record_claims(mail, sheet, record, kind, zone, &mut draft);
        }
    }
    settle(&mut draft);
    draft.claims.iter().any(|claim| claim.role.is_alleged()).then_some(draft)
}

fn record_claims(
    mail: &Mail<'_>,
    sheet: &Sheet<'_>,
    record: &Record,
    kind: Kind,
    zone: Option<Offset>,
    draft: &mut Draft,
) {
    let when = match (&record.time, &sheet.reported) {
        (Some(stamp), _) | (None, Some(stamp)) => draft.when(Some(stamp), record.zone.or(zone), mail),
        (None, None) => first_time(mail, sheet.passage, zone, draft),
    };
    let kind = if record.malware.is_some() && kind == Kind::Other { Kind::Malware } else { kind };
    let own_port = record.source_port.or(record.port.filter(|_| is_own_port(kind)));
    let role = if record.url.is_some() && is_hosted(kind) { Role::WebHost } else { Role::Offender };
    let claim = |stated: &Stated, role: Role| {
        let (name, language) = stated.label;
        let span = sheet.passage.span(mail, stated.range.clone());
        mail.note(
            || format!("{}: {} by the field `{name}` ({language})", stated.address, role.name()),
            || Some(span.clone()),
        );
        bare(stated.address, kind, role, span)
    };
    for stated in &record.addresses {
        let port = stated.port.or(own_port);
        let protocol = record.protocol.or(port.map(|_| Protocol::Tcp)).filter(|_| port.is_some());
        let mut made = claim(stated, role).at(when).on(port, protocol);
        made.malware = record
            .malware
            .as_deref()
            .filter(|_| matches!(kind, Kind::Malware | Kind::PhoneHome | Kind::OpenProxy))
            .map(Into::into);
        if let Some(url) = record.url.as_deref().filter(|_| role == Role::WebHost || kind == Kind::Copyright)
        {
            made = made.advertising(url);
        }
        draft.claim(made);
    }
    for stated in &record.victims {
        let port = stated.port.or(record.port.filter(|_| !is_own_port(kind)));
        draft.claim(claim(stated, Role::Victim).at(when).on(port, record.protocol));
    }
}

/// Whether a port without an owner is one on the accused, and not one that was knocked at.
fn is_own_port(kind: Kind) -> bool {
    !matches!(kind, Kind::Scan | Kind::TrojanScan | Kind::LoginAttack | Kind::Ddos | Kind::SpamSource)
}

/// Whether what is alleged lies on a server for others to fetch.
fn is_hosted(kind: Kind) -> bool {
    matches!(kind, Kind::Phishing | Kind::Spamvertised | Kind::Malware | Kind::Copyright)
}

/// Private addresses accuse nobody where a public one is accused; a claim with a time or a port stands for the same one
/// without.
fn settle(draft: &mut Draft) {
    let timed: Vec<_> = draft
        .claims
        .iter()
        .filter(|claim| claim.time.is_some())
        .map(|claim| (claim.address, claim.role))
        .collect();
    draft.claims.retain(|claim| claim.time.is_some() || !timed.contains(&(claim.address, claim.role)));
    let ported: Vec<_> = draft
        .claims
        .iter()
        .filter(|claim| claim.port.is_some())
        .map(|claim| (claim.address, claim.role, claim.time))
        .collect();
    draft
        .claims
        .retain(|claim| claim.port.is_some() || !ported.contains(&(claim.address, claim.role, claim.time)));
    let accuses = |claim: &Claim| claim.role.is_alleged() && address::is_public(claim.address);
    let public = draft.claims.iter().any(accuses);
    for claim in draft.claims.iter_mut().filter(|claim| claim.role.is_alleged()) {
        if !address::is_possible(claim.address) || public && !address::is_public(claim.address) {
            claim.role = Role::Mentioned;
        }
    }
}

/// The first time that own words state, else the Date of the mail.
fn first_time(mail: &Mail<'_>, passage: &Passage, zone: Option<Offset>, draft: &mut Draft) -> When {
    let own = passage.lines.iter().take(LINES).filter(|line| line.whose != Whose::Quoted);
    let stamp = own
        .map(|line| passage.words(line))
        .filter(|words| words.contains(':'))
        .find_map(|words| time::first(words, mail.sent));
    stamp.map_or_else(|| When::of_mail(mail), |stamp| draft.when(Some(&stamp), zone, mail))
}

/// Claims of what sentences say. An address of which nothing is said is accused only where it is the only one of a mail
/// to a desk; where there are several, it is mentioned.
pub(crate) fn words(mail: &Mail<'_>, kind: Option<Kind>, named: &[Named], to_desk: bool) -> Option<Draft> {
    let kind = kind?;
    let mut draft = Draft::default();
    let text = mail.passages().iter().find(|passage| passage.place == Place::Own);
    let zone = text.and_then(|passage| zone::in_prose(passage.prose.as_str()));
    let fallback =
        text.map_or_else(|| When::of_mail(mail), |passage| first_time(mail, passage, zone, &mut draft));
    let alone =
        accused::only(named).filter(|only| to_desk && only.role == Role::Mentioned).map(|only| only.address);
    for named in named {
        let role = role(named, kind, alone.is_some(), &mut draft);
        let when = match &named.stamp {
            Some(stamp) => draft.when(Some(stamp), zone, mail),
            None => fallback,
        };
        mail.note(
            || format!("{}: {} by {}", named.address, role.name(), named.why),
            || Some(named.span.clone()),
        );
        let port = named.port.or_else(|| spoken_port(mail, &named.span, kind));
        let kind = named.kind.unwrap_or(kind);
        let kind = if role == Role::WebHost && kind == Kind::SpamSource { Kind::Spamvertised } else { kind };
        let claim = bare(named.address, kind, role, named.span.clone())
            .at(when)
            .on(port, port.map(|_| Protocol::Tcp));
        // Said once as accused, it need not be said again as mentioned.
        if role != Role::Mentioned || draft.claims.iter().all(|known| known.address != claim.address) {
            draft.claim(claim);
        }
    }
    draft.claims.iter().any(|claim| claim.role.is_alleged()).then_some(draft)
}

fn role(named: &Named, kind: Kind, alone: bool, draft: &mut Draft) -> Role {
    match named.role {
        Role::WebHost if !is_hosted(kind) && kind != Kind::SpamSource => Role::Mentioned,
        Role::Mentioned if alone => {
            draft.doubt("nothing says what the address did; it is the only one the mail names");
            Role::Offender
        }
        role => role,
    }
}

/// A port that the same line names as the open one.
fn spoken_port(mail: &Mail<'_>, span: &Range<usize>, kind: Kind) -> Option<u16> {
    if !matches!(kind, Kind::OpenProxy | Kind::OpenRelay) {
        return None;
    }
    let tail = mail.raw.get(span.end..(span.end + 200).min(mail.raw.len()))?;
    let line = tail.split(|&byte| byte == b'\n').next()?;
    address::spoken_port(&String::from_utf8_lossy(line))
}
