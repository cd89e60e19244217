//! What lists call their columns. Names are compared as [`crate::json::plain_key`] writes them, so that `source.ip`,
//! `Source IP` and `source_ip` are one.

use crate::reading::Kind;

/// Columns of the host that did it.
pub(super) const SOURCES: [&str; 17] = [
    "sourceip",
    "srcip",
    "sourceaddress",
    "sourceipaddress",
    "srcaddr",
    "networksourceipv4",
    "networksourceipv6",
    "attackerip",
    "botip",
    "infectedip",
    "offenderip",
    "saddr",
    "sip",
    "ipaddr",
    "ipaddress",
    "address",
    "ip",
];
/// Columns of the host that something lies on, where no source is named.
pub(super) const HOSTS: [&str; 5] =
    ["networkdestinationipv4", "networkdestinationipv6", "hostip", "serverip", "dstip"];
/// Objects within an entry that hold its source, and what the address in them may be called beside [`SOURCES`].
pub(super) const INNER: [&str; 4] = ["source", "src", "attacker", "env"];
pub(super) const INNER_ADDRESSES: [&str; 4] = ["ip", "address", "ipaddress", "remoteaddr"];
/// Columns of the port on the host that did it.
const PORTS: [&str; 5] = ["sourceport", "srcport", "networksourceport", "localport", "port"];
/// Columns of the port on a host that something lies on.
const HOST_PORTS: [&str; 4] = ["port", "networkdestinationport", "serverport", "dstport"];
pub(super) const PROTOCOLS: [&str; 4] = ["protocol", "protocoltransport", "transport", "proto"];
pub(super) const TIMES: [&str; 19] = [
    "timesource",
    "sourcetime",
    "firstreporteddatetime",
    "datetimereceivedutctxt",
    "timestamp",
    "datetime",
    "eventtime",
    "time",
    "utc",
    "lastseen",
    "lastseenutc",
    "updated",
    "firstseen",
    "firstseenutc",
    "observationtime",
    "date",
    "detected",
    "created",
    "ts",
];
pub(super) const MALWARE: [&str; 11] = [
    "botname",
    "trojanfamily",
    "malwarename",
    "malware",
    "malwarefamily",
    "infection",
    "botnet",
    "botfamily",
    "family",
    "threatcode",
    "virus",
];
pub(super) const KINDS: [&str; 14] = [
    "classificationtype",
    "abusetype",
    "category",
    "report",
    "indicatorthreattype",
    "threattype",
    "threat",
    "attack",
    "type",
    "eventtype",
    "datafeed",
    "feedname",
    "description",
    "reason",
];
pub(super) const URLS: [&str; 3] = ["sourceurl", "url", "maliciousurl"];

/// Names that say of a list that it accuses.
const ACCUSING: [&str; 24] = [
    "botname",
    "trojanfamily",
    "malwarename",
    "malware",
    "malwarefamily",
    "infection",
    "botnet",
    "botfamily",
    "virus",
    "classificationtype",
    "classificationtaxonomy",
    "abusetype",
    "indicatorthreattype",
    "threattype",
    "threatcode",
    "threat",
    "attack",
    "attackerip",
    "infectedip",
    "offenderip",
    "botip",
    "sourceurl",
    "feedname",
    "feedcode",
];
/// Names that give a record of traffic or of a device away, which may lie in a list's format but accuses nobody by itself.
const LOGGED: [&str; 8] =
    ["flowid", "eventid", "loglevel", "remoteaddr", "bytesout", "sessionid", "devicename", "logid"];

/// Columns of the port that belongs to the address.
pub(super) fn ports(hosts: bool) -> &'static [&'static str] {
    if hosts { &HOST_PORTS } else { &PORTS }
}

/// Whether names like these are those of a list that accuses.
pub(super) fn accuse<'n>(mut names: impl Iterator<Item = &'n str> + Clone) -> bool {
    let logged = names.clone().any(|name| LOGGED.contains(&name));
    !logged && names.any(|name| ACCUSING.contains(&name))
}

/// The kind that `words` say; malware where one is named and nothing else is said.
pub(super) fn kind(words: &[String], malware: bool) -> Kind {
    let said = words.iter().find_map(|word| of_word(&word.to_ascii_lowercase()));
    said.unwrap_or(if malware { Kind::Malware } else { Kind::Other })
}

fn of_word(word: &str) -> Option<Kind> {
    const WORDS: [(&str, Kind); 26] = [
        ("proxy", Kind::OpenProxy),
        ("socks", Kind::OpenProxy),
        ("open relay", Kind::OpenRelay),
        ("openrelay", Kind::OpenRelay),
        ("brute", Kind::LoginAttack),
        ("pwauth", Kind::LoginAttack),
        ("login", Kind::LoginAttack),
        ("phish", Kind::Phishing),
        ("fraud", Kind::Phishing),
        ("ddos", Kind::Ddos),
        ("denial", Kind::Ddos),
        ("spam", Kind::SpamSource),
        ("darknet", Kind::Scan),
        ("scan", Kind::Scan),
        ("probe", Kind::Scan),
        ("sshclient", Kind::Scan),
        ("botnet", Kind::Malware),
        ("bot", Kind::Malware),
        ("infected", Kind::Malware),
        ("drone", Kind::Malware),
        ("malware", Kind::Malware),
        ("maliciousurl", Kind::Malware),
        ("virus", Kind::Malware),
        ("trojan", Kind::Malware),
        ("worm", Kind::Malware),
        ("controller", Kind::Malware),
    ];
    WORDS.iter().find(|(name, _)| word.contains(name)).map(|(_, kind)| *kind)
}

/// Kinds of which the host is where it lies.
pub(super) fn is_hosted(kind: Kind) -> bool {
    matches!(kind, Kind::Phishing | Kind::Spamvertised | Kind::Copyright)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_customers_and_a_log_accuse_nobody() {
        assert!(accuse(["sourceip", "malware"].into_iter()));
        assert!(!accuse(["ip", "customer", "plan"].into_iter()));
        assert!(!accuse(["srcip", "flowid", "malware"].into_iter()));
    }

    #[test]
    fn kinds_by_the_words_of_lists() {
        let of = |word: &str| kind(&[word.to_owned()], false);
        assert_eq!(of("infected-system"), Kind::Malware);
        assert_eq!(of("bruteforce"), Kind::LoginAttack);
        assert_eq!(of("OpenProxy"), Kind::OpenProxy);
        assert_eq!(of("blacklist"), Kind::Other);
        assert_eq!(kind(&[], true), Kind::Malware);
    }
}
