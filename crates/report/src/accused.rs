//! Whom a complaint accuses by name, before any log or header is looked at.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::mail::Mail;
use crate::{address, arf, firewall, plain};

/// Words in front of an address that accuse it.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)(?:\b(?:source|src|offend(?:ing|er)|attack(?:er|ing)|abus(?:ive|er|ing)|infected|originat(?:ing|ed|or)|spamm(?:er|ing)|your|hostile|compromised|scann(?:er|ing))\b|\b(?:from|by)\s+(?:the\s+|your\s+)?(?:following\s+)?(?:ip|machine|address|customer|user|system|computer)|\bip(?:\s+address)?\s*(?:is|was|:|=)|\bfrom:?\s+(?:ip\b)?)[^\n.!?;]{0,40}?[\s:=(\[]*$",
    )
    .ok()
});
/// An address that the reporter's own words or the subject accuse.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) address: IpAddr,
    pub(crate) port: Option<u16>,
    pub(crate) span: Range<usize>,
}

/// Whom subject and own words accuse; of private addresses only where no public one is accused.
pub(crate) fn named(mail: &Mail<'_>) -> Vec<Named> {
    // Only the first: what follows is most often the reporter's own (`banned 192.0.2.1 from host 198.51.100.1`).
    let mut named: Vec<Named> = address::first(&mail.subject)
        .into_iter()
        .map(|found| Named {
            address: found.address,
            port: found.port,
            span: arf::subject_span(mail, found.address),
        })
        .collect();
    if let (Some(part), Some(before)) = (mail.words().next(), NAMED.as_ref()) {
        for line in part.text.lines().take(plain::LINES).filter(|line| line.quoted == 0) {
            for found in address::all(line.words) {
                let told = line
                    .words
                    .get(..found.range.start)
                    .is_some_and(|words| before.is_match(words) && !is_attacked(words));
                if told && firewall::packet(line.words).is_none() {
                    named.push(Named {
                        address: found.address,
                        port: found.port,
                        span: part.text.span(line.range(found.range)),
                    });
                }
            }
        }
    }
    let public = named.iter().any(|named| address::is_public(named.address));
    named.retain(|named| {
        if public { address::is_public(named.address) } else { address::is_possible(named.address) }
    });
    named.truncate(50);
    named
}

/// Whether the words in front of an address say that it was done to and did not do it.
fn is_attacked(words: &str) -> bool {
    let near = words.get(words.len().saturating_sub(40)..).unwrap_or_default().to_ascii_lowercase();
    let mut near = near.split(|c: char| !c.is_ascii_alphabetic());
    near.any(|word| {
        matches!(word, "our" | "my" | "to" | "target" | "victim" | "destination" | "dst" | "against" | "on")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accused(words: &str) -> Vec<String> {
        let words = format!("From: a@x.example\n\n{words}\n");
        let mail = Mail::parse(words.as_bytes());
        mail.map_or_else(Vec::new, |mail| {
            named(&mail).iter().map(|named| named.address.to_string()).collect()
        })
    }

    #[test]
    fn the_accused_is_told_from_the_attacked() {
        assert_eq!(accused("Your customer 192.0.2.1 attacks our server 198.51.100.1."), ["192.0.2.1"]);
        assert_eq!(accused("Source IP: 192.0.2.1\nTarget IP: 198.51.100.1"), ["192.0.2.1"]);
        assert_eq!(accused("mail from 192.0.2.1 to 198.51.100.1"), ["192.0.2.1"]);
        assert_eq!(accused("> Source IP: 192.0.2.1"), Vec::<String>::new());
        assert_eq!(accused("we use 192.0.2.1, version 4.8.2.018"), Vec::<String>::new());
        assert_eq!(accused("from IP 10.0.0.1 through your host 192.0.2.1"), ["192.0.2.1"]);
    }
}
