//! The same rules in the words of four makers. Typed values only: nothing foreign can get into the text.
//!
//! Each drops what a rule names and nothing else, in a filter of ours that the operator has bound to the lines' interfaces
//! once, and whose last entry lets everything through. An entry is taken away by its whole text or its own name, never by its
//! place, so that a filter that somebody renumbered loses nothing of theirs.

use std::net::IpAddr;

use case::{Measure, Rule, RuleKey, Transport};
use serde::{Deserialize, Serialize};

use crate::diff::Change;

/// A maker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Cisco IOS and IOS XE: extended access lists `ND-LINES` and `ND-LINES6`.
    Ios,
    /// Juniper Junos: firewall filters `nd-lines` and `nd-lines6`, the last term of each `nd-rest`.
    Junos,
    /// MikroTik RouterOS 7: the chain `nd-lines`.
    Routeros,
    /// Arista EOS: access lists `ND-LINES` and `ND-LINES6`.
    Eos,
}

/// What a rule matches, in no maker's words.
struct Matched {
    address: IpAddr,
    /// Whether the address is the source.
    is_source: bool,
    protocol: &'static str,
    port: u16,
}

impl From<&RuleKey> for Matched {
    fn from(key: &RuleKey) -> Matched {
        let (is_source, protocol, port) = match key.measure {
            Measure::Out { protocol, port } => (true, protocol, port),
            Measure::In { protocol, port } => (false, protocol, port),
            // `takes` refuses it: no filter leads into a garden.
            Measure::Garden => (true, Transport::Tcp, 0),
        };
        let protocol = match protocol {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        };
        Matched { address: key.address, is_source, protocol, port }
    }
}

impl Dialect {
    /// A comment line.
    pub(crate) fn comment(self, text: &str) -> String {
        let sign = match self {
            Dialect::Ios | Dialect::Eos => "!",
            Dialect::Junos | Dialect::Routeros => "#",
        };
        format!("{sign} {text}\n")
    }

    /// The commands that carry out a change. An end that moves needs none.
    pub(crate) fn commands(self, change: &Change) -> String {
        let mut text = String::new();
        for is_ipv4 in [true, false] {
            let gone: Vec<&RuleKey> =
                change.remove.iter().filter(|key| key.address.is_ipv4() == is_ipv4).collect();
            let fresh: Vec<&Rule> =
                change.add.iter().filter(|rule| rule.key.address.is_ipv4() == is_ipv4).collect();
            if gone.is_empty() && fresh.is_empty() {
                continue;
            }
            text += &self.heading(is_ipv4);
            for key in gone {
                text += &self.removal(key);
            }
            for rule in fresh {
                text += &self.addition(rule);
            }
        }
        text
    }

    fn heading(self, is_ipv4: bool) -> String {
        match (self, is_ipv4) {
            (Dialect::Ios, true) => "ip access-list extended ND-LINES\n".to_owned(),
            (Dialect::Ios, false) => "ipv6 access-list ND-LINES6\n".to_owned(),
            (Dialect::Eos, true) => "ip access-list ND-LINES\n".to_owned(),
            (Dialect::Eos, false) => "ipv6 access-list ND-LINES6\n".to_owned(),
            (Dialect::Junos | Dialect::Routeros, _) => String::new(),
        }
    }

    fn addition(self, rule: &Rule) -> String {
        let key = &rule.key;
        match self {
            Dialect::Ios => format!(" {} {}\n", sequence(self, key), entry(key)),
            Dialect::Eos => format!("   {} {}\n", sequence(self, key), entry(key)),
            Dialect::Junos => junos(key),
            Dialect::Routeros => {
                let it = Matched::from(key);
                let way = if it.is_source { "src-address" } else { "dst-address" };
                format!(
                    "{} add chain=nd-lines action=drop protocol={} {way}={} dst-port={} comment=\"{}\"\n",
                    menu(key),
                    it.protocol,
                    it.address,
                    it.port,
                    name(key)
                )
            }
        }
    }

    fn removal(self, key: &RuleKey) -> String {
        match self {
            Dialect::Ios => format!(" no {}\n", entry(key)),
            Dialect::Eos => format!("   no {}\n", entry(key)),
            Dialect::Junos => {
                let (family, filter) = filter(key);
                format!("delete firewall family {family} filter {filter} term {}\n", name(key))
            }
            Dialect::Routeros => {
                format!("{} remove [find where chain=nd-lines comment=\"{}\"]\n", menu(key), name(key))
            }
        }
    }
}

/// `deny tcp any host 203.0.113.66 eq 48613`.
fn entry(key: &RuleKey) -> String {
    let Matched { address, is_source, protocol, port } = Matched::from(key);
    if is_source {
        format!("deny {protocol} host {address} any eq {port}")
    } else {
        format!("deny {protocol} any host {address} eq {port}")
    }
}

/// Where an entry stands: before the last one, which lets everything through and stands at 2000000000. The place follows
/// from the rule itself, so that it is the same whoever asks; two rules that meet in one are told by the router, which
/// refuses the second.
fn sequence(dialect: Dialect, key: &RuleKey) -> String {
    let mut place: u32 = 0x811c_9dc5;
    for byte in name(key).bytes() {
        // FNV-1a (RFC 9923).
        place = (place ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    let place = (place % 1_999_999_998).saturating_add(1);
    match dialect {
        // IOS numbers entries of IPv6 lists behind the word.
        Dialect::Ios if key.address.is_ipv6() => format!("sequence {place}"),
        _ => place.to_string(),
    }
}

/// The name of a term, and what a comment says.
fn name(key: &RuleKey) -> String {
    let Matched { address, is_source, protocol, port } = Matched::from(key);
    let way = if is_source { "out" } else { "in" };
    let address = address.to_string().replace(['.', ':'], "-");
    format!("nd-{address}-{protocol}-{port}-{way}")
}

fn menu(key: &RuleKey) -> &'static str {
    if key.address.is_ipv4() { "/ip firewall filter" } else { "/ipv6 firewall filter" }
}

fn filter(key: &RuleKey) -> (&'static str, &'static str) {
    if key.address.is_ipv4() { ("inet", "nd-lines") } else { ("inet6", "nd-lines6") }
}

/// A term, put before the last one: Junos puts a new one behind it.
fn junos(key: &RuleKey) -> String {
    let it = Matched::from(key);
    let (family, filter) = filter(key);
    let (length, protocol) = if it.address.is_ipv4() { (32, "protocol") } else { (128, "next-header") };
    let way = if it.is_source { "source-address" } else { "destination-address" };
    let term = name(key);
    let term_of = format!("firewall family {family} filter {filter} term {term}");
    format!(
        "set {term_of} from {way} {}/{length}\nset {term_of} from {protocol} {}\nset {term_of} from destination-port {}\n\
         set {term_of} then count {term}\nset {term_of} then discard\ninsert {term_of} before term nd-rest\n",
        it.address, it.protocol, it.port
    )
}
