//! DShield: a FightBack mail to a provider, and a submission in DShield's own format (isc.sans.edu, "Specifications").
//!
//! A row is a time, then ends, ports and protocol as columns. The target is masked or the reporter's own, and many rows are
//! one host.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::claims::{Draft, When};
use crate::logs::addresses::{self, Spot};
use crate::logs::gather::{Gathered, Seen};
use crate::logs::kinds;
use crate::mail::Mail;
use crate::mime::Part;
use crate::reading::{Kind, Protocol};
use crate::text::Line;
use crate::time::{self, Habits};
use crate::{address, firewall, zone};

static SUBJECT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)\bdshield\b|fight\s?back").ok());
/// `TZ -04:00` in the subject of a submission.
static OFFSET: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\bTZ\s+([+-]\d{2}:?\d{2})\b").ok());
/// The host that a report is about, once on top.
static SOURCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:source(?:\s+ip)?|ip(?:\s+address)?|attacker|offend\w+)\s*:\s*$").ok()
});

/// Reads `mail`; None when it is not DShield's.
pub(crate) fn read(mail: &Mail<'_>) -> Option<Draft> {
    let from = mail.from.as_ref().is_some_and(|from| {
        let domain = from.domain.as_str();
        ["dshield.org", "isc.sans.edu", "incidents.org"].iter().any(|known| {
            domain.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    });
    if !(from || SUBJECT.as_ref()?.is_match(&mail.subject)) {
        return None;
    }
    let part = mail.words().next()?;
    let stated = OFFSET
        .as_ref()
        .and_then(|offset| offset.captures(&mail.subject)?.get(1))
        .and_then(|z| zone::offset(z.as_str()));
    let zone = stated.or_else(|| zone::in_prose(part.text.as_str()));
    let top = on_top(part).or_else(|| {
        let told = address::first(&mail.subject)?.address;
        Some((told, crate::arf::subject_span(mail, told)))
    });
    let habits = Habits::of(part.text.as_str(), mail.sent);
    let mut gathered = Gathered::default();
    let mut draft = Draft::default();
    let doubts = std::cell::RefCell::new(&mut draft);
    for line in part.text.lines().filter(|line| time::has_clock(line.words)) {
        let Some(stamp) = time::first_by(line.words, &habits) else { continue };
        let when = || doubts.borrow_mut().when(Some(&stamp), zone, mail);
        if let Some(seen) = row(part, line, stamp.range.end, top.as_ref()) {
            gathered.offender(seen, &when);
        }
    }
    if !gathered.accuses()
        && let Some((address, span)) = top
    {
        let seen = Seen { address, port: None, protocol: None, kind: Kind::Scan, span };
        gathered.offender(seen, &|| When::of_mail(mail));
    }
    let found = gathered.draft();
    draft.claims = found.claims;
    draft.doubts.extend(found.doubts);
    (!draft.claims.is_empty()).then_some(draft)
}

fn on_top(part: &Part) -> Option<(IpAddr, Range<usize>)> {
    let source = SOURCE.as_ref()?;
    part.text.lines().find_map(|line| {
        let spot = addresses::all(line.words).into_iter().next()?;
        let named = line.words.get(..spot.range.start).is_some_and(|words| source.is_match(words));
        named.then(|| (spot.address, part.text.span(line.range(spot.range))))
    })
}

/// A row: the first whole address behind the time is the source, else the one on top; the number behind it is its port.
fn row(part: &Part, line: Line<'_>, behind: usize, top: Option<&(IpAddr, Range<usize>)>) -> Option<Seen> {
    let spots: Vec<Spot> =
        addresses::all(line.words).into_iter().filter(|spot| spot.range.start >= behind).collect();
    let source = spots.iter().find(|spot| top.is_none_or(|(top, _)| *top == spot.address));
    let (address, span, columns) = match (source, top) {
        (Some(spot), _) => {
            (spot.address, part.text.span(line.range(spot.range.clone())), line.words.get(spot.range.end..)?)
        }
        (None, Some((address, span))) => (*address, span.clone(), ""),
        (None, None) => return None,
    };
    let columns: Vec<&str> = columns.split([' ', '\t', ',']).filter(|word| !word.is_empty()).collect();
    let number = |at: usize| columns.get(at).and_then(|word| word.parse::<u16>().ok());
    let port = number(0);
    let target = number(2).filter(|_| columns.get(1).is_some_and(|target| target.contains(['.', ':'])));
    let protocol = protocol(line.words.get(behind..)?);
    let sought = target.is_some_and(firewall::is_trojan_or_proxy) && protocol != Some(Protocol::Udp);
    let kind = if sought { Kind::TrojanScan } else { kinds::of_words(line.words).unwrap_or(Kind::Scan) };
    Some(Seen { address, port: port.filter(|&port| port > 0), protocol, kind, span })
}

/// By name, or as the number that stands alone among the last columns.
pub(crate) fn protocol(columns: &str) -> Option<Protocol> {
    let mut words = columns.split([' ', '\t', ',']).filter(|word| !word.is_empty()).rev();
    words.find_map(|word| match word.to_ascii_uppercase().as_str() {
        "TCP" | "6" => Some(Protocol::Tcp),
        "UDP" | "17" => Some(Protocol::Udp),
        "ICMP" | "1" => Some(Protocol::Icmp),
        _ => None,
    })
}
