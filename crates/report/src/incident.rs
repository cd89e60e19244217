//! A mail about one host, that a program wrote: who it was is fixed, when it was is found in the log lines below.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

use jiff::tz::Offset;
use regex::Regex;

use crate::claims::{Draft, When, bare};
use crate::logs::addresses;
use crate::mail::Mail;
use crate::mime::{Part, PartKind};
use crate::reading::{Kind, Protocol, Role};
use crate::time::{self, Habits, Stamp};
use crate::{explain, zone};

/// What such a mail says.
#[derive(Debug)]
pub(crate) struct Incident {
    pub(crate) address: IpAddr,
    pub(crate) span: Range<usize>,
    pub(crate) kind: Kind,
    pub(crate) port: Option<(u16, Option<Protocol>)>,
}

/// A field that states when it was, in such mails.
static WHEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)^\s*(?:time|date|datum|zeit|attack time|first seen|on)\s*:\s").ok());

fn parts<'m>(mail: &'m Mail<'_>) -> impl Iterator<Item = &'m Part> {
    let logs = mail.parts.iter().filter(|part| part.depth == 0 && part.kind == PartKind::Data);
    mail.words().chain(logs)
}

/// The first address of the mail's text that stands behind what `before` describes; only `told`, where that is known.
pub(crate) fn behind(
    mail: &Mail<'_>,
    before: &Regex,
    told: Option<IpAddr>,
) -> Option<(IpAddr, Range<usize>)> {
    let part = mail.words().next()?;
    part.text.lines().filter(|line| addresses::any(line.words)).find_map(|line| {
        addresses::all(line.words).into_iter().find_map(|spot| {
            let words = line.words.get(..spot.range.start)?;
            let wanted = told.is_none_or(|told| told == spot.address) && before.is_match(words);
            wanted.then(|| (spot.address, part.text.span(line.range(spot.range))))
        })
    })
}

/// Where `address` stands in the mail: in its text, else in its subject.
pub(crate) fn anywhere(mail: &Mail<'_>, address: IpAddr) -> Option<(IpAddr, Range<usize>)> {
    let of_text = parts(mail).find_map(|part| {
        part.text.lines().filter(|line| addresses::any(line.words)).find_map(|line| {
            let spot = addresses::all(line.words).into_iter().find(|spot| spot.address == address)?;
            Some(part.text.span(line.range(spot.range)))
        })
    });
    Some((address, of_text.unwrap_or_else(|| crate::arf::subject_span(mail, address))))
}

/// One claim, at the first time that a line of the host states, else a field of the mail, else the Date of the mail.
pub(crate) fn draft(mail: &Mail<'_>, incident: &Incident) -> Draft {
    let mut draft = Draft::default();
    let when = match first_seen(mail, incident.address) {
        Some((stamp, zone)) => draft.when(Some(&stamp), zone, mail),
        None => When::of_mail(mail),
    };
    let port = incident.port.map(|(port, _)| port);
    let protocol = incident.port.and_then(|(_, protocol)| protocol);
    mail.note(
        || {
            let whom = (Role::Offender, "the host that the program which wrote the mail acted on");
            explain::because(incident.address, whom, (incident.kind, "what that program says it guards"))
        },
        || Some(incident.span.clone()),
    );
    let claim = bare(incident.address, incident.kind, Role::Offender, incident.span.clone());
    draft.claim(claim.at(when).on(port, protocol));
    draft
}

fn first_seen(mail: &Mail<'_>, address: IpAddr) -> Option<(Stamp, Option<Offset>)> {
    let of_line = parts(mail).find_map(|part| {
        let habits = Habits::of(part.text.as_str(), mail.sent);
        let stamp = part.text.lines().find_map(|line| {
            let said = addresses::any(line.words)
                && addresses::all(line.words).iter().any(|spot| spot.address == address);
            said.then(|| time::first_by(line.words, &habits)).flatten()
        })?;
        Some((stamp, zone::in_prose(part.text.as_str())))
    });
    of_line.or_else(|| {
        let field = WHEN.as_ref()?;
        parts(mail).find_map(|part| {
            let habits = Habits::of(part.text.as_str(), mail.sent);
            let line = part.text.lines().find(|line| field.is_match(line.words))?;
            Some((time::first_by(line.words, &habits)?, zone::in_prose(part.text.as_str())))
        })
    })
}
