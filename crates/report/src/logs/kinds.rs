//! What a log line alleges, by the service that wrote it and its words.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};

use crate::firewall::{self, Packet};
use crate::reading::{Kind, Protocol};

/// Words of a line in small letters; the first row that has one decides.
const WORDS: [(Kind, &[&str]); 6] = [
    (Kind::Malware, &["virus", "malware", "infected", " worm", "trojan", "clamav", "botnet"]),
    (
        Kind::Ddos,
        &[
            "flood",
            " ddos",
            " dos ",
            "limiting requests",
            "limiting connections",
            "amplification",
            "ratelimit",
            "rate limit",
        ],
    ),
    (Kind::TrojanScan, &["tcp_denied", "squid", "danted", "sockd", "3proxy", "proxyhunter", "\"connect "]),
    // Log-ins are looked for before mail: a mail server's log has both.
    (
        Kind::LoginAttack,
        &[
            "password",
            "authentic",
            "login",
            "log in",
            "auth fail",
            "auth_fail",
            "authfail",
            "auth failed",
            "auth attempt",
            "sshd",
            "invalid user",
            "preauth",
            "credential",
            "pam_",
            "sign-in",
            "signin",
            "signed in",
            "registration from",
            "securityevent",
            "rcon",
            " 401 ",
            "auth-failure",
            "unauthorized",
            "sign_in",
            "xmlrpc.php",
            "logon",
            "passwd",
        ],
    ),
    (
        Kind::SpamSource,
        &[
            "postfix",
            "exim",
            "sendmail",
            "sm-mta",
            "qmail",
            "courieresmtpd",
            "rcpt",
            " spam",
            "smtp",
            "relay",
            "mailscanner",
            "rbl",
            "spamhaus",
            "f=<",
        ],
    ),
    (Kind::Scan, &["scan", "probe", "exploit", "modsecurity", "http/", "denied", "refused"]),
];

struct Words {
    automaton: AhoCorasick,
    row: Vec<usize>,
}

static LEXICON: LazyLock<Option<Words>> = LazyLock::new(|| {
    let all: Vec<(usize, &str)> = WORDS
        .iter()
        .enumerate()
        .flat_map(|(row, (_, words))| words.iter().map(move |word| (row, *word)))
        .collect();
    let automaton = AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .build(all.iter().map(|(_, word)| *word))
        .ok()?;
    Some(Words { automaton, row: all.iter().map(|(row, _)| *row).collect() })
});

/// The kind of a service's line.
pub(crate) fn of_service(line: &str) -> Kind {
    of_words(line).unwrap_or(Kind::Scan)
}

/// The kind that the words of a line speak of, where they do.
pub(crate) fn of_words(line: &str) -> Option<Kind> {
    let lexicon = LEXICON.as_ref()?;
    let rows = lexicon.automaton.find_overlapping_iter(line);
    let row = rows.filter_map(|found| lexicon.row.get(found.pattern().as_usize())).min()?;
    WORDS.get(*row).map(|(kind, _)| *kind)
}

/// The kind of a packet, where the words around it say `told`.
pub(crate) fn of_packet(packet: &Packet, told: Option<Kind>) -> Kind {
    let target = packet.destination.as_ref().and_then(|end| end.port);
    let sought = target.is_some_and(firewall::is_trojan_or_proxy) && packet.protocol != Some(Protocol::Udp);
    match told {
        None | Some(Kind::Scan | Kind::TrojanScan) if sought => Kind::TrojanScan,
        // Words of a proxy beside a packet that sought one accuse the seeker of a scan.
        Some(Kind::OpenProxy | Kind::OpenRelay) if sought => Kind::TrojanScan,
        Some(kind) => kind,
        None => Kind::Scan,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_says_what_is_alleged() {
        for (line, kind) in [
            ("sshd[1]: Failed password for root from 192.0.2.1", Kind::LoginAttack),
            ("postfix/smtpd[1]: reject: RCPT from x[192.0.2.1]: Relay access denied", Kind::SpamSource),
            ("postfix/smtpd[1]: x[192.0.2.1]: SASL LOGIN authentication failed", Kind::LoginAttack),
            ("192.0.2.1 TCP_DENIED/403 CONNECT example.org:443", Kind::TrojanScan),
            ("limiting requests, excess: 1.8, client: 192.0.2.1", Kind::Ddos),
            ("192.0.2.1 - - \"GET /.env HTTP/1.1\" 404", Kind::Scan),
        ] {
            assert_eq!(of_service(line), kind, "{line}");
        }
    }
}
