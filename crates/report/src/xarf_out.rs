//! XARF v4 as we write it: an attack on one of our lines, for the desk that answers for its source.
//!
//! Field names, types and what is required are those of xarf-spec, `schemas/v4/xarf-core.json` and
//! `schemas/v4/types/connection-*.json` (version 4.2.0). The recommended `destination_ip` is left out on purpose: it is
//! a subscriber's address, and whoever holds the source finds it by time and port.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::reading::{Kind, Protocol};

/// The version of the specification that is written.
const VERSION: &str = "4.2.0";
/// The longest name of an organisation (xarf-core.json, `contact_info.org`).
const ORG_AT_MOST: usize = 200;

/// An organisation as XARF names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its name.
    pub org: String,
    /// Where it is written to.
    pub contact: String,
    /// Its domain.
    pub domain: String,
}

/// An attack that came from an address outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attack {
    /// Sixteen bytes that no other report has; written as a UUID of version 4 (RFC 9562 section 5.4).
    pub id: [u8; 16],
    /// Whose report it is, and who sends it.
    pub reporter: Party,
    /// Where it came from.
    pub source: IpAddr,
    /// The port there, where known: the only way to tell hosts behind one address apart.
    pub source_port: Option<u16>,
    /// The port on our side, where known.
    pub destination_port: Option<u16>,
    /// Its transport.
    pub protocol: Protocol,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: Kind,
}

/// The XARF v4 type of category `connection` for an attack of this kind; none for what is no attack.
#[must_use]
pub fn attack_type(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Scan | Kind::TrojanScan => Some("port_scan"),
        Kind::LoginAttack => Some("login_attack"),
        Kind::Ddos => Some("ddos"),
        Kind::OpenProxy
        | Kind::OpenRelay
        | Kind::Malware
        | Kind::SpamSource
        | Kind::Spamvertised
        | Kind::Phishing
        | Kind::PhoneHome
        | Kind::Copyright
        | Kind::Other => None,
    }
}

/// Writes a XARF v4 report of an attack; none where its kind is no attack.
#[must_use]
pub fn write_attack(attack: &Attack) -> Option<Value> {
    let kind = attack_type(attack.kind)?;
    let at = attack.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let party = party(&attack.reporter);
    let mut report = Map::new();
    let mut put = |key: &str, value: Value| {
        report.insert(key.to_owned(), value);
    };
    put("xarf_version", json!(VERSION));
    put("report_id", json!(uuid(attack.id)));
    put("timestamp", json!(at));
    put("reporter", party.clone());
    put("sender", party);
    put("source_identifier", json!(attack.source.to_canonical()));
    if let Some(port) = attack.source_port.filter(|port| *port != 0) {
        put("source_port", json!(port));
    }
    put("category", json!("connection"));
    put("type", json!(kind));
    put("protocol", json!(attack.protocol.name()));
    if let Some(port) = attack.destination_port.filter(|port| *port != 0) {
        put("destination_port", json!(port));
    }
    put("first_seen", json!(at));
    put("description", json!(in_words(attack)));
    Some(Value::Object(report))
}

/// The attack in one sentence, for people.
#[must_use]
pub fn in_words(attack: &Attack) -> String {
    let what = match attack.kind {
        Kind::LoginAttack => "tried to log in",
        Kind::Ddos => "took part in a denial-of-service attack",
        _ => "scanned or probed",
    };
    let from = attack.source_port.map_or_else(String::new, |port| format!(" (from port {port})"));
    let to = attack.destination_port.map_or_else(String::new, |port| format!(", port {port}"));
    let at = attack.at.strftime("%Y-%m-%d %H:%M:%S UTC");
    let (source, protocol) = (attack.source.to_canonical(), attack.protocol.name());
    format!("{at}: {source}{from} {what} at an address of our network by {protocol}{to}.")
}

fn party(party: &Party) -> Value {
    let org: String = party.org.chars().filter(|c| !c.is_control()).take(ORG_AT_MOST).collect();
    json!({ "org": org, "contact": party.contact, "domain": party.domain })
}

/// The text of a UUID of version 4 and of the variant of RFC 9562.
fn uuid(id: [u8; 16]) -> String {
    let number = u128::from_be_bytes(id);
    let number = number & !(0xf << 76) | (0x4 << 76);
    let number = number & !(0x3 << 62) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let (a, rest) = hex.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    fn any_attack() -> impl Strategy<Value = Attack> {
        let kinds = prop::sample::select(vec![Kind::Scan, Kind::TrojanScan, Kind::LoginAttack, Kind::Ddos]);
        let protocols = prop::sample::select(vec![Protocol::Tcp, Protocol::Udp, Protocol::Icmp]);
        let ports = (prop::option::of(any::<u16>()), prop::option::of(any::<u16>()));
        let when = 0i64..4_000_000_000;
        (any::<[u8; 16]>(), ".{0,300}", any::<IpAddr>(), ports, protocols, when, kinds).prop_map(
            |(id, org, source, (source_port, destination_port), protocol, at, kind)| Attack {
                id,
                reporter: Party {
                    org,
                    contact: "abuse@example.net".to_owned(),
                    domain: "example.net".to_owned(),
                },
                source,
                source_port,
                destination_port,
                protocol,
                at: Timestamp::from_second(at).unwrap(),
                kind,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_has_all_the_schema_requires_and_says_what_was_meant(attack in any_attack()) {
            let text = serde_json::to_string(&write_attack(&attack).unwrap()).unwrap();
            let report: Value = serde_json::from_str(&text).unwrap();
            let string = |key: &str| report[key].as_str().unwrap_or_default().to_owned();
            prop_assert!(Regex::new(r"^4\.[0-9]+\.[0-9]+$").unwrap().is_match(&string("xarf_version")));
            let uuid = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
            prop_assert!(Regex::new(uuid).unwrap().is_match(&string("report_id")), "{}", string("report_id"));
            prop_assert_eq!(string("timestamp").parse::<Timestamp>().unwrap(), attack.at);
            prop_assert_eq!(string("first_seen").parse::<Timestamp>().unwrap(), attack.at);
            prop_assert_eq!(string("source_identifier").parse::<IpAddr>().unwrap(), attack.source.to_canonical());
            prop_assert_eq!(string("category"), "connection");
            prop_assert_eq!(string("type"), attack_type(attack.kind).unwrap());
            prop_assert_eq!(string("protocol"), attack.protocol.name());
            for who in ["reporter", "sender"] {
                let party = report[who].as_object().unwrap();
                prop_assert_eq!(party.len(), 3, "no other field is allowed in a party");
                prop_assert!(party["org"].as_str().unwrap().chars().count() <= 200);
                prop_assert_eq!(&party["contact"], "abuse@example.net");
                prop_assert_eq!(&party["domain"], "example.net");
            }
            for (key, port) in [("source_port", attack.source_port), ("destination_port", attack.destination_port)] {
                prop_assert_eq!(report.get(key).and_then(Value::as_u64), port.filter(|port| *port != 0).map(u64::from));
            }
            prop_assert!(string("description").chars().count() <= 1000);
            prop_assert!(report.get("destination_ip").is_none(), "the subscriber's address stays with us");
            prop_assert!(report.get("_internal").is_none());
        }
    }

    #[test]
    fn what_is_no_attack_is_not_written() {
        for kind in [Kind::OpenProxy, Kind::SpamSource, Kind::Malware, Kind::Copyright, Kind::Other] {
            assert_eq!(attack_type(kind), None, "{}", kind.name());
        }
    }
}
