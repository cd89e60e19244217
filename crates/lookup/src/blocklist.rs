//! What a DNS blocklist says of an address (RFC 5782).

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use hickory_resolver::proto::rr::RData;
use tokio::time::timeout;

use crate::resolver::Resolver;

/// How long one question may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// The most codes of one answer that are kept, and the most letters of what a list says beside them.
const CODES: usize = 16;
const LETTERS: usize = 200;

/// What a list says of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// It does not list it.
    No,
    /// It does; with which codes (addresses within 127.0.0.0/8) and what it says of it in words, where it does.
    Yes {
        /// The codes, in order.
        codes: Vec<Ipv4Addr>,
        /// Its words, without control characters, cut short.
        words: Option<String>,
    },
    /// It does not answer us, or what it answers is no listing; why, in words. Nothing follows from it.
    Unknown(String),
}

/// One list, asked over DNS.
#[derive(Debug, Clone)]
pub struct Blocklist {
    resolver: Resolver,
    zone: String,
}

impl Blocklist {
    /// The list that is the domain `zone`, asked through `resolver`.
    #[must_use]
    pub fn new(resolver: Resolver, zone: &str) -> Blocklist {
        Blocklist { resolver, zone: zone.trim_matches('.').to_ascii_lowercase() }
    }

    /// Its domain.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// Whether it works as a list does: it lists 127.0.0.2 and not 127.0.0.1 (RFC 5782 section 5). A list that was given
    /// up often lists everything, or nothing.
    ///
    /// # Errors
    /// In words, why nothing it says is to be believed.
    pub async fn works(&self) -> Result<(), String> {
        match self.listing(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))).await {
            Listing::Unknown(why) => return Err(why),
            Listing::No => return Err("it does not list 127.0.0.2, so it lists nobody".to_owned()),
            Listing::Yes { .. } => {}
        }
        match self.listing(IpAddr::V4(Ipv4Addr::LOCALHOST)).await {
            Listing::Unknown(why) => Err(why),
            Listing::Yes { .. } => Err("it lists 127.0.0.1, so it lists everybody".to_owned()),
            Listing::No => Ok(()),
        }
    }

    /// What it says of `address`. Takes at most ten seconds.
    pub async fn listing(&self, address: IpAddr) -> Listing {
        let name = name(address, &self.zone);
        let slow = || Listing::Unknown("DNS did not answer in time".to_owned());
        let Ok(answer) = timeout(DEADLINE, self.resolver.hickory().ipv4_lookup(name.clone())).await else {
            return slow();
        };
        let found = match answer {
            Ok(found) => found,
            Err(error) if error.is_no_records_found() => return Listing::No,
            Err(error) => return Listing::Unknown(error.to_string()),
        };
        let addresses = found.answers().iter().filter_map(|record| match &record.data {
            RData::A(address) => Some(address.0),
            _ => None,
        });
        let mut codes: Vec<Ipv4Addr> = addresses.take(CODES).collect();
        codes.sort_unstable();
        codes.dedup();
        if let Some(why) = no_listing(&codes) {
            return Listing::Unknown(why);
        }
        Listing::Yes { codes, words: self.words(name).await }
    }

    async fn words(&self, name: String) -> Option<String> {
        let found = timeout(DEADLINE, self.resolver.hickory().txt_lookup(name)).await.ok()?.ok()?;
        let text = found.answers().iter().find_map(|record| match &record.data {
            RData::TXT(text) => Some(text.to_string()),
            _ => None,
        })?;
        let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
        let words: String = text.chars().take(LETTERS).map(plain).collect();
        Some(words.trim().to_owned()).filter(|words| !words.is_empty())
    }
}

/// Why these answers are no listing, if they are none.
fn no_listing(codes: &[Ipv4Addr]) -> Option<String> {
    if let Some(foreign) = codes.iter().find(|code| !code.is_loopback()) {
        return Some(format!(
            "it answers {foreign}, which is no code of a list: somebody else answers for it"
        ));
    }
    // Lists say so that they do not serve this resolver (Spamhaus: open resolver 127.255.255.254, too many 127.255.255.255).
    let refused = codes.iter().find(|code| matches!(code.octets(), [127, 255, 255, _]));
    let refused = refused
        .map(|code| format!("it refuses this resolver ({code}): ask it by another one, or its makers"));
    refused.or_else(|| codes.is_empty().then(|| "it answers without a code".to_owned()))
}

/// The name to ask for: octets, or nibbles, backwards before the list's own (RFC 5782 sections 2.1 and 2.4).
fn name(address: IpAddr, zone: &str) -> String {
    let parts: Vec<String> = match address.to_canonical() {
        IpAddr::V4(address) => address.octets().iter().rev().map(u8::to_string).collect(),
        IpAddr::V6(address) => {
            let nibbles = address.octets().into_iter().rev().flat_map(|octet| [octet & 0x0f, octet >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}")).collect()
        }
    };
    format!("{}.{zone}.", parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_rfc() {
        let of = |address: &str| name(address.parse().unwrap(), "bl.example.net");
        assert_eq!(of("192.0.2.99"), "99.2.0.192.bl.example.net.");
        assert_eq!(of("::ffff:192.0.2.99"), "99.2.0.192.bl.example.net.");
        // The example of section 2.4.
        let six = of("2001:db8:1:2:3:4:567:89ab");
        let nibbles = "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2";
        assert_eq!(six, format!("{nibbles}.bl.example.net."));
    }

    #[test]
    fn an_answer_of_somebody_else_or_a_refusal_is_no_listing() {
        let of = |code: [u8; 4]| no_listing(&[Ipv4Addr::from(code)]);
        assert_eq!(of([127, 0, 0, 4]), None);
        assert!(of([203, 0, 113, 9]).is_some_and(|why| why.contains("somebody else")));
        assert!(of([127, 255, 255, 254]).is_some_and(|why| why.contains("refuses")));
        assert!(no_listing(&[]).is_some());
    }
}
