//! myNetWatchman incidents (2001 to about 2010): the source once, the zone once in prose, then a row for each event with a
//! masked target, the protocol as a number (IANA "Assigned Internet Protocol Numbers"), target port, issue, source port
//! and count. All rows are one host and one claim, at the latest event.

use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;

use crate::claims::{Draft, When, bare};
use crate::logs::addresses;
use crate::mail::Mail;
use crate::reading::{Kind, Protocol, Role};
use crate::time::{self, Habits};
use crate::{firewall, zone};

static SOURCE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)source\s+ip\s*:\s*$|\bsrc\s*:\s*\(?$").ok());
/// Words of an issue that is an infection and not a scan alone.
static INFECTION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)worm|virus|trojan|backdoor|w32\.|\bbot\b|infect").ok());

/// One event of the table.
struct Event {
    when: When,
    protocol: Option<Protocol>,
    target: Option<u16>,
    issue: String,
    port: Option<u16>,
}

/// Reads `mail`; None when it is not one of theirs or names no source.
pub(crate) fn read(mail: &Mail<'_>) -> Option<Draft> {
    let from = mail.from.as_ref().is_some_and(|from| from.domain.ends_with("mynetwatchman.com"));
    if !(from || mail.subject.to_ascii_lowercase().contains("mynetwatchman incident")) {
        return None;
    }
    let part = mail.words().next()?;
    let source = SOURCE.as_ref()?;
    let (address, span) = part.text.lines().find_map(|line| {
        let spot = addresses::all(line.words).into_iter().next()?;
        let named = line.words.get(..spot.range.start).is_some_and(|words| source.is_match(words));
        named.then(|| (spot.address, part.text.span(line.range(spot.range))))
    })?;
    let mut draft = Draft::default();
    let zone = zone::in_prose(part.text.as_str());
    let habits = Habits::of(part.text.as_str(), mail.sent);
    let events: Vec<Event> = part
        .text
        .lines()
        .filter(|line| line.words.matches(',').count() >= 5)
        .filter_map(|line| {
            let stamp = time::first_by(line.words, &habits)?;
            let when = draft.when(Some(&stamp), zone, mail);
            event(line.words.get(stamp.range.end..)?, when)
        })
        .collect();
    let latest = events.iter().max_by_key(|event| event.when.time.unwrap_or(Timestamp::MIN));
    let claim = match latest {
        Some(event) => {
            let claim = bare(address, kind(event), Role::Offender, span)
                .at(event.when)
                .on(event.port, event.protocol);
            crate::reading::Claim { malware: malware(event).map(Into::into), ..claim }
        }
        None => bare(address, Kind::Scan, Role::Offender, span).at(When::of_mail(mail)),
    };
    draft.claim(claim);
    Some(draft)
}

/// `, 68.19.x.x, 6, 137, W32.Opaserv Worm?, 1038, 1`: read from both ends, since an issue may hold commas.
fn event(columns: &str, when: When) -> Option<Event> {
    let fields: Vec<&str> = columns.trim_start_matches([',', ' ']).split(',').map(str::trim).collect();
    let [_, protocol, target, rest @ ..] = fields.as_slice() else { return None };
    let [issue @ .., port, _] = rest else { return None };
    let protocol = match protocol.parse::<u8>().ok()? {
        1 => Some(Protocol::Icmp),
        6 => Some(Protocol::Tcp),
        17 => Some(Protocol::Udp),
        _ => None,
    };
    let port = port.parse().ok().filter(|&port| port > 0);
    Some(Event { when, protocol, target: target.parse().ok(), issue: issue.join(", "), port })
}

fn kind(event: &Event) -> Kind {
    if INFECTION.as_ref().is_some_and(|word| word.is_match(&event.issue)) {
        Kind::Malware
    } else if event.target.is_some_and(firewall::is_trojan_or_proxy) && event.protocol != Some(Protocol::Udp)
    {
        Kind::TrojanScan
    } else {
        Kind::Scan
    }
}

fn malware(event: &Event) -> Option<String> {
    let name: String =
        event.issue.trim_end_matches(['?', ' ']).chars().filter(|c| !c.is_control()).take(100).collect();
    (kind(event) == Kind::Malware && !name.is_empty()).then_some(name)
}
