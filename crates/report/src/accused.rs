//! Whom a complaint accuses in words: the words beside an address say what it is (`data/cues.tsv`), the nearest first.

use std::net::IpAddr;
use std::ops::Range;

use crate::address::{self, Found};
use crate::lexicon::Meaning;
use crate::mail::Mail;
use crate::passage::{Line, Passage, Whose};
use crate::reading::{Kind, Place, Role};
use crate::time::{self, Stamp};
use crate::{firewall, records, words};

/// An address of the reporter's own words, and what they make of it.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) address: IpAddr,
    pub(crate) port: Option<u16>,
    pub(crate) span: Range<usize>,
    pub(crate) role: Role,
    /// What the heading of its list alleges.
    pub(crate) kind: Option<Kind>,
    /// A time beside it.
    pub(crate) stamp: Option<Stamp>,
    /// What said so, for those who ask.
    pub(crate) why: String,
}

/// Addresses of one mail that are kept apart.
const MOST: usize = 50;
/// Lines of own words that are looked at.
const LINES: usize = 4000;
/// How far in front of an address the words may stand that say what it is, and how far behind.
const FRONT: usize = 64;
const BEHIND: usize = 40;
/// Words this short of other languages are also words of English (`an`, `do`, `er`), and count only right at the address.
const SHORT: usize = 2;
/// How far around an address its sentence is looked at.
const SENTENCE: usize = 240;

/// Whom subject and own words name; of private addresses only where no public one is named.
pub(crate) fn named(mail: &Mail<'_>) -> Vec<Named> {
    let mut named: Vec<Named> = Vec::new();
    for passage in mail.passages() {
        match passage.place {
            Place::Subject => named.extend(of_subject(mail, passage)),
            Place::Own if named.len() < MOST => of_text(mail, passage, &mut named),
            _ => {}
        }
    }
    let public = named.iter().any(|named| address::is_public(named.address));
    named.retain(|named| {
        if public { address::is_public(named.address) } else { address::is_possible(named.address) }
    });
    // Somewhere it is accused outright; that it is also spoken of elsewhere does not clear it.
    named.truncate(MOST);
    named
}

/// Only the first: what follows is most often the reporter's own (`banned 192.0.2.1 from host 198.51.100.1`).
fn of_subject(mail: &Mail<'_>, passage: &Passage) -> Option<Named> {
    let words = passage.prose.as_str();
    let found = address::all(words);
    let accuses = |found: &&Found| {
        !address::is_network(words, &found.range)
            && !matches!(
                cue(passage, &found.range, 0..words.len()),
                Some((Role::Victim | Role::Mentioned, _))
            )
    };
    let first = found.iter().find(accuses)?;
    Some(Named {
        address: first.address,
        port: first.port,
        span: passage.span(mail, first.range.clone()),
        role: Role::Offender,
        kind: None,
        stamp: None,
        why: "named in the subject".to_owned(),
    })
}

fn of_text(mail: &Mail<'_>, passage: &Passage, named: &mut Vec<Named>) {
    let mut above: Option<&Line> = None;
    let mut heading: Option<(Role, Option<Kind>, usize)> = None;
    for (at, line) in passage.lines.iter().enumerate().take(LINES) {
        let words = passage.words(line);
        if words.trim().is_empty() {
            above = None;
            continue;
        }
        if line.whose == Whose::Quoted || named.len() >= MOST {
            continue;
        }
        if !may_have_address(words) {
            if words.ends_with(':') {
                heading = heading_role(passage, &line.range).map(|role| (role, words::kind("", words), at));
            }
        } else if firewall::packet(words).is_none() {
            of_line(mail, passage, at, above, heading, named);
        }
        above = Some(line);
    }
}

/// Whether a line can have an address at all: three dots or two colons, and a digit.
fn may_have_address(words: &str) -> bool {
    let bytes = words.as_bytes();
    memchr::memchr_iter(b'.', bytes).take(3).count() > 2
        || memchr::memchr_iter(b':', bytes).take(2).count() > 1
        || words.contains(" dot ")
        || words.contains("[dot]")
}

fn of_line(
    mail: &Mail<'_>,
    passage: &Passage,
    at: usize,
    above: Option<&Line>,
    heading: Option<(Role, Option<Kind>, usize)>,
    named: &mut Vec<Named>,
) {
    let Some(line) = passage.lines.get(at) else { return };
    let words = passage.words(line);
    let mut from = above.map_or(line.range.start, |above| above.range.start);
    for found in address::all(words) {
        let range = line.range.start + found.range.start..line.range.start + found.range.end;
        let head = words.get(..found.range.start).unwrap_or_default();
        let listed = head.chars().all(|c| !c.is_alphabetic()) && words.len() < found.range.end + 60;
        // A line that only holds the address belongs to its heading; words above bear on it where it opens the line.
        let start = if head.len() < 24 { from } else { from.max(line.range.start) };
        let told = cue(passage, &range, start..line.range.end);
        let told = match (told, heading) {
            (None, Some((role, _, row))) if listed && at - row < 500 => {
                Some((role, "the heading of a list".to_owned()))
            }
            (told, _) => told,
        };
        from = range.end;
        let linked = is_link(head);
        if address::is_network(words, &found.range) || is_trace(words) {
            continue;
        }
        let (role, why) = match told {
            _ if linked => (Role::WebHost, "it is the host of a link".to_owned()),
            Some(told) => told,
            None if is_behind_link(head) => (Role::WebHost, "it stands in brackets behind a link".to_owned()),
            None => (Role::Mentioned, "nothing says what it is".to_owned()),
        };
        named.push(Named {
            address: found.address,
            port: found.port,
            span: passage.span(mail, range),
            role,
            kind: heading.filter(|_| listed).and_then(|(_, kind, _)| kind),
            stamp: beside(mail, passage, at),
            why,
        });
    }
}

/// Whether the words in front of an address make it the host of a link.
pub(crate) fn is_link(head: &str) -> bool {
    head.ends_with("://") || head.ends_with("[:]//") || head.ends_with(":\\\\")
}

/// Whether an address stands in brackets behind a link: `http://shop.example/ [192.0.2.1]`.
fn is_behind_link(head: &str) -> bool {
    let Some(link) = head.strip_suffix(['[', '(']) else { return false };
    link.split_whitespace().next_back().is_some_and(|word| word.contains("://"))
}

/// A line of a traceroute: a number, then a name with its address, or the address alone twice.
fn is_trace(words: &str) -> bool {
    let mut parts = words.split_whitespace();
    let numbered =
        parts.next().is_some_and(|first| first.len() < 4 && first.bytes().all(|b| b.is_ascii_digit()));
    numbered && parts.nth(1).is_some_and(|second| second.starts_with('(') || second == "ms")
}

/// A time in the line of an address or in the two lines below it.
fn beside(mail: &Mail<'_>, passage: &Passage, at: usize) -> Option<Stamp> {
    let lines = passage.lines.iter().skip(at).take(3);
    lines
        .map(|line| passage.words(line))
        .filter(|words| words.contains(':'))
        .find_map(|words| time::first(words, mail.sent))
}

/// What a heading says of the addresses under it.
fn heading_role(passage: &Passage, range: &Range<usize>) -> Option<Role> {
    let roles: Vec<Role> = cues(passage, range).into_iter().map(|(role, ..)| role).collect();
    [Role::Offender, Role::WebHost, Role::Relay, Role::Victim].into_iter().find(|role| roles.contains(role))
}

/// The words in a stretch of prose that say what an address is: the role, where, whether the address stands behind them,
/// and the entry.
fn cues(passage: &Passage, within: &Range<usize>) -> Vec<(Role, Range<usize>, bool, String)> {
    let folded = &passage.folded;
    // Found are in the order they end, and folding keeps the order.
    let first = passage.found.partition_point(|found| folded.source(found.range.clone()).end <= within.start);
    let rest = passage.found.get(first..).unwrap_or_default().iter();
    rest.map(|found| (found, folded.source(found.range.clone())))
        .take_while(|(_, source)| source.end <= within.end + 64)
        .filter(|(_, source)| source.start >= within.start && source.end <= within.end)
        .filter_map(|(found, source)| {
            let why = || format!("the words `{}` ({})", found.entry.phrase, found.entry.language);
            match found.entry.meaning {
                Meaning::Before(_) if is_far_preposition(&source, found.entry.language, within.end) => None,
                Meaning::Before(role) => Some((role, source, true, why())),
                Meaning::Behind(role) => Some((role, source, false, why())),
                _ => None,
            }
        })
        .collect()
}

/// Whether it is a short word of a language other than English that does not stand right before `address`: an English article
/// (`An open proxy answers on …`) is no German preposition (`an …`).
fn is_far_preposition(word: &Range<usize>, language: &str, address: usize) -> bool {
    word.len() <= SHORT && language != "en" && address.saturating_sub(word.end) > 2
}

/// What the words beside an address say it is. They are looked for in `within`, in the same sentence.
fn cue(passage: &Passage, at: &Range<usize>, within: Range<usize>) -> Option<(Role, String)> {
    let prose = passage.prose.as_str();
    let front = passage.near(within.start.min(at.start)..at.start, SENTENCE, true);
    let within = front.start..passage.near(at.end..within.end.max(at.end), SENTENCE, false).end;
    let before = prose.get(within.start..at.start)?;
    let start = within.start + before.rfind(['!', '?', ';']).max(before.rfind(". ")).map_or(0, |end| end + 1);
    let behind = prose.get(at.end..within.end).unwrap_or_default();
    let stop = behind.find(". ").or(behind.find([';', '!', '?'])).unwrap_or(behind.len());
    let next = address::all(behind).first().map_or(stop, |next| next.range.start).min(stop);
    let near_behind = cues(passage, &(at.end..at.end + next))
        .into_iter()
        .filter(|(_, range, front, _)| !front && range.start - at.end < BEHIND)
        .min_by_key(|(_, range, ..)| (range.start, usize::MAX - range.len()));
    let near_front = cues(passage, &(start..at.start))
        .into_iter()
        .filter(|(_, range, front, _)| *front && at.start - range.end < FRONT)
        .max_by_key(|(_, range, ..)| (range.end, range.len()));
    match (near_front, near_behind) {
        // `our server 192.0.2.1 is infected` speaks of its own; else what an address does says more than a preposition.
        (Some((Role::Victim, range, _, why)), Some(_)) if at.start - range.end < 24 => {
            Some((Role::Victim, why))
        }
        (_, Some((role, _, _, why))) | (Some((role, _, _, why)), None) => Some((role, why)),
        (None, None) => None,
    }
}

/// The only address that own words name, where nothing says what it is.
pub(crate) fn only(named: &[Named]) -> Option<&Named> {
    let first = named.first()?;
    named.iter().all(|other| other.address == first.address).then_some(first)
}

/// What the fields of a notice name, for the readers of logs: whom it accuses.
pub(crate) fn stated(sheets: &[records::Sheet<'_>]) -> Vec<IpAddr> {
    sheets
        .iter()
        .flat_map(|sheet| &sheet.records)
        .flat_map(|record| &record.addresses)
        .map(|stated| stated.address)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accused(words: &str) -> Vec<String> {
        let words = format!("From: a@x.example\n\n{words}\n");
        let mail = Mail::parse(words.as_bytes());
        mail.map_or_else(Vec::new, |mail| {
            let named = named(&mail);
            let accused = named.iter().filter(|named| named.role.is_alleged());
            accused.map(|named| named.address.to_string()).collect()
        })
    }

    #[test]
    fn the_accused_is_told_from_the_attacked() {
        assert_eq!(accused("Your customer 192.0.2.1 attacks our server 198.51.100.1."), ["192.0.2.1"]);
        assert_eq!(accused("Source IP: 192.0.2.1\nTarget IP: 198.51.100.1"), ["192.0.2.1"]);
        assert_eq!(accused("mail from 192.0.2.1 to 198.51.100.1"), ["192.0.2.1"]);
        assert_eq!(accused("> Source IP: 192.0.2.1"), Vec::<String>::new());
        assert_eq!(accused("we use 192.0.2.1, version 4.8.2.018"), Vec::<String>::new());
        assert_eq!(accused("from IP 10.0.0.1 through your host 192.0.2.1"), ["192.0.2.1"]);
        assert_eq!(accused("Our server 198.51.100.1 was attacked by your user at 192.0.2.1."), ["192.0.2.1"]);
        assert_eq!(accused("192.0.2.1 is an open relay"), ["192.0.2.1"]);
    }

    #[test]
    fn an_english_article_is_no_german_preposition() {
        let accused = accused("An open HTTP proxy answers on 192.0.2.1:16500, last seen today.");
        assert!(accused.iter().any(|one| one.contains("192.0.2.1")), "{accused:?}");
        assert!(!self::accused("Angriff an 192.0.2.1 gestern").iter().any(|one| one.contains("192.0.2.1")));
    }

    #[test]
    fn the_accused_is_told_from_the_attacked_in_other_languages() {
        for words in [
            "Von Ihrem Rechner 192.0.2.1 wurde unser Server 198.51.100.1 angegriffen.",
            "La machine 192.0.2.1 a attaqué notre serveur 198.51.100.1",
            "desde la dirección 192.0.2.1 contra nuestro servidor 198.51.100.1",
            "dall'indirizzo 192.0.2.1 contro il nostro server 198.51.100.1",
            "vanaf IP-adres 192.0.2.1 naar onze server 198.51.100.1",
            "z adresu 192.0.2.1 na nasz serwer 198.51.100.1",
            "с адреса 192.0.2.1 на наш сервер 198.51.100.1",
            "送信元 192.0.2.1 から弊社 198.51.100.1 への攻撃",
        ] {
            assert_eq!(accused(words), ["192.0.2.1"], "{words}");
        }
    }

    #[test]
    fn an_address_behind_a_link_hosts_it() {
        assert_eq!(accused("phishing at\nhttp://shop.example/login [192.0.2.9]"), ["192.0.2.9"]);
        assert_eq!(accused("phishing at shop.example/login [192.0.2.9]"), Vec::<String>::new());
    }

    #[test]
    fn a_list_is_what_its_heading_says() {
        assert_eq!(
            accused("The following hosts on your network are infected:\n\n192.0.2.1\n * 192.0.2.2 (dsl)\n"),
            ["192.0.2.1", "192.0.2.2"]
        );
        assert_eq!(
            accused("1  core.example.net (198.51.100.4)\n2  edge.example.net (198.51.100.5)"),
            Vec::<String>::new()
        );
    }
}
