//! What stands behind a field's name.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::read::{fields, unknown};
use super::{Compare, Figure, Moment, Person, State, Stretch, Word};
use crate::{CaseId, Kind, Stage};

/// The most values of one field.
const VALUES: usize = 64;
/// The longest length of time, in hours: ten years.
const LONGEST: i64 = 10 * 366 * 24;

const STATES: [(&str, State); 10] = [
    ("open", State::Open),
    ("ended", State::Ended),
    ("any", State::Any),
    ("proxy", State::Proxy),
    ("overdue", State::Overdue),
    ("assigned", State::Assigned),
    ("blocked", State::Blocked),
    ("waiting", State::Waiting),
    ("paged", State::Paged),
    ("mentioned", State::Mentioned),
];

const KINDS: [Kind; 9] = [
    Kind::OpenProxy,
    Kind::OpenRelay,
    Kind::Malware,
    Kind::SpamSource,
    Kind::PhoneHome,
    Kind::TrojanScan,
    Kind::Scan,
    Kind::Listener,
    Kind::Other,
];

/// What needs no field's name: an address, a prefix, `ND-17`.
pub(super) fn address_or_case(text: &str) -> Option<Word> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(Word::Address(address.to_canonical()));
    }
    if let Ok(net) = text.parse::<IpNet>() {
        return Some(Word::Net(vec![net.trunc()]));
    }
    let number = text.strip_prefix("ND-").or_else(|| text.strip_prefix("nd-"))?;
    number.parse().ok().map(|number| Word::Case(vec![CaseId(number)]))
}

/// One field with its sign and values.
pub(super) fn word(name: &str, sign: &str, value: &str, now: Timestamp) -> Result<Word, String> {
    let compare = compare(sign);
    match (name, compare) {
        ("harm", _) => number(Figure::Harm, name, compare, value),
        ("sightings", _) => number(Figure::Sightings, name, compare, value),
        ("blocks", _) => number(Figure::Blocks, name, compare, value),
        ("age", Some(compare)) => length(value).map(|length| Word::Length(Stretch::Age, compare, length)),
        ("quiet", Some(compare)) => length(value).map(|length| Word::Length(Stretch::Quiet, compare, length)),
        ("left", Some(compare)) => length(value).map(|length| Word::Length(Stretch::Left, compare, length)),
        ("age" | "quiet" | "left", None) => Err(format!("{name} is compared: {name}<2h or {name}>2h")),
        ("opened", _) => moment(Moment::Opened, compare, value, now),
        ("updated", _) => moment(Moment::Updated, compare, value, now),
        ("due", _) => moment(Moment::Due, compare, value, now),
        (_, Some(Compare::Less | Compare::AtMost | Compare::AtLeast | Compare::More)) if is_listed(name) => {
            Err(format!("{name} has no more and no less: write {name}:{value}"))
        }
        _ => listed(name, value),
    }
}

fn compare(sign: &str) -> Option<Compare> {
    match sign {
        "<" => Some(Compare::Less),
        "<=" => Some(Compare::AtMost),
        ">=" => Some(Compare::AtLeast),
        ">" => Some(Compare::More),
        "=" => Some(Compare::Equal),
        _ => None,
    }
}

fn is_listed(name: &str) -> bool {
    fields().any(|field| field == name)
}

/// A field whose values are named, any of which fits.
fn listed(name: &str, value: &str) -> Result<Word, String> {
    let lower = || each(value, |one| Ok(one.to_lowercase()));
    Ok(match name {
        "stage" => Word::Stage(each(value, |one| {
            named(one, "no stage", Stage::ALL.map(|stage| (stage.name(), stage)))
        })?),
        "kind" => {
            Word::Kind(each(value, |one| named(one, "no kind", KINDS.map(|kind| (kind.name(), kind))))?)
        }
        "is" => {
            let mut states = each(value, |one| named(one, "nothing a case is", STATES))?;
            match (states.pop(), states.is_empty()) {
                (Some(state), true) => Word::Is(state),
                _ => return Err("\"is\" takes one word; write is:… or is:…".to_owned()),
            }
        }
        "line" => Word::Line(lower()?),
        "address" => Word::Net(each(value, net)?),
        "port" => Word::Port(each(value, |one| parsed(one, "no port from 0 to 65535"))?),
        "case" => Word::Case(each(value, |one| parsed(one, "no case number such as ND-17"))?),
        "family" => Word::Family(lower()?),
        "reporter" => Word::Reporter(lower()?),
        "assigned" => Word::Assigned(each(value, |one| Ok(person(one)))?),
        "mentions" => Word::Mentions(each(value, |one| Ok(person(one)))?),
        _ => return Err(unknown("no field of a search", name, fields())),
    })
}

fn each<T>(value: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let values: Vec<&str> = value.split(',').filter(|one| !one.is_empty()).collect();
    match values.len() {
        0 => Err("a value is missing".to_owned()),
        some if some > VALUES => Err(format!("a field takes at most {VALUES} values")),
        _ => values.into_iter().map(read).collect(),
    }
}

fn named<T: Copy>(
    text: &str,
    is: &str,
    known: impl IntoIterator<Item = (&'static str, T)>,
) -> Result<T, String> {
    let known: Vec<(&str, T)> = known.into_iter().collect();
    let lower = text.to_lowercase();
    let found = known.iter().find(|(name, _)| *name == lower).map(|(_, one)| *one);
    found.ok_or_else(|| unknown(is, text, known.iter().map(|(name, _)| *name)))
}

fn parsed<T: FromStr>(text: &str, wanted: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is {wanted}"))
}

fn net(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    address
        .or_else(|_| text.parse::<IpNet>().map(|net| net.trunc()))
        .map_err(|_| format!("{text:?} is no address and no prefix"))
}

fn person(text: &str) -> Person {
    match text.to_lowercase().as_str() {
        "me" => Person::Me,
        "nobody" => Person::Nobody,
        _ => Person::Named(text.to_owned()),
    }
}

fn number(figure: Figure, name: &str, compare: Option<Compare>, value: &str) -> Result<Word, String> {
    let number = value.parse().map_err(|_| format!("{value:?} is no number: write {name}>=7"))?;
    Ok(Word::Number(figure, compare.unwrap_or(Compare::Equal), number))
}

/// `90s`, `15m`, `6h`, `2d`, `3w`.
fn length(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("{text:?} is no length of time: write 15m, 6h, 2d or 3w");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: i64 = text.strip_suffix(unit).and_then(|digits| digits.parse().ok()).ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return Err(wrong()),
    };
    let seconds =
        number.checked_mul(seconds).filter(|seconds| seconds.abs() <= LONGEST * 3600).ok_or_else(wrong)?;
    Ok(SignedDuration::from_secs(seconds))
}

/// A day of UTC, or a time, to be met or to lie before or after.
fn moment(moment: Moment, compare: Option<Compare>, value: &str, now: Timestamp) -> Result<Word, String> {
    let compare = compare.filter(|compare| *compare != Compare::Equal);
    if let Some((from, to)) = day(value, now) {
        // After a day begins with the next one.
        return Ok(match compare {
            None => Word::Between(moment, from, to),
            Some(compare @ (Compare::Less | Compare::AtLeast)) => Word::When(moment, compare, from),
            Some(Compare::AtMost) => Word::When(moment, Compare::Less, to),
            Some(Compare::More | Compare::Equal) => Word::When(moment, Compare::AtLeast, to),
        });
    }
    let at: Timestamp = value.parse().or_else(|_| format!("{value}Z").parse()).map_err(|_| {
        format!("{value:?} is no day and no time: write today, 2026-11-27 or 2026-11-27T03:00Z")
    })?;
    match compare {
        Some(compare) => Ok(Word::When(moment, compare, at)),
        None => Err("a time is compared: write < or > before it".to_owned()),
    }
}

/// The beginning of a day of UTC and of the next.
fn day(text: &str, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let today = Offset::UTC.to_datetime(now).date();
    let date = match text {
        "today" => today,
        "yesterday" => today.yesterday().ok()?,
        _ if text.len() == 10 => text.parse::<Date>().ok()?,
        _ => return None,
    };
    let begin = |date: Date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
    Some((begin(date)?, begin(date.checked_add(1.day()).ok()?)?))
}
