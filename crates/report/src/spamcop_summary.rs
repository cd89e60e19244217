//! SpamCop's summary reports and alerts: addresses in rows, no evidence.

use std::net::IpAddr;
use std::sync::LazyLock;

use jiff::civil::Time;
use jiff::tz::Offset;
use regex::{Captures, Regex};

use crate::address;
use crate::claims::{Draft, When, bare};
use crate::mail::Mail;
use crate::mime::Part;
use crate::reading::{Kind, Role, TimeBasis};
use crate::spamcop::is_from_spamcop;
use crate::text::Line;
use crate::{explain, time};

/// `192.0.2.1   Feb  8 20h/4   0 2 1 0  comment`: start, length in days or hours, then counts from traps, users, mole and
/// simple reports.
static ROW: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\s*(?P<ip>[0-9A-Fa-f.:]{3,45})\s+(?P<mon>[A-Z][a-z]{2})\s+(?P<d>\d{1,2})\s+(?P<h>\d{1,2})h(?:/\d+)?(?P<counts>(?:\s+\d+)*)(?P<rest>.*)$").ok()
});
static MADE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)time of this report(?: is)?:?\s*(.*)").ok());

pub(crate) fn is_summary(mail: &Mail<'_>) -> bool {
    let subject = mail.subject.to_ascii_lowercase();
    let sender =
        mail.from.as_ref().is_some_and(|from| from.address.to_ascii_lowercase().starts_with("summaries@"));
    subject.contains("[spamcop] summary")
        || sender && is_from_spamcop(mail)
        || subject.contains("summary report") && has_rows(mail)
}

pub(crate) fn is_alert(mail: &Mail<'_>) -> bool {
    mail.subject.to_ascii_lowercase().contains("[spamcop] alert")
}

fn has_rows(mail: &Mail<'_>) -> bool {
    mail.parts.iter().any(|part| {
        part.text.as_str().contains("SpamCop") && part.text.lines().any(|line| row(&line).is_some())
    })
}

fn row<'t>(line: &Line<'t>) -> Option<Captures<'t>> {
    ROW.as_ref()?.captures(line.words)
}

/// Reads the rows of a summary. They have no year and count in hours of GMT.
pub(crate) fn read(mail: &Mail<'_>) -> Draft {
    let mut draft = Draft::default();
    for part in parts(mail) {
        let made = MADE
            .as_ref()
            .and_then(|made| made.captures(part.text.as_str())?.get(1).map(|rest| rest.as_str()));
        let made = made
            .and_then(|rest| time::first(rest, mail.sent))
            .and_then(|stamp| stamp.at(Offset::UTC))
            .or(mail.sent);
        for line in part.text.lines() {
            if let Some(found) = row(&line) {
                read_row(mail, part, &line, &found, made, &mut draft);
            }
        }
        if !draft.claims.is_empty() {
            break;
        }
    }
    draft
}

fn parts<'m>(mail: &'m Mail<'_>) -> Vec<&'m Part> {
    let mut parts: Vec<&Part> = mail.words().collect();
    parts.extend(mail.parts.iter().filter(|part| part.depth > 0));
    parts
}

fn read_row(
    mail: &Mail<'_>,
    part: &Part,
    line: &Line<'_>,
    found: &Captures<'_>,
    made: Option<jiff::Timestamp>,
    draft: &mut Draft,
) {
    let Some(place) = found.name("ip") else { return };
    let Some(named) = address::first(place.as_str()) else { return };
    let counts: Vec<u32> = found
        .name("counts")
        .map_or("", |counts| counts.as_str())
        .split_whitespace()
        .filter_map(|n| n.parse().ok())
        .collect();
    if let [0, 0, mole, 0, ..] = counts.as_slice()
        && *mole > 0
    {
        draft.doubt("a row counts mole reports only: no evidence is sent and nobody can be answered");
    }
    let comment = found.name("rest").map_or("", |rest| rest.as_str()).to_ascii_lowercase();
    let kind = if comment.contains("proxy") {
        Kind::OpenProxy
    } else if comment.contains("relay") {
        Kind::OpenRelay
    } else {
        Kind::SpamSource
    };
    note(
        mail,
        part,
        line,
        (named.address, "the address of a row"),
        (kind, "what the row counts and its comment"),
    );
    let range = place.start() + named.range.start..place.start() + named.range.end;
    draft.claim(
        bare(named.address, kind, Role::Offender, part.text.span(line.range(range))).at(started(found, made)),
    );
}

fn note(
    mail: &Mail<'_>,
    part: &Part,
    line: &Line<'_>,
    (address, as_what): (IpAddr, &str),
    kind: (Kind, &str),
) {
    mail.note(
        || explain::because(address, (Role::Offender, as_what), kind),
        || Some(part.text.span(line.range(0..line.words.len()))),
    );
}

fn started(found: &Captures<'_>, made: Option<jiff::Timestamp>) -> When {
    let number = |name: &str| found.name(name).and_then(|field| field.as_str().parse::<i8>().ok());
    let civil = (|| {
        let month = time::month_number(found.name("mon")?.as_str())?;
        time::nearest_year(month, number("d")?, Time::new(number("h")?, 0, 0, 0).ok()?, made?)
    })();
    let instant = civil.and_then(|civil| Offset::UTC.to_timestamp(civil).ok());
    instant.map_or(When::UNKNOWN, |time| When { time: Some(time), basis: TimeBasis::Stated })
}

/// Reads an alert: bare addresses, one to a line; when it was is only when it was sent.
pub(crate) fn read_alert(mail: &Mail<'_>) -> Draft {
    let mut draft = Draft::default();
    for part in parts(mail) {
        for line in part.text.lines() {
            let words = line.words.trim();
            let words = words.strip_prefix("IPv6").unwrap_or(words).trim_start_matches([' ', ':']);
            let Some(found) =
                address::first(line.words).filter(|found| starts_with(line.words, words, found))
            else {
                continue;
            };
            let by = "what an alert is about";
            note(mail, part, &line, (found.address, "the address of a line"), (Kind::SpamSource, by));
            let span = part.text.span(line.range(found.range));
            draft.claim(bare(found.address, Kind::SpamSource, Role::Offender, span).at(When::of_mail(mail)));
        }
        if !draft.claims.is_empty() {
            break;
        }
    }
    draft
}

/// Whether the address is what the line is about: it stands first, and what follows is at most a name.
fn starts_with(line: &str, words: &str, found: &address::Found) -> bool {
    line.len() - words.len() >= found.range.start && words.len() <= found.range.len() + 80
}
