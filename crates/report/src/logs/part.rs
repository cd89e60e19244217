//! Which part an address plays in a line, by the word in front of it: `rip=` came from afar, `lip=` is the reporter's own.

/// The part an address plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// It did it; a higher weight is surer.
    Source(u8),
    /// The line does not say.
    Unsaid,
    /// It was done to, or belongs to the reporter.
    Target,
    /// It stands in a URL, a HELO, a name of a user or another thing the other side may write.
    Claimed,
}

/// How far in front of an address its word may stand.
const REACH: usize = 72;

/// The surest first: what a proxy in front states of the one behind it, then the peer, then words that only lean that way.
const SOURCES: [(u8, &[&str]); 5] = [
    (
        95,
        &[
            "clientip",
            "clientaddr",
            "clientaddress",
            "rip",
            "oip",
            "srcip",
            "srcaddr",
            "sourceip",
            "sourceipaddress",
            "sourceaddress",
            "src",
            "saddr",
            "visitorip",
            "ipaddress",
            "attackerip",
            "callingstationid",
            "sourcenetworkaddress",
            "remip",
            "userip",
            "httpclientip",
            "clienthost",
            "cip",
        ],
    ),
    (
        90,
        &[
            "rhost",
            "client",
            "remoteip",
            "remoteaddr",
            "remoteaddress",
            "remotehost",
            "remote",
            "source",
            "ip",
            "ipaddr",
            "ips",
            "raddr",
            "peer",
            "peeraddr",
            "peerip",
            "attacker",
            "offender",
            "intruder",
            "vieweraddress",
            "addr",
            "downstreamremoteaddress",
            "downstreamdirectremoteaddress",
            "connectinghost",
            "remoteclient",
            "requestip",
            "requestclientip",
            "senderip",
            "callerip",
            "loginip",
            "connectip",
        ],
    ),
    (80, &["from", "banning", "ban", "banned", "unban", "blocking", "blocked"]),
    (
        60,
        &[
            "realip",
            "xrealip",
            "xforwardedfor",
            "forwardedfor",
            "relay",
            "by",
            "host",
            "hostname",
            "address",
            "with",
            "against",
            "afinet",
            "afinet6",
        ],
    ),
    (50, &["for", "query", "user", "connection", "h"]),
];
const TARGETS: [&str; 45] = [
    "lip",
    "laddr",
    "local",
    "via",
    "localip",
    "localaddr",
    "localaddress",
    "localhostip",
    "to",
    "dst",
    "dest",
    "destination",
    "dstip",
    "destip",
    "dstaddr",
    "daddr",
    "destinationip",
    "destinationaddress",
    "server",
    "serverip",
    "serveraddr",
    "upstream",
    "upstreamhost",
    "listening",
    "listen",
    "listener",
    "bind",
    "on",
    "backend",
    "target",
    "victim",
    "requestaddr",
    "requesthost",
    "i",
    "at",
    "sip",
    "mailserver",
    "gateway",
    "router",
    "nas",
    "nasip",
    "nasipaddress",
    "deviceip",
    "sentto",
    "nas-ip-address",
];
const CLAIMED: [&str; 21] = [
    "helo",
    "ehlo",
    "referer",
    "referrer",
    "url",
    "uri",
    "request",
    "authority",
    "origin",
    "sni",
    "rv",
    "version",
    "useragent",
    "agent",
    "login",
    "username",
    "acct",
    "resolved",
    "domain",
    "vhost",
    "robot",
];
/// Words that only say that an address follows; the word before them decides.
const EMPTY: [&str; 12] =
    ["ip", "address", "addr", "host", "is", "the", "private", "public", "number", "ipv4", "ipv6", "was"];

/// The part that the address at `start` of `line` plays.
pub(crate) fn of(line: &str, start: usize) -> Part {
    let before =
        line.get(start.saturating_sub(REACH)..start).or_else(|| line.get(..start)).unwrap_or_default();
    let token = before.rsplit([' ', '\t', '"', '|', ';', '<']).next().unwrap_or_default();
    if token.contains("://") || before.ends_with("([") {
        return Part::Claimed;
    }
    // A mail server that asks for the name of its peer and back.
    if before.ends_with("resolve to address ") {
        return Part::Source(70);
    }
    let before = without_transport(before);
    let bare = before.trim_end_matches(MARKS);
    let marks = before.get(bare.len()..).unwrap_or_default();
    // A row's separator: what stands before it is another column.
    if marks.contains(['|', ',', '\t']) && !marks.contains(['=', ':', '"']) {
        return Part::Unsaid;
    }
    // `H=mail.example.net (helo) [192.0.2.1]`: what the peer calls itself is in between.
    let helo = bare.strip_suffix(')').and_then(|inner| inner.get(..inner.rfind('(')?));
    let bare = helo.map_or(bare, |bare| bare.trim_end_matches(MARKS));
    let (word, mut rest) = last_word(bare);
    if word.is_empty() {
        return Part::Unsaid;
    }
    let key = plain(word);
    let mut before_it = key.clone();
    for _ in 0..3 {
        if !EMPTY.contains(&before_it.as_str()) {
            break;
        }
        let (word, further) = last_word(rest.trim_end_matches([' ', ':', '[', '(']));
        before_it = plain(word);
        rest = further;
        if let spoken @ (Part::Source(_) | Part::Target) = named(&before_it)
            && !EMPTY.contains(&before_it.as_str())
        {
            return lessened(spoken);
        }
    }
    match named(&key) {
        // `from mail.example.net[192.0.2.1]`, `peer 2 (192.0.2.1)`: the name or number is in between.
        Part::Unsaid if marks.contains(['[', '(', '/', '@']) || helo.is_some() => {
            named(&plain(last_word(rest.trim_end_matches([' ', ':', '=', '<', '"'])).0))
        }
        named => named,
    }
}

/// Words of a field in which a proxy says for whom it asks.
const FORWARDED: [&str; 4] = ["xforwardedfor", "forwardedfor", "xrealip", "realip"];

/// Whether the address at `start` opens such a field.
pub(crate) fn is_forwarded(line: &str, start: usize) -> bool {
    let bare = line.get(..start).unwrap_or_default().trim_end_matches(MARKS);
    FORWARDED.contains(&plain(last_word(bare).0).as_str())
}

/// Marks between a word and the address it speaks of.
const MARKS: [char; 14] = ['[', '(', '{', '<', '>', '\'', '"', '`', '\\', ' ', '=', ':', '|', ','];

/// `IPV4/UDP/` of Asterisk says how, not whose.
fn without_transport(before: &str) -> &str {
    let Some(bare) = before.strip_suffix('/') else { return before };
    bare.rfind('/').and_then(|at| bare.get(..at)).map_or(before, |rest| {
        rest.strip_suffix("IPV4").or_else(|| rest.strip_suffix("IPV6")).unwrap_or(before)
    })
}

/// `src IP (192.0.2.1)` in a sentence is less sure than a key.
fn lessened(part: Part) -> Part {
    match part {
        Part::Source(weight) => Part::Source(weight.saturating_sub(6)),
        part => part,
    }
}

fn named(key: &str) -> Part {
    if let Some((weight, _)) = SOURCES.iter().find(|(_, words)| words.contains(&key)) {
        return Part::Source(*weight);
    }
    if TARGETS.contains(&key)
        || key.contains("upstream")
        || key.contains("local") && !key.starts_with("localhost")
    {
        return Part::Target;
    }
    if CLAIMED.contains(&key) {
        return Part::Claimed;
    }
    Part::Unsaid
}

fn last_word(words: &str) -> (&str, &str) {
    let start = words
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .map_or(0, |at| at + 1);
    (words.get(start..).unwrap_or_default(), words.get(..start).unwrap_or_default())
}

/// `Client_IP`, `client-ip` and `clientIp` are one word.
fn plain(word: &str) -> String {
    word.bytes().filter(u8::is_ascii_alphanumeric).map(|c| char::from(c.to_ascii_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(line: &str) -> Part {
        of(line, line.find("192.0.2.1").unwrap_or_default())
    }

    #[test]
    fn the_word_in_front_says_whose_an_address_is() {
        for line in [
            "rip=192.0.2.1",
            "\"client_ip\":\"192.0.2.1\"",
            "[client 192.0.2.1:80]",
            "connect from mail.example.net[192.0.2.1]",
            "from ip 192.0.2.1",
            "Source IP: 192.0.2.1",
            "\\\"ip\\\":\\\"192.0.2.1",
        ] {
            assert!(matches!(part(line), Part::Source(_)), "{line}: {:?}", part(line));
        }
        for line in [
            "lip=192.0.2.1",
            "to 192.0.2.1",
            "server: 192.0.2.1",
            "Server IP: 192.0.2.1",
            "local host [192.0.2.1",
        ] {
            assert_eq!(part(line), Part::Target, "{line}");
        }
        for line in ["helo=<192.0.2.1>", "GET http://192.0.2.1/", "for mail.example.net ([192.0.2.1])"] {
            assert_eq!(part(line), Part::Claimed, "{line}");
        }
        assert_eq!(part("attempt. 192.0.2.1"), Part::Unsaid);
    }
}
