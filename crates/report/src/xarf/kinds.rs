//! What XARF calls things, and what we call them.

use crate::reading::{Kind, Role};

/// The seven categories of XARF v4 (xarf-spec, schemas/v4/xarf-core.json), each with the types its schemas define (the
/// files of schemas/v4/types, names that were replaced included).
pub(super) const CATEGORIES: [(&str, &[&str]); 7] = [
    ("messaging", &["spam", "bulk_messaging", "phishing"]),
    (
        "content",
        &[
            "phishing",
            "malware",
            "csam",
            "csem",
            "exposed_data",
            "brand_infringement",
            "fraud",
            "remote_compromise",
            "suspicious_registration",
        ],
    ),
    ("copyright", &["copyright", "p2p", "cyberlocker", "ugc_platform", "link_site", "usenet"]),
    (
        "connection",
        &[
            "login_attack",
            "auth_failure",
            "port_scan",
            "ddos",
            "ddos_amplification",
            "infected_host",
            "bot",
            "reconnaissance",
            "scraping",
            "sql_injection",
            "vulnerability_scan",
            "vuln_scanning",
        ],
    ),
    ("vulnerability", &["cve", "open_service", "open", "misconfiguration"]),
    ("infrastructure", &["botnet", "bot", "compromised_server"]),
    ("reputation", &["blocklist", "threat_intelligence"]),
];

/// Our kind and role for a v4 category and type, both in lower case. The type decides; the category says in what role, and
/// what it is where the type is a new one.
pub(super) fn of_v4(category: &str, kind: &str) -> (Kind, Role) {
    let hosted = matches!(category, "content") || category == "copyright" && kind != "p2p";
    let role = if hosted { Role::WebHost } else { Role::Offender };
    (of_type(kind).or_else(|| of_category(category)).unwrap_or(Kind::Other), role)
}

/// The kind that a type's name says, in the words of v4, of v1 to v3 and of 0.1 and 0.2 alike; None where it is one we
/// have no word for, or not known.
pub(super) fn of_type(kind: &str) -> Option<Kind> {
    let plain: String =
        kind.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    Some(match plain.as_str() {
        "openproxy" | "proxy" | "openhttpproxy" | "opensocks" | "opensocksproxy" => Kind::OpenProxy,
        "openrelay" | "relay" | "opensmtprelay" => Kind::OpenRelay,
        "spam" | "bulkmessaging" | "unsolicited" | "spamtrap" | "massmailing" => Kind::SpamSource,
        "spamvertised" | "spamvertized" => Kind::Spamvertised,
        "phishing" | "phishingsite" | "fraud" | "brandinfringement" | "scam" | "socialengineering" => {
            Kind::Phishing
        }
        "portscan" | "reconnaissance" | "vulnerabilityscan" | "vulnscanning" | "vulnscan"
        | "sqlinjection" | "scan" | "hackattack" | "exploit" | "webattack" | "webhackattempt" => Kind::Scan,
        "loginattack" | "authfailure" | "bruteforce" | "login" | "potentiallycompromisedaccount" => {
            Kind::LoginAttack
        }
        "ddos" | "dos" | "ddosamplification" | "ddosattack" | "dosattack" => Kind::Ddos,
        "infectedhost"
        | "bot"
        | "malware"
        | "virus"
        | "trojan"
        | "worm"
        | "malwaredistribution"
        | "malwareattack"
        | "botinfection"
        | "compromisedserver"
        | "compromisedwebsite"
        | "remotecompromise"
        | "webhack" => Kind::Malware,
        "botnet" | "commandandcontrol" | "cnc" | "c2" => Kind::PhoneHome,
        "copyright"
        | "trademark"
        | "p2p"
        | "cyberlocker"
        | "ugcplatform"
        | "linksite"
        | "usenet"
        | "dmca"
        | "copyrightinfringement"
        | "counterfeit" => Kind::Copyright,
        _ => return None,
    })
}

fn of_category(category: &str) -> Option<Kind> {
    match category {
        "messaging" => Some(Kind::SpamSource),
        "copyright" => Some(Kind::Copyright),
        _ => None,
    }
}

/// An open proxy or relay by the words of a service that stands open: `http-proxy`, `SOCKS5`, `squid`, `open relay`. A mail
/// server that only stands open is none.
pub(super) fn open_service(words: &[String]) -> Option<Kind> {
    const PROXIES: [&str; 8] =
        ["proxy", "socks", "squid", "3128", "tinyproxy", "wingate", "polipo", "privoxy"];
    // A reverse proxy serves its own site, and Proxy Auto-Config is a file.
    const NOT: [&str; 4] = ["reverse proxy", "reverse-proxy", "reverse_proxy", "proxy auto"];
    let said = |text: &str| {
        let text = text.to_ascii_lowercase();
        if text.contains("open relay")
            || text.contains("open_relay")
            || text.contains("open-relay")
            || text == "relay"
        {
            return Some(Kind::OpenRelay);
        }
        let proxy =
            PROXIES.iter().any(|name| text.contains(name)) && !NOT.iter().any(|name| text.contains(name));
        proxy.then_some(Kind::OpenProxy)
    };
    words.iter().find_map(|text| said(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_schema_has_a_kind_or_none_on_purpose() {
        let unnamed = [
            "csam",
            "csem",
            "exposed_data",
            "suspicious_registration",
            "scraping",
            "cve",
            "open_service",
            "open",
            "misconfiguration",
            "blocklist",
            "threat_intelligence",
        ];
        for kind in CATEGORIES.iter().flat_map(|(_, types)| types.iter()) {
            assert_eq!(of_type(kind).is_none(), unnamed.contains(kind), "{kind}");
        }
    }

    #[test]
    fn an_open_mail_server_is_no_open_relay() {
        let kind = |word: &str| open_service(&[word.to_owned()]);
        assert_eq!(kind("SOCKS5"), Some(Kind::OpenProxy));
        assert_eq!(kind("open-http-proxy"), Some(Kind::OpenProxy));
        assert_eq!(kind("SMTP open relay"), Some(Kind::OpenRelay));
        assert_eq!(kind("smtp"), None);
        assert_eq!(kind("nginx reverse proxy"), None);
        assert_eq!(kind("rdp"), None);
    }
}
