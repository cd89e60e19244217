//! SpamCop, from v1.3.3 of 2003 to v4: source, relay and spamvertised reports.
//!
//! The body opens with `- SpamCop V1.3.3 -` or `[ SpamCop V4.8.3 ]`, says what is alleged in one line each, and ends in
//! `Offending message:` with the spam behind it. Only what stands before that line is SpamCop's word.

use std::net::IpAddr;
use std::sync::LazyLock;

use regex::Regex;

use crate::address;
use crate::claims::{Draft, When, bare};
use crate::mail::Mail;
use crate::mime::{Part, PartKind};
use crate::reading::{Claim, Kind, Protocol, Role};
use crate::seek::Seek;
use crate::spamcop_summary as summary;
use crate::text::Line;
use crate::{arf, explain, received, time};

struct Phrases {
    banner: Regex,
    ends: Regex,
    source: Regex,
    anywhere: Regex,
    web: Regex,
    advertised: Regex,
    link: Regex,
    flag: Regex,
    subject: Regex,
    number: Regex,
}

/// Stands in every banner and link.
const SPAMCOP: Seek = Seek::new("spamcop");
/// Lines of SpamCop's own words that are looked at.
const SAID: usize = 2000;

/// Digits of a report's number: what 64 bits hold.
const DIGITS: usize = 20;

static PHRASES: LazyLock<Option<Phrases>> = LazyLock::new(|| Phrases::new().ok());

impl Phrases {
    fn new() -> Result<Phrases, regex::Error> {
        Ok(Phrases {
            banner: Regex::new(r"(?i)(?:^|\s)[\[\-]\s*SpamCop\s+v?\d+\.[\d.]+\s*[\]\-]")?,
            ends: Regex::new(r"(?i)^\s*\[?\s*Offending message\s*(?:\]|:)")?,
            source: Regex::new(
                r"(?i)^\W*(?P<what>[a-z][a-z \-]{2,60}?)\s*:?\s+\[?(?P<ip>[0-9A-Fa-f:][0-9A-Fa-f.:]{2,45})\]?(?:\s*\([^)]*\))?\s*/\s*(?P<date>.*)$",
            )?,
            anywhere: Regex::new(
                r"(?i)\b(?P<what>(?:e-?mail|message|spam)\s+(?:from|via|sent|relayed)(?:\s+(?:from|by|via|through))?)\s+\[?(?P<ip>[0-9A-Fa-f:][0-9A-Fa-f.:]{2,45})\]?\s*/\s*(?P<date>.{0,60})",
            )?,
            web: Regex::new(
                r"(?i)^(?P<url>.*?)\s*\bis\s+(?P<ip>[0-9A-Fa-f][0-9A-Fa-f.:\[\]]{2,45})\s*;\s*(?P<date>.*)$",
            )?,
            advertised: Regex::new(r"(?i)^\s*spamvertised\s+[^:]{0,40}:\s*(?P<url>\S*)")?,
            link: Regex::new(r"(?i)spamcop\.net/w3m\?i=(?:3D)?z(?P<id>\d+)z")?,
            flag: Regex::new(
                r"(?i)(?:\bis|\bwas|\bmay be|appears to be|listed as)\s+(?:an?\s+)?(?:possible\s+|insecure\s+|open\s+|\w+\s+){0,2}(?P<what>prox(?:y|ies)|relay)\b|open\s+(?P<open>proxy|relay)",
            )?,
            subject: Regex::new(
                r"(?i)\[\s*SpamCop\s*:?\s*\(?(?P<what>[^)\]]*?)\)?\s*,?\s*id:\s*(?P<id>\d+)",
            )?,
            number: Regex::new(
                r"(?i)^(?:<?rid_|<)?(?P<id>\d+)@(?:msgid\.|admin\.|reports\.|bounces\.)?spamcop\.net",
            )?,
        })
    }
}

/// Reads a SpamCop mail; None when it is none.
pub(crate) fn read(mail: &Mail<'_>) -> Option<Draft> {
    let phrases = PHRASES.as_ref()?;
    if summary::is_summary(mail) {
        return Some(summary::read(mail));
    }
    if summary::is_alert(mail) {
        return Some(summary::read_alert(mail));
    }
    let bodies = bodies(mail, phrases);
    if bodies.is_empty() && !(is_from_spamcop(mail) && phrases.subject.is_match(&mail.subject)) {
        return None;
    }
    let mut draft = Draft::default();
    for body in &bodies {
        let said = said(body, phrases);
        read_lines(mail, body, &said, phrases, &mut draft);
        if draft.claims.is_empty() {
            read_flat(mail, body, &said, phrases, &mut draft);
        }
        if !draft.claims.is_empty() {
            break;
        }
    }
    if draft.claims.is_empty() {
        read_rest(mail, phrases, &mut draft);
    }
    for body in &bodies {
        for line in said(body, phrases) {
            flag(mail, body, &line, phrases, &mut draft);
            port(&line, &mut draft);
        }
    }
    Some(draft)
}

/// Reads a SpamCop mail that a bounce brings back whole; None when it brings none.
pub(crate) fn enclosed(mail: &Mail<'_>) -> Option<Draft> {
    let phrases = PHRASES.as_ref()?;
    let is_report = |part: &Part| {
        part.depth > 0
            && SPAMCOP.is_in(part.text.as_str())
            && part.text.lines().take(40).any(|line| phrases.banner.is_match(line.words))
    };
    if !mail.parts.iter().any(is_report) {
        return None;
    }
    let mut draft = read(mail).filter(|draft| draft.claims.iter().any(|claim| claim.role.is_alleged()))?;
    draft.doubt("the report came enclosed in a bounce");
    Some(draft)
}

/// SpamCop's own number of the report, wherever it stands.
pub(crate) fn report_id(mail: &Mail<'_>) -> Option<String> {
    let phrases = PHRASES.as_ref()?;
    stated_id(mail, phrases)
        .or_else(|| mail.parts.iter().find_map(|part| id_by(&phrases.subject, part.text.as_str())))
        .or_else(|| mail.parts.iter().find_map(|part| id_by(&phrases.link, part.text.as_str())))
}

/// SpamCop's number of the report by the header fields of the message itself: Subject, Message-ID or From. Whoever
/// is shown to have sent the mail wrote these; what its body says anybody may have written, so a number that stands
/// only there is shown and never answered. None where the headers state none, or one beyond 64 bits.
#[must_use]
pub fn spamcop_number(bytes: &[u8]) -> Option<u64> {
    stated_id(&Mail::headers(bytes)?, PHRASES.as_ref()?)?.parse().ok()
}

fn stated_id(mail: &Mail<'_>, phrases: &Phrases) -> Option<String> {
    id_by(&phrases.subject, &mail.subject)
        .or_else(|| id_by(&phrases.number, &mail.message_id))
        .or_else(|| id_by(&phrases.number, &mail.from.as_ref()?.address))
}

fn id_by(regex: &Regex, words: &str) -> Option<String> {
    let id = regex.captures(words)?.name("id")?.as_str();
    (id.len() <= DIGITS).then(|| id.to_owned())
}

pub(crate) fn is_from_spamcop(mail: &Mail<'_>) -> bool {
    mail.from.as_ref().is_some_and(|from| is_spamcop(&from.domain))
}

fn is_spamcop(domain: &str) -> bool {
    domain == "spamcop.net" || domain.ends_with(".spamcop.net")
}

/// The texts that carry SpamCop's banner or, where a gateway cut it off, its link; the outermost first, words before
/// markup.
fn bodies<'m>(mail: &'m Mail, phrases: &Phrases) -> Vec<&'m Part> {
    let is_body = |part: &&Part| {
        let text = part.text.as_str();
        part.kind != PartKind::Headers
            && SPAMCOP.is_in(text)
            && (part.text.lines().any(|line| phrases.banner.is_match(line.words))
                || phrases.link.is_match(text))
    };
    let mut bodies: Vec<&Part> = mail.parts.iter().filter(is_body).collect();
    bodies.sort_by_key(|part| (part.depth, part.kind == PartKind::Html));
    bodies
}

/// SpamCop's own lines: from the banner to the offending message.
fn said<'m>(body: &'m Part, phrases: &Phrases) -> Vec<Line<'m>> {
    let is_banner = |line: &Line<'_>| phrases.banner.is_match(line.words);
    let from = body.text.lines().position(|line| is_banner(&line)).unwrap_or(0);
    body.text.lines().skip(from).take_while(|line| !phrases.ends.is_match(line.words)).take(SAID).collect()
}

fn read_lines(mail: &Mail<'_>, body: &Part, said: &[Line<'_>], phrases: &Phrases, draft: &mut Draft) {
    let mut url = String::new();
    for (at, line) in said.iter().enumerate() {
        if let Some(found) = phrases.advertised.captures(line.words) {
            found.name("url").map_or("", |url| url.as_str()).clone_into(&mut url);
            continue;
        }
        let next = said.get(at + 1).map_or("", |line| line.words);
        if let Some(claim) = web_host(mail, body, line, next, phrases, &url, draft) {
            draft.claim(claim);
        } else if let Some(claim) = source(mail, body, line, next, &phrases.source, draft) {
            draft.claim(claim);
        }
    }
}

/// A mail client that runs lines together leaves the words in order all the same.
fn read_flat(mail: &Mail<'_>, body: &Part, said: &[Line<'_>], phrases: &Phrases, draft: &mut Draft) {
    for line in said {
        if let Some(claim) = source(mail, body, line, "", &phrases.anywhere, draft) {
            draft.claim(claim);
        }
    }
}

/// `Email from 192.0.2.1 / Thu, 19 Jun 2003 17:34:13 -0400`, and the same with a word for a relay.
fn source(
    mail: &Mail<'_>,
    body: &Part,
    line: &Line<'_>,
    next: &str,
    phrase: &Regex,
    draft: &mut Draft,
) -> Option<Claim> {
    let found = phrase.captures(line.words)?;
    let what = found.name("what")?.as_str().to_ascii_lowercase();
    let place = found.name("ip")?;
    let address = address::first(place.as_str())?;
    let date = found.name("date")?.as_str();
    let stamp = time::first(date, mail.sent)
        .or_else(|| time::first(next, mail.sent).filter(|_| date.trim().is_empty()));
    let when = draft.when(stamp.as_ref(), None, mail);
    let relayed = what.contains("relay") || what.contains("intermediar");
    let (kind, role) =
        if relayed { (Kind::OpenRelay, Role::Relay) } else { (Kind::SpamSource, Role::Offender) };
    let range = place.start() + address.range.start..place.start() + address.range.end;
    let as_what = if relayed { "the server the line says relayed it" } else { "the source the line states" };
    note(mail, body, line, (address.address, role, as_what), kind);
    Some(bare(address.address, kind, role, body.text.span(line.range(range))).at(when))
}

/// Notes what a line of SpamCop's own says of an address.
fn note(
    mail: &Mail<'_>,
    body: &Part,
    line: &Line<'_>,
    (address, role, as_what): (IpAddr, Role, &str),
    kind: Kind,
) {
    mail.note(
        || explain::because(address, (role, as_what), (kind, "SpamCop's words in that line")),
        || Some(body.text.span(line.range(0..line.words.len()))),
    );
}

/// `http://shop.example/ is 192.0.2.1; Thu, 19 Jun 2003 21:34:13 GMT`.
fn web_host(
    mail: &Mail<'_>,
    body: &Part,
    line: &Line<'_>,
    next: &str,
    phrases: &Phrases,
    advertised: &str,
    draft: &mut Draft,
) -> Option<Claim> {
    let found = phrases.web.captures(line.words)?;
    let place = found.name("ip")?;
    let address = address::first(place.as_str())?;
    let date = found.name("date")?.as_str();
    let stamp = time::first(date, mail.sent)
        .or_else(|| time::first(next, mail.sent).filter(|_| date.trim().is_empty()));
    let when = draft.when(stamp.as_ref(), None, mail);
    let named = found.name("url").map_or("", |url| url.as_str().trim());
    let url = if named.is_empty() { advertised } else { named };
    let range = place.start() + address.range.start..place.start() + address.range.end;
    let span = body.text.span(line.range(range));
    let what = (address.address, Role::WebHost, "the host of the advertised site");
    note(mail, body, line, what, Kind::Spamvertised);
    Some(bare(address.address, Kind::Spamvertised, Role::WebHost, span).at(when).advertising(url))
}

/// `192.0.2.1 is open proxy, see: ...`: the words that raise a report above all others.
fn flag(mail: &Mail<'_>, body: &Part, line: &Line<'_>, phrases: &Phrases, draft: &mut Draft) {
    let Some(found) = phrases.flag.captures(line.words) else { return };
    if line.words.contains(" not ") || line.words.contains("n't ") {
        return;
    }
    let what =
        found.name("what").or(found.name("open")).map_or("", |what| what.as_str()).to_ascii_lowercase();
    let proxy = what.starts_with("prox");
    let kind = if proxy { Kind::OpenProxy } else { Kind::OpenRelay };
    let named = address::first(line.words);
    let mut known = false;
    for claim in &mut draft.claims {
        if claim.role != Role::WebHost && named.as_ref().is_none_or(|named| named.address == claim.address) {
            claim.kind = kind;
            note(mail, body, line, (claim.address, claim.role, "said already"), kind);
            // The accusation rests on these words, so these are the bytes to show for it.
            if let Some(named) = &named {
                claim.span = body.text.span(line.range(named.range.clone()));
            }
            known = true;
        }
    }
    // A relay is often another host than the source: the line itself then is what accuses it, at the same time.
    if let (false, Some(named), Some(first)) = (known, named, draft.claims.first()) {
        let when = When { time: first.time, basis: first.time_basis };
        let role = if proxy { Role::Offender } else { Role::Relay };
        note(mail, body, line, (named.address, role, "the host that the line is about"), kind);
        draft.claim(bare(named.address, kind, role, body.text.span(line.range(named.range))).at(when));
    }
}

/// A port that the reporter's comment puts on the offender.
fn port(line: &Line<'_>, draft: &mut Draft) {
    let beside =
        |address: IpAddr| address::all(line.words).into_iter().find(|found| found.address == address);
    let lower = line.words.to_ascii_lowercase();
    let speaks = ["prox", "relay", "socks", "open", "listen"].iter().any(|word| lower.contains(word));
    let named = if speaks { address::spoken_port(line.words) } else { None };
    for claim in &mut draft.claims {
        let port = beside(claim.address).and_then(|found| found.port).or(named);
        if let (Some(port), None, Role::Offender | Role::Relay) = (port, claim.port, claim.role) {
            claim.port = Some(port);
            claim.protocol = Some(Protocol::Tcp);
        }
    }
}

/// What is left when the body says nothing: the subject, the fields of the ARF variant, a pasted chain.
fn read_rest(mail: &Mail<'_>, phrases: &Phrases, draft: &mut Draft) {
    let found = phrases.subject.captures(&mail.subject);
    let what = found.as_ref().and_then(|found| found.name("what")).map_or("", |what| what.as_str().trim());
    let named = address::first(what).filter(|found| found.range.len() + 2 >= what.len());
    let fields = arf::fields(mail);
    if let Some(fields) = &fields {
        arf::claim(mail, fields, draft);
        match &named {
            // The report is about something else than where the mail came from: an advertised site, whose host it does
            // not name. The source is somebody else's.
            None if !what.is_empty() => {
                draft.demote("reports an advertised site without the address of its host");
            }
            Some(named) if draft.claims.iter().all(|claim| claim.address != named.address) => {
                draft.demote(
                    "the address in the subject is not the Source-IP; the subject is what was reported",
                );
            }
            _ => return,
        }
    }
    let Some(named) = named else {
        draft.doubt("the report names no address");
        return;
    };
    let span = arf::subject_span(mail, named.address);
    draft.doubt("the address is only in the subject");
    mail.note(
        || {
            let whom = (Role::Offender, "whom SpamCop's subject names");
            explain::because(named.address, whom, (Kind::SpamSource, "the form of the subject"))
        },
        || Some(span.clone()),
    );
    draft.claim(bare(named.address, Kind::SpamSource, Role::Offender, span).at(When::of_mail(mail)));
    if fields.is_none() {
        pasted_chain(mail, named.address, draft);
    }
}

/// A chain pasted in place of the usual text: the named address with the time its hop states, and the server that took
/// the mail from it and passed it on.
fn pasted_chain(mail: &Mail<'_>, named: IpAddr, draft: &mut Draft) {
    let Some(part) = mail.words().next() else { return };
    let hops = received::chain(&part.text, mail.sent);
    let is_named = |hop: &received::Hop| hop.from.as_ref().is_some_and(|(address, _)| *address == named);
    let Some(at) = hops.iter().position(is_named) else { return };
    draft.claims.clear();
    let above = received::entry(&hops).filter(|&entry| entry < at);
    for (at, role) in [(Some(at), Role::Offender), (above, Role::Relay)] {
        let Some(hop) = at.and_then(|at| hops.get(at)) else { continue };
        let Some((address, range)) = &hop.from else { continue };
        let when = draft.when(hop.stamp.as_ref(), None, mail);
        draft.claim(bare(*address, Kind::SpamSource, role, part.text.span(range.clone())).at(when));
    }
}
