//! What is checked, and what it is called.

use std::collections::BTreeSet;
use std::fmt;

use ipnet::IpNet;
use lettre::Address;

/// One thing of ours that must work for a report to reach us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// Mail to an address of ours comes back.
    Mail(Address),
    /// A mail exchanger of a domain of ours greets.
    Mx(String),
    /// The registry names us as the abuse contact of a home prefix.
    Rdap(IpNet),
}

impl Checked {
    /// Everything there is to check of these addresses, with `mx` their domains too, and of these prefixes.
    #[must_use]
    pub fn all(addresses: &[Address], mx: bool, prefixes: &[IpNet]) -> Vec<Checked> {
        let domains: BTreeSet<String> =
            addresses.iter().filter(|_| mx).map(|address| address.domain().to_ascii_lowercase()).collect();
        let mails = addresses.iter().cloned().map(Checked::Mail);
        mails
            .chain(domains.into_iter().map(Checked::Mx))
            .chain(prefixes.iter().map(|net| Checked::Rdap(net.trunc())))
            .collect()
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Checked::Mail(address) => write!(f, "mail {address}"),
            Checked::Mx(domain) => write!(f, "mx {domain}"),
            Checked::Rdap(net) => write!(f, "rdap {net}"),
        }
    }
}

/// What a person should look at when `subject` does not work.
pub(super) fn advice(subject: &str) -> &'static str {
    match subject.split_once(' ') {
        Some(("mx", _)) => {
            "Reports sent to this domain may be lost. Look at its MX records and at the mail servers they name."
        }
        Some(("rdap", _)) => {
            "Whoever looks up where to report abuse of these addresses is sent elsewhere. Mend the abuse contact of this\n\
             network at your registry."
        }
        _ => {
            "Reports sent there may be lost. Look at the relay, the mail server and the pick-up, and at the log of\n\
             nightdesk."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_checked_once_whatever_addresses_it_has() {
        let addresses = ["abuse@example.net", "sc-4711@Example.net", "abuse@example.org"]
            .map(|text| text.parse::<Address>().expect("an address"));
        let net = ["203.0.113.0/24".parse().expect("a prefix")];
        let named = |mx, nets: &[IpNet]| {
            Checked::all(&addresses, mx, nets).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let mails = ["mail abuse@example.net", "mail sc-4711@Example.net", "mail abuse@example.org"];
        assert_eq!(named(false, &[]), mails);
        assert_eq!(named(true, &net)[3..], ["mx example.net", "mx example.org", "rdap 203.0.113.0/24"]);
    }
}
