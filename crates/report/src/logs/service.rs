//! A line of any service's log: who the other side was, and whether the line speaks against it.
//!
//! There are more services than anybody can list, and each writes its own sentence. They have in common that a word in
//! front of an address says whose it is ([`super::part`]), and that a wrong has few names ([`super::stance`]).

use std::net::IpAddr;

use crate::address;
use crate::logs::addresses::{self, Spot};
use crate::logs::part::{self, Part};
use crate::logs::stance::{self, Stance};

/// The other side of a line, and what the line says of it.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) spot: Spot,
    pub(crate) stance: Stance,
}

/// The peer that `line` speaks of; None where it names no address or only the reporter's own.
pub(crate) fn peer(line: &str) -> Option<Peer> {
    peer_among(line, |_| true)
}

/// The same, where only some addresses may be it.
pub(crate) fn peer_among(line: &str, may_be: impl Fn(IpAddr) -> bool) -> Option<Peer> {
    // What sshd writes behind the protocol is the client's own: a key, or a name that goes on with a false `from`.
    let line = line.find(" ssh2: ").and_then(|end| line.get(..end)).unwrap_or(line);
    let mut spots = addresses::all(line);
    spots.retain(|spot| may_be(spot.address));
    if spots.is_empty() {
        return None;
    }
    let stance = stance::of(line);
    let parts: Vec<(Spot, Part)> =
        spots.into_iter().map(|spot| (spot.clone(), part_of(line, &spot))).collect();
    let chosen = surest(line, &parts).or_else(|| unsaid(line, &parts))?;
    Some(Peer { spot: chosen.0.clone(), stance })
}

fn part_of(line: &str, spot: &Spot) -> Part {
    let part = part::of(line, spot.range.start);
    if part == Part::Unsaid && line.get(..spot.range.start).is_some_and(|before| before.ends_with('@')) {
        return match line.get(spot.range.end..).and_then(|rest| rest.chars().next()) {
            // `(?@192.0.2.1)` is who is logged in from where, `<a@192.0.2.1>` is a mailbox.
            Some(')') | None => Part::Source(40),
            _ => Part::Claimed,
        };
    }
    part
}

/// The peer that is pointed at most surely. Among equals the last counts, since what stands in front of it (a user's name, a
/// path) is the other side's to choose; but a web server's `[client` comes before all that. A loopback address is a name
/// somebody typed, or the reporter's own, wherever another is pointed at and sshd states no port of it; and behind a proxy on the reporter's own network
/// is the client that it says it forwards for.
fn surest<'p>(line: &str, parts: &'p [(Spot, Part)]) -> Option<&'p (Spot, Part)> {
    let weight = |(_, part): &(Spot, Part)| match part {
        Part::Source(weight) => *weight,
        _ => 0,
    };
    let named = || parts.iter().filter(|part| weight(part) > 0);
    let elsewhere = named().any(|(spot, _)| !spot.address.is_loopback());
    let is_typed = |spot: &Spot| spot.address.is_loopback() && !is_ported(line, spot);
    let may_be = |(spot, _): &&(Spot, Part)| !(elsewhere && is_typed(spot));
    let most = named().filter(may_be).map(weight).max()?;
    let mut equal = named().filter(may_be).filter(|part| weight(part) == most);
    let chosen = if line.contains("[client ") { equal.next() } else { equal.next_back() }?;
    if address::is_public(chosen.0.address) {
        return Some(chosen);
    }
    let forwarded = parts.iter().find(|(spot, _)| part::is_forwarded(line, spot.range.start));
    let end = forwarded
        .map(|first| nearest(line, parts, first))
        .filter(|(spot, _)| address::is_public(spot.address));
    Some(end.unwrap_or_else(|| nearest(line, parts, chosen)))
}

/// Of a list `192.0.2.1, 10.0.0.5` each proxy adds whom it was spoken to by at the end, and what came before is the
/// client's own word (the de-facto X-Forwarded-For, RFC 7239 section 7.4): the last public address, else the last.
fn nearest<'p>(line: &str, parts: &'p [(Spot, Part)], first: &'p (Spot, Part)) -> &'p (Spot, Part) {
    let (mut last, mut end) = (first, first.0.range.end);
    for part in parts.iter().filter(|(spot, _)| spot.range.start > first.0.range.start) {
        let between = line.get(end..part.0.range.start).unwrap_or_default();
        if !matches!(between, "," | ", ") {
            break;
        }
        end = part.0.range.end;
        if address::is_public(part.0.address) || !address::is_public(last.0.address) {
            last = part;
        }
    }
    last
}

/// Of addresses that no word points at, the first; but of two ends in a row, not the one that is a service's (RFC 6335
/// section 6: ports below 1024 are assigned). sshd writes its peer last, with ` port ` behind it, and a user's name before.
fn unsaid<'p>(line: &str, parts: &'p [(Spot, Part)]) -> Option<&'p (Spot, Part)> {
    let open = || parts.iter().filter(|(_, part)| *part == Part::Unsaid);
    if let Some(peer) = open().rfind(|(spot, _)| is_ported(line, spot)) {
        return Some(peer);
    }
    let mut open = open();
    let first = open.next()?;
    let second = open.next().filter(|_| first.0.port.is_some_and(|port| port < 1024));
    Some(second.filter(|(spot, _)| spot.port.is_some_and(|port| port > 1023)).unwrap_or(first))
}

/// ` port 4711` behind it, as sshd writes of its peer.
fn is_ported(line: &str, spot: &Spot) -> bool {
    line.get(spot.range.end..).is_some_and(|rest| rest.starts_with(" port "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(line: &str) -> Option<(String, Stance)> {
        peer(line).map(|peer| (peer.spot.address.to_string(), peer.stance))
    }

    #[test]
    fn each_service_names_its_peer() {
        for line in [
            "sshd[1]: Failed password for invalid user from 203.0.113.9 from 192.0.2.1 port 50273 ssh2",
            "sshd[1]: Failed password for invalid user x from 192.0.2.1 port 5 ssh2: from 203.0.113.9 port 5 ssh2",
            "sshd[1]: Disconnected from authenticating user root 192.0.2.1 port 59402 [preauth]",
            "sshd[1]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1 user=x",
            "postfix/smtpd[1]: NOQUEUE: reject: RCPT from host.example.net[192.0.2.1]: 554 5.7.1 Relay access denied; helo=<203.0.113.9>",
            "exim[1]: login authenticator failed for host.example.net ([203.0.113.9]) [192.0.2.1]:55379: 535 Incorrect data",
            "H=(x) [192.0.2.1] I=[203.0.113.9]:25 F=<a@example.net> rejected RCPT <b@example.org>: relay not permitted",
            "dovecot: imap-login: Disconnected (auth failed, 1 attempts): user=<a>, rip=192.0.2.1, lip=203.0.113.9, TLS",
            "courieresmtpd: error,relay=::ffff:192.0.2.1,from=<a@example.net>,to=<b@example.org>: 550 User unknown.",
            "imapd: LOGIN FAILED, user=a, ip=[::ffff:192.0.2.1]",
            "sm-mta[1]: s1G: host.example.net [192.0.2.1]: possible SMTP attack: command=AUTH, count=5",
            "vsftpd: FAIL LOGIN: Client \"192.0.2.1\"",
            "proftpd[1] ftp.example.net (host.example.net[192.0.2.1]): USER root: no such user found from host [192.0.2.1] to 203.0.113.9:21",
            "pure-ftpd: (?@192.0.2.1) [WARNING] Authentication failed for user [root]",
            "named[1]: client 192.0.2.1#53: query (cache) 'example.org/A/IN' denied",
            "chan_sip.c: Registration from '<sip:301@203.0.113.9>' failed for '192.0.2.1:5060' - Wrong password",
            "asterisk: SecurityEvent=\"InvalidPassword\",LocalAddress=\"IPV4/UDP/203.0.113.9/5060\",RemoteAddress=\"IPV4/UDP/192.0.2.1/5060\"",
            "mysqld: Access denied for user 'root'@'192.0.2.1' (using password: NO)",
            "[error] 1#1: *1 access forbidden by rule, client: 192.0.2.1, server: 203.0.113.9, request: \"GET / HTTP/1.1\", host: \"203.0.113.9\"",
            "{\"remote_ip\":\"203.0.113.9\",\"client_ip\":\"192.0.2.1\",\"status\":401,\"error\":\"x\"}",
            "lfd[1]: (sshd) Failed SSH login from 192.0.2.1 (XX/-): 5 in the last 300 secs",
            "fail2ban.actions: NOTICE [sshd] Ban 192.0.2.1",
            "Login failed for a from 192.0.2.1. AUTHENTICATE PLAIN: NO. user=a from 127.0.0.1 in x.php",
            "sshd[1]: Connection closed by authenticating user a 203.0.113.9 port 12345 192.0.2.1 port 46039 [preauth]",
        ] {
            assert_eq!(who(line), Some(("192.0.2.1".to_owned(), Stance::Hostile)), "{line}");
        }
    }

    #[test]
    fn only_the_reporters_own_is_nobody() {
        assert_eq!(who("daemon: cannot listen on 192.0.2.1:25"), None);
        assert_eq!(who("rejected, to 192.0.2.1"), None);
    }

    #[test]
    fn behind_a_proxy_of_the_reporters_own_is_its_client() {
        for (line, expected) in [
            ("app: invalid login, Remote IP: 127.0.0.1, X-Forwarded-For: 8.8.4.4", "8.8.4.4"),
            ("app: invalid login, remote_addr=10.0.0.7 x_forwarded_for=1.1.1.1, 8.8.4.4", "8.8.4.4"),
            ("app: invalid login, remote_addr=10.0.0.7 x_forwarded_for=8.8.4.4, 10.0.0.9", "8.8.4.4"),
            // What a stranger says it forwards for is only a word.
            ("app: invalid login, remote_addr=8.8.4.4 x_forwarded_for=1.1.1.1", "8.8.4.4"),
            ("app: invalid login, remote_addr=10.0.0.7 x_forwarded_for=10.0.0.8", "10.0.0.7"),
        ] {
            assert_eq!(who(line).map(|(who, _)| who).as_deref(), Some(expected), "{line}");
        }
    }
}
