//! Whether a line speaks of a wrong, of something that went well, or of neither.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

/// What a line says of what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stance {
    /// Something was refused, failed or attacked.
    Hostile,
    /// A request to a web server, whatever it answered.
    Access,
    /// Somebody was let in, or a service says how it is.
    Fine,
    /// None of these.
    Neutral,
}

/// Beginnings of words of a wrong. The longest match at a place counts, so `unsuccessful` is no success.
const HOSTILE: &[&str] = &[
    "fail",
    "unsuccess",
    "not successful",
    "invalid",
    "denied",
    "deny",
    "denies",
    "reject",
    "refus",
    " bad",
    "bad ",
    "[bad",
    "badlogin",
    "badip",
    "bad_",
    "-bad",
    "wrong",
    "incorrect",
    "illegal",
    "attack",
    "block",
    "drop",
    " ban ",
    "banning",
    "banned",
    " banip",
    "unauthori",
    "not authori",
    "unauthenticated",
    "not authenticated",
    "not found",
    "not exist",
    "doesn't exist",
    "nonexist",
    "non-exist",
    "unknown user",
    "unknown account",
    "unknown recipient",
    "unknown client",
    "unknown action",
    "unknown list",
    "user unknown",
    "unknown login",
    "unknown command",
    "unknown host",
    "forbidden",
    "not allowed",
    "disallow",
    "not permitted",
    "unallowed",
    "unable to",
    "cannot",
    "can't",
    "could not",
    "couldn't",
    "error",
    "mismatch",
    "not match",
    "no match",
    "preauth",
    "did not receive identification",
    "no identification",
    "maximum authentication",
    "too many",
    "exceed",
    "brute",
    "scan",
    "exploit",
    "is spam",
    "spam ",
    "spammer",
    "spamhaus",
    "virus",
    "malware",
    "infected",
    "flood",
    "violation",
    "limiting requests",
    "not valid",
    "no such user",
    "no such file",
    "timed out before",
    "before authentication",
    "timeout before",
    "abuse",
    "blacklist",
    "blocklist",
    "suspicious",
    "intrusion",
    "malicious",
    "illegit",
    "might not have worked",
    "disconnected from",
    "connection closed by",
    "connection reset by",
    "received disconnect",
    "bad protocol",
    "auth_fail",
    "authfail",
    "login_error",
    "loginerror",
    "wrongpass",
    "badauth",
    "hack",
    "trojan",
    "worm",
    "dispatch_",
    "no supported auth",
    "possible smtp",
    "did not issue",
    "lost connection after",
    "too long",
    "ssl_accept",
    "handshake",
    "password check",
    "syntax",
    "challengeresponse",
    "wrong pass",
    "threat",
    "severity",
    "signature",
    "alert",
    "honeypot",
    "warning",
    "unexpected",
    "overflow",
    "injection",
    "traversal",
    "shellshock",
    "ignoring function",
    "probe",
    "improper command",
    "command count limit",
    "command time limit",
    "does not resolve",
    "no host name",
    "no ip address found",
    "no mail in",
    "unroutable",
    "not local",
    "relay access",
    "relaying",
    "rbl",
    "over quota",
    "nxdomain",
    "notexist",
    "prohibited",
    "failjson",
    "4625",
];
const FINE: &[&str] = &[
    "success",
    "succeed",
    "accepted",
    "logged in",
    "session opened",
    "session closed",
    "established",
    "listening",
    "permitted",
    "whitelist",
    "allowlist",
    "started",
    "starting",
    "initiated",
    "unban",
    "restore ban",
    "granted",
    "welcome",
    "authenticated",
    "login ok",
    "ok login",
    "connected to",
    "\"action\":\"accept",
    "reconnect",
    "login:",
];
const ACCESS: &[&str] = &[
    " http/1.",
    " http/2",
    " http/3",
    " http/0.9",
    "\"get /",
    "\"post /",
    "\"head /",
    "\"options ",
    "\"propfind ",
    " get /",
    " post /",
    " head /",
    "\"connect ",
    "\"\" 400 ",
    "\\x16\\x03",
    "\"method\":\"",
    "\"httpmethod\":",
    "\"requestmethod\":",
    "\"http_method\":",
    "method=get",
    "method=post",
    " get http",
    " post http",
    "tcp_denied",
    "tcp_miss",
    " 403 ",
    "| 401 |",
    "\"verb\":",
    "\"cs-method\"",
];

/// Words that take a complaint back: nobody tried anything, or somebody came back too late.
const SPARED: &[&str] = &[
    "no auth attempts",
    "aborted login by logging out",
    "logged out",
    "expired token",
    "token expired",
    "token has expired",
    "session expired",
    "session has expired",
];

struct Words {
    automaton: AhoCorasick,
    spared: usize,
    hostile: usize,
    fine: usize,
}

static WORDS: LazyLock<Option<Words>> = LazyLock::new(|| {
    let all = SPARED.iter().chain(HOSTILE).chain(FINE).chain(ACCESS);
    let automaton = AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(all)
        .ok()?;
    Some(Words {
        automaton,
        spared: SPARED.len(),
        hostile: SPARED.len() + HOSTILE.len(),
        fine: SPARED.len() + HOSTILE.len() + FINE.len(),
    })
});

/// What `line` says. A refusal outweighs a request, and a request what went well.
pub(crate) fn of(line: &str) -> Stance {
    let Some(words) = WORDS.as_ref() else { return Stance::Neutral };
    let mut stance = Stance::Neutral;
    for found in words.automaton.find_iter(line) {
        match found.pattern().as_usize() {
            word if word < words.spared => return Stance::Fine,
            word if word < words.hostile => stance = Stance::Hostile,
            _ if stance == Stance::Hostile => {}
            word if word >= words.fine => stance = Stance::Access,
            _ if stance == Stance::Neutral => stance = Stance::Fine,
            _ => {}
        }
    }
    stance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_from_a_welcome() {
        assert_eq!(of("Failed password for root from 192.0.2.1"), Stance::Hostile);
        assert_eq!(of("Login unsuccessful from 192.0.2.1"), Stance::Hostile);
        assert_eq!(of("Accepted password for root from 192.0.2.1"), Stance::Fine);
        assert_eq!(of("192.0.2.1 - - [x] \"GET / HTTP/1.1\" 200 1"), Stance::Access);
        assert_eq!(of("peer 192.0.2.1 is near"), Stance::Neutral);
    }
}
