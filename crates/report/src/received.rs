//! Received chains (RFC 5321 section 4.4): who handed a message to whom, as far as it can be believed.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;

use crate::address::{self, Found};
use crate::text::Text;
use crate::time::{self, Stamp};

/// One Received field.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    /// The connecting address as the receiving server saw it, and where it stands in the text.
    pub(crate) from: Option<(IpAddr, Range<usize>)>,
    /// The name that address resolved to, as the server recorded it; never the HELO name.
    pub(crate) name: Option<String>,
    /// The server that wrote the field.
    pub(crate) by: Option<String>,
    /// When.
    pub(crate) stamp: Option<Stamp>,
    /// Whether the message was fetched here, not sent.
    pub(crate) fetched: bool,
}

static FIELD: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)^(?:Return-Path:\s+)?(?:X-)?Received:\s").ok());
static HEADER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[A-Za-z][A-Za-z0-9\-]*:").ok());
static HELO: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\((?:HELO|EHLO|LHLO)\s[^)]*\)|\b(?:helo|ehlo|ident|envelope-from)=[^\s)]*").ok()
});
static BY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[\s)\]])by\s+([A-Za-z0-9.\-_]+)").ok());
static ORIGIN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)received:\s+from\s").ok());
static FETCHED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\bwith (?:POP3?|IMAP4?|ESMTPA?P)\b|fetchmail").ok());

/// Fields of one chain are at most this many; a real one has fewer than 30 (RFC 5321 section 6.3 speaks of 100).
const LONGEST: usize = 100;

/// The Received fields in a text, topmost first. Fields may be folded, quoted, or broken by a mail client.
pub(crate) fn chain(text: &Text, sent: Option<Timestamp>) -> Vec<Hop> {
    let (Some(field), Some(header)) = (FIELD.as_ref(), HEADER.as_ref()) else { return Vec::new() };
    let mut hops = Vec::new();
    let mut open: Option<Range<usize>> = None;
    for line in text.lines() {
        let words = line.words;
        let folded = words.starts_with([' ', '\t']);
        if field.is_match(words.trim_start()) {
            hops.extend(open.take().and_then(|range| hop(text, range, sent)));
            open = Some(line.range(0..words.len()));
        } else if words.trim().is_empty()
            || !folded && (header.is_match(words) || !goes_on(text, open.as_ref()))
        {
            hops.extend(open.take().and_then(|range| hop(text, range, sent)));
        } else if let Some(range) = &mut open {
            range.end = line.start + words.len();
        }
        if hops.len() >= LONGEST {
            break;
        }
    }
    hops.extend(open.and_then(|range| hop(text, range, sent)));
    hops
}

/// Whether a field that a mail client broke without folding still lacks its date.
fn goes_on(text: &Text, open: Option<&Range<usize>>) -> bool {
    let so_far = open.and_then(|range| text.as_str().get(range.clone()));
    let dated = |words: &str| {
        words.rfind(';').and_then(|at| words.get(at..)).is_some_and(|tail| time::first(tail, None).is_some())
    };
    so_far.is_some_and(|words| words.len() < 600 && !dated(&words.replace('>', " ")))
}

fn hop(text: &Text, range: Range<usize>, sent: Option<Timestamp>) -> Option<Hop> {
    let words = text.as_str().get(range.clone())?;
    let by = BY.as_ref()?.captures(words).and_then(|found| found.get(1));
    let head = by.map_or(words, |by| words.get(..by.start()).unwrap_or(words));
    // Marks of a quote stand between the lines of a field.
    let stamp = date(&words.replace(['>', '\r', '\n'], " "), sent);
    let mut from = None;
    let mut name = None;
    if let Some(start) = ORIGIN.as_ref()?.find(head) {
        let origin = head.get(start.end()..)?;
        let found = peer(origin, words);
        name = rdns(origin);
        from = found.map(|found| {
            let at = range.start + start.end();
            (found.address, at + found.range.start..at + found.range.end)
        });
    }
    let fetched = FETCHED.as_ref()?.is_match(words);
    Some(Hop { from, name, by: by.map(|by| by.as_str().to_ascii_lowercase()), stamp, fetched })
}

/// The date stands behind the last semicolon; some servers forget the semicolon.
fn date(words: &str, sent: Option<Timestamp>) -> Option<Stamp> {
    let tail = words.rfind(';').and_then(|at| words.get(at..)).and_then(|tail| time::first(tail, sent));
    tail.or_else(|| time::first(words, sent))
}

/// The address of the peer in what stands between `from` and `by`. Bracketed beats bare, and both stand behind the HELO
/// name, which is the peer's own word and never looked at.
fn peer(origin: &str, field: &str) -> Option<Found> {
    let blanked = blank_helo(origin);
    let found = address::all(&blanked);
    let before = |found: &Found| blanked.get(..found.range.start).unwrap_or_default();
    let bracketed = |found: &&Found| {
        before(found).trim_end_matches(['I', 'P', 'v', 'i', 'p', 'V', '6', ':']).ends_with('[')
    };
    let in_parens = |found: &&Found| {
        let open = before(found).matches('(').count();
        open > before(found).matches(')').count()
    };
    let pick = found
        .iter()
        .rev()
        .find(|found| bracketed(found) && in_parens(found))
        .or_else(|| found.iter().rev().find(in_parens))
        .or_else(|| found.iter().find(bracketed))
        .or_else(|| found.first().filter(|_| field.contains("with HTTP") || !blanked.contains('(')));
    pick.cloned()
}

/// Overwrites HELO names with blanks so that offsets stay.
fn blank_helo(origin: &str) -> String {
    let Some(helo) = HELO.as_ref() else { return origin.to_owned() };
    let mut blanked = origin.to_owned();
    for found in helo.find_iter(origin) {
        blanked.replace_range(found.range(), &" ".repeat(found.len()));
    }
    blanked
}

/// The resolved name of the peer. Postfix and sendmail write `HELO (NAME [IP])`; exim `NAME ([IP] helo=HELO)`; qmail
/// `NAME (HELO x) (IP)`; some old ones `NAME [IP]`.
fn rdns(origin: &str) -> Option<String> {
    let first = origin.split([' ', '\t', '\r', '\n']).next().unwrap_or_default();
    let says_helo = HELO.as_ref()?.is_match(origin);
    let inside = origin.find('(').and_then(|at| origin.get(at + 1..)).unwrap_or_default().trim_start();
    let word = inside.split([' ', '\t', '\r', '\n', '[', ')']).next().unwrap_or_default();
    let name = if word.contains('.') && !word.contains('=') && address::first(word).is_none() {
        word
    } else if says_helo || !origin.contains('(') {
        first
    } else {
        return None;
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    (name.contains('.') && address::first(&name).is_none()).then_some(name)
}

/// The hop at which the message came in from outside: below the complainant's own servers, above all that may be forged.
pub(crate) fn entry(hops: &[Hop]) -> Option<usize> {
    let public = |hop: &Hop| hop.from.as_ref().is_some_and(|(address, _)| address::is_public(*address));
    let possible = |hop: &Hop| hop.from.as_ref().is_some_and(|(address, _)| address::is_possible(*address));
    let outside = (0..hops.len()).find(|&at| hops.get(at).is_some_and(public) && !is_own(hops, at));
    // Only where no address is public do private ones mean anything: they then stand in for masked ones.
    outside.or_else(|| hops.iter().position(public)).or_else(|| hops.iter().position(possible))
}

/// Whether the peer of this hop is another server of the same house: the names share their domain, and the next hop was
/// written by that house too.
fn is_own(hops: &[Hop], at: usize) -> bool {
    let Some(hop) = hops.get(at) else { return false };
    let Some(next) = hops.get(at + 1..).and_then(|rest| rest.iter().find(|next| next.from.is_some())) else {
        return false;
    };
    if hop.fetched {
        return true;
    }
    let house = hop.by.as_deref().and_then(house);
    house.is_some()
        && house == hop.name.as_deref().and_then(self::house)
        && house == next.by.as_deref().and_then(self::house)
}

/// The registered domain of a host name, near enough: two labels, three where the second is a short one under a country.
fn house(name: &str) -> Option<&str> {
    let dots: Vec<usize> = name.rmatch_indices('.').map(|(at, _)| at).collect();
    let (last, second) = (*dots.first()?, dots.get(1).copied());
    let label = name.get(second.map_or(0, |at| at + 1)..last)?;
    let short = name.len() - last == 3 && label.len() <= 3;
    let cut = if short { dots.get(2).copied() } else { second };
    name.get(cut.map_or(0, |at| at + 1)..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(field: &str) -> Option<String> {
        let text = Text::identity(field.as_bytes(), 0);
        chain(&text, None).first().and_then(|hop| hop.from.as_ref().map(|(address, _)| address.to_string()))
    }

    #[test]
    fn each_server_writes_the_peer_in_its_own_way() {
        for field in [
            "Received: from mail.example.net (mail.example.net [192.0.2.1]) by mx.example.org with ESMTP id x; Thu, 19 Jun 2003 17:34:24 -0400",
            "Received: from [192.0.2.1] (helo=198.51.100.9)\n\tby mx.example.org with smtp (Exim 3.34 #2)",
            "Received: from host.example ([192.0.2.1] helo=198.51.100.9)\n by mx.example.org",
            "Received: from unknown (HELO 198.51.100.9) (192.0.2.1)\n  by mx.example.org with SMTP",
            "Received: from 198.51.100.9 (unknown [192.0.2.1]) by mx.example.org (Postfix)",
            "Received: from [198.51.100.9] ([192.0.2.1]) by mx.example.org",
            "Received: from [192.0.2.1] ([192.0.2.1:4227] helo=x) by mx.example.org",
            "Received: from DESK.example (192.0.2.1) by MX.example (198.51.100.9) with Microsoft SMTP Server",
            "Received: from mail.example.net [192.0.2.1]\n       by ux1.example.org with esmtp (Exim 1.61 #1)",
            "Received: from desk (198-51-100-9.example.net [IPv6:::ffff:192.0.2.1]) by mx.example.org",
            "Return-Path: Received: from 198.51.100.9 ([192.0.2.1]) by sparc.example.org with QMQP; x",
        ] {
            assert_eq!(peers(field).as_deref(), Some("192.0.2.1"), "{field}");
        }
    }

    #[test]
    fn a_field_broken_by_quoting_keeps_its_date() {
        let text = "> Received: from a (a [192.0.2.1]) by\n> mx.example.org (8.12) for <u@x>; Fri, 6 Mar 2026\n> 09:00:00 +0000\n> From: x\n";
        let hops = chain(&Text::identity(text.as_bytes(), 0), None);
        let time = hops.first().and_then(|hop| hop.stamp.as_ref()?.stated()).map(|time| time.to_string());
        assert_eq!((hops.len(), time.as_deref()), (1, Some("2026-03-06T09:00:00Z")));
    }

    #[test]
    fn the_entry_is_below_the_houses_own_servers() {
        let text = "Received: from mx.example.org (mx.example.org [198.51.100.1]) by box.example.org; Thu, 19 Jun 2003 17:34:24 -0400\n\
            Received: from dsl (dsl.example.net [192.0.2.1]) by mx.example.org; Thu, 19 Jun 2003 17:34:20 -0400\n\
            Received: from forged ([203.0.113.7]) by dsl.example.net; Thu, 19 Jun 2003 17:00:00 -0400\n";
        let hops = chain(&Text::identity(text.as_bytes(), 0), None);
        assert_eq!(hops.len(), 3);
        assert_eq!(entry(&hops), Some(1));
    }
}
