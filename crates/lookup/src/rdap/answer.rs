//! What a registry's answer says (RFC 9083): which network it speaks of, and who takes complaints about it.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

/// How deep entities are looked for inside entities. Registries nest once: the contact in its organisation.
const DEPTH: usize = 8;
/// How many entities of one level are looked at.
const ENTITIES: usize = 256;
/// How many mailboxes are taken.
const MAILBOXES: usize = 8;
/// The longest mail address: a path of 256 with its brackets (RFC 5321 section 4.5.3.1.3).
const LONGEST: usize = 254;
/// Where an address without a `pref` stands: behind all that have one, which end at 100 (RFC 6350 section 5.3).
const NO_PREFERENCE: u64 = 101;

/// A network of addresses as its registry describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its first and last address, where both are stated and of one family.
    pub range: Option<(IpAddr, IpAddr)>,
    /// Where complaints go, the preferred first; what is no plain mail address is left out.
    pub mailboxes: Vec<String>,
}

impl Network {
    /// Reads an `ip network` object (RFC 9083 section 5.4); `None` for anything else, such as an error or another object.
    /// Bounded by the bytes it is given; `serde_json` refuses what is nested deeper than 128.
    #[must_use]
    pub fn read(json: &[u8]) -> Option<Network> {
        let object: Value = serde_json::from_slice(json).ok()?;
        let class = object.get("objectClassName")?.as_str()?;
        class
            .eq_ignore_ascii_case("ip network")
            .then(|| Network { range: range(&object), mailboxes: abuse_mailboxes(&object) })
    }

    /// Whether it speaks of all of `net`. One that does not say what it spans is taken at its word.
    #[must_use]
    pub fn covers(&self, net: IpNet) -> bool {
        self.range.is_none_or(|(first, last)| {
            first.is_ipv4() == net.addr().is_ipv4() && first <= net.network() && net.broadcast() <= last
        })
    }
}

fn range(object: &Value) -> Option<(IpAddr, IpAddr)> {
    let end = |key: &str| object.get(key)?.as_str()?.trim().parse::<IpAddr>().ok();
    let (first, last) = (end("startAddress")?, end("endAddress")?);
    (first.is_ipv4() == last.is_ipv4()).then_some((first, last))
}

/// The mailboxes of the entities with the role `abuse` (RFC 9083 section 10.2.4). Those nearest to the network count:
/// what stands inside another entity is asked only when nobody outside it is named.
fn abuse_mailboxes(object: &Value) -> Vec<String> {
    let mut level: Vec<&Value> = entities(object).take(ENTITIES).collect();
    for _ in 0..DEPTH {
        let mut found = Vec::new();
        for mailbox in level.iter().filter(|entity| is_for_abuse(entity)).flat_map(|entity| emails(entity)) {
            if found.len() < MAILBOXES && !found.contains(&mailbox) {
                found.push(mailbox);
            }
        }
        if !found.is_empty() {
            return found;
        }
        level = level.iter().flat_map(|entity| entities(entity)).take(ENTITIES).collect();
    }
    Vec::new()
}

fn entities(object: &Value) -> impl Iterator<Item = &Value> {
    object.get("entities").and_then(Value::as_array).into_iter().flatten()
}

fn is_for_abuse(entity: &Value) -> bool {
    let roles = entity.get("roles").and_then(Value::as_array).into_iter().flatten();
    roles.filter_map(Value::as_str).any(|role| role.eq_ignore_ascii_case("abuse"))
}

/// The mail addresses on an entity's jCard (RFC 7095 section 3.3: name, parameters, type, values), the preferred first.
fn emails(entity: &Value) -> Vec<String> {
    let properties = entity.get("vcardArray").and_then(|card| card.get(1)).and_then(Value::as_array);
    let mut ranked: Vec<(u64, String)> = Vec::new();
    for property in properties.into_iter().flatten().filter_map(Value::as_array) {
        let [name, parameters, _kind, values @ ..] = property.as_slice() else { continue };
        if !name.as_str().is_some_and(|name| name.eq_ignore_ascii_case("email")) {
            continue;
        }
        let rank = preference(parameters);
        ranked.extend(values.iter().filter_map(Value::as_str).filter_map(mailbox).map(|one| (rank, one)));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, mailbox)| mailbox).collect()
}

fn preference(parameters: &Value) -> u64 {
    let stated = parameters.get("pref");
    let number = stated.and_then(|one| one.as_u64().or_else(|| one.as_str()?.trim().parse().ok()));
    number.unwrap_or(NO_PREFERENCE)
}

/// A plain `local@domain`. Neither a quoted local part nor an address literal: no registry publishes one, and what is
/// written to must be a name that somebody registered.
fn mailbox(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let (local, domain) = text.split_once('@')?;
    let plain = |part: &str, more: &[u8]| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    let fits = text.len() <= LONGEST && domain.contains('.');
    // RFC 5322 section 3.2.3: what an atom may hold.
    (fits && plain(local, b"!#$%&'*+-/=?^_`{|}~.") && plain(domain, b".-")).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn entity(role: &str, emails: &[&str], inside: &[Value]) -> Value {
        let properties: Vec<Value> = emails.iter().map(|email| json!(["email", {}, "text", email])).collect();
        json!({ "objectClassName": "entity", "roles": [role], "vcardArray": ["vcard", properties], "entities": inside })
    }

    fn read(entities: &[Value]) -> Vec<String> {
        let object = json!({ "objectClassName": "ip network", "entities": entities });
        Network::read(object.to_string().as_bytes()).expect("a network").mailboxes
    }

    #[test]
    fn the_abuse_role_answers_wherever_it_stands_and_the_nearest_counts() {
        let abuse = entity("abuse", &["abuse@example.org"], &[]);
        let nested = entity("registrant", &["sales@example.org"], std::slice::from_ref(&abuse));
        assert_eq!(read(&[entity("technical", &["noc@example.org"], &[])]), [""; 0]);
        assert_eq!(read(std::slice::from_ref(&nested)), ["abuse@example.org"]);
        assert_eq!(read(&[nested, entity("ABUSE", &["near@example.org"], &[])]), ["near@example.org"]);
    }

    #[test]
    fn the_preferred_address_comes_first() {
        let card = json!(["vcard", [
            ["version", {}, "text", "4.0"],
            ["email", {}, "text", "third@example.org"],
            ["email", { "pref": "2" }, "text", "second@example.org"],
            ["EMAIL", { "pref": 1 }, "text", "mailto:first@example.org"],
            ["tel", {}, "uri", "tel:+1"], ["email"], "email", []
        ]]);
        let entity = json!({ "roles": ["abuse"], "vcardArray": card });
        assert_eq!(read(&[entity]), ["first@example.org", "second@example.org", "third@example.org"]);
    }

    #[test]
    fn what_nobody_should_be_written_to_at_is_left_out() {
        let bad = [
            "",
            "abuse",
            "@example.org",
            "abuse@",
            "abuse@localhost",
            "a b@example.org",
            "a@b@example.org",
            "abuse@[192.0.2.1]",
            "a@example.org\r\nBcc: x@example.net",
            "<abuse@example.org>",
        ];
        assert_eq!(read(&[entity("abuse", &bad, &[])]), [""; 0]);
        let long = format!("{}@example.org", "a".repeat(LONGEST));
        assert_eq!(read(&[entity("abuse", &[&long, "ok@example.org"], &[])]), ["ok@example.org"]);
    }

    #[test]
    fn a_network_speaks_of_what_it_spans_only() {
        let object = |first, last| json!({ "objectClassName": "ip network", "startAddress": first, "endAddress": last });
        let covers = |first, last, net: &str| {
            let network = Network::read(object(first, last).to_string().as_bytes()).expect("a network");
            network.covers(net.parse().expect("a prefix"))
        };
        assert!(covers("198.51.100.0", "198.51.100.255", "198.51.100.9/32"));
        assert!(!covers("198.51.100.0", "198.51.100.255", "198.51.100.0/23"));
        assert!(!covers("::", "ffff::", "198.51.100.9/32"));
        assert!(covers("2001:db8::", "2001:db8::ffff", "2001:db8::/112"));
        assert!(covers("nowhere", "198.51.100.255", "192.0.2.1/32"), "it does not say");
    }

    #[test]
    fn another_object_is_no_network() {
        for other in ["", "[]", "{\"errorCode\":404}", "{\"objectClassName\":\"entity\",\"entities\":[]}"] {
            assert_eq!(Network::read(other.as_bytes()), None, "{other}");
        }
        assert_eq!(Network::read("[".repeat(100_000).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn whatever_is_named_is_one_plain_address(text in any::<String>()) {
            for mailbox in read(&[entity("abuse", &[&text], &[])]) {
                prop_assert_eq!(mailbox.matches('@').count(), 1);
                prop_assert!(mailbox.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
