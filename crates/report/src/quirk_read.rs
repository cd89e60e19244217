//! Reading a mail by the quirk it fits.

use std::ops::Range;

use regex::{Captures, Regex};

use crate::address;
use crate::claims::{Draft, When, bare};
use crate::mail::Mail;
use crate::passage::Passage;
use crate::quirk::Quirk;
use crate::reading::{Kind, Place, Protocol, Role};
use crate::{time, words, zone};

/// Matches of one expression in one text are at most this many.
const MOST: usize = 500;

/// What is found without an address, and lent to those with one.
#[derive(Debug, Default)]
struct Lent {
    port: Option<u16>,
    time: Option<String>,
    url: Option<String>,
    kind: Option<Kind>,
    malware: Option<String>,
}

/// The claims of a mail that fits `quirk`; None where its expressions find no address.
pub(crate) fn read(mail: &Mail<'_>, quirk: &Quirk) -> Option<Draft> {
    let mut draft = Draft::default();
    for passage in mail.passages().iter().filter(|passage| passage.place == Place::Own) {
        let (named, lending): (Vec<&Regex>, Vec<&Regex>) = quirk
            .read
            .iter()
            .partition(|regex| regex.capture_names().flatten().any(|name| name == "address"));
        let lent = lent(passage, &lending);
        for regex in named {
            for found in regex.captures_iter(passage.prose.as_str()).take(MOST) {
                claim(mail, passage, quirk, &found, &lent, &mut draft);
            }
        }
        if !draft.claims.is_empty() {
            return Some(draft);
        }
    }
    None
}

fn lent(passage: &Passage, lending: &[&Regex]) -> Lent {
    let mut lent = Lent::default();
    for found in lending.iter().filter_map(|regex| regex.captures(passage.prose.as_str())) {
        let text = |name: &str| found.name(name).map(|group| group.as_str().trim().to_owned());
        lent.port = lent.port.or_else(|| text("port")?.parse().ok());
        lent.time = lent.time.take().or_else(|| text("time"));
        lent.url = lent.url.take().or_else(|| text("url"));
        lent.malware = lent.malware.take().or_else(|| text("malware"));
        lent.kind = lent.kind.or_else(|| stated_kind(&text("kind")?));
    }
    lent
}

/// A kind by its own name or by what its words speak of.
fn stated_kind(text: &str) -> Option<Kind> {
    Kind::named(text).or_else(|| words::kind(text, ""))
}

fn claim(
    mail: &Mail<'_>,
    passage: &Passage,
    quirk: &Quirk,
    found: &Captures<'_>,
    lent: &Lent,
    draft: &mut Draft,
) {
    let Some(group) = found.name("address") else { return };
    let Some(address) = address::first(group.as_str()) else { return };
    let range = group.start() + address.range.start..group.start() + address.range.end;
    let text = |name: &str| found.name(name).map(|group| group.as_str().trim());
    let when = when(mail, quirk, text("time").or(lent.time.as_deref()), text("zone"), draft);
    let kind =
        text("kind").and_then(stated_kind).or(lent.kind).or(quirk.kind).or_else(|| words::kind_of(mail));
    let role = text("role").and_then(Role::named).or(quirk.role).unwrap_or(Role::Offender);
    let port = text("port")
        .and_then(|port| port.parse().ok())
        .or(address.port)
        .or(lent.port)
        .filter(|port| *port > 0);
    let span: Range<usize> = passage.span(mail, range);
    mail.note(
        || format!("{}: {} by the quirk `{}`", address.address, role.name(), quirk.name),
        || Some(span.clone()),
    );
    let mut claim = bare(address.address, kind.unwrap_or(Kind::Other), role, span)
        .at(when)
        .on(port, port.map(|_| Protocol::Tcp));
    if let Some(url) = text("url").or(lent.url.as_deref()) {
        claim = claim.advertising(url);
    }
    claim.malware = text("malware").or(lent.malware.as_deref()).map(Into::into);
    draft.claim(claim);
}

fn when(mail: &Mail<'_>, quirk: &Quirk, stated: Option<&str>, zone: Option<&str>, draft: &mut Draft) -> When {
    let Some(stamp) = stated.and_then(|stated| time::first(stated, mail.sent)) else {
        return When::of_mail(mail);
    };
    draft.when(Some(&stamp), zone.and_then(zone::offset).or(quirk.zone), mail)
}
