//! Why a message was read as it was, for people.

use crate::address;
use crate::mail::Mail;
use crate::reading::{Claim, Note};

/// Notes what was found and passed over, once the claims are known.
pub(crate) fn passed_over(mail: &Mail<'_>, claims: &[Claim]) {
    for (name, value) in &mail.fields {
        let why = match name.as_str() {
            "received" => {
                "it stands in the mail's own Received field, which says how it came and not what it is about"
            }
            "x-originating-ip" | "x-sender-ip" | "x-forefront-antispam-report" | "received-spf" => {
                "it stands in a header field about the reporter's own mail"
            }
            _ => continue,
        };
        for found in address::all(value) {
            mail.note(|| format!("{} was passed over: {why}", found.address), || None);
        }
    }
    for part in mail.words() {
        for found in address::all(part.text.as_str()).into_iter().take(100) {
            let span = part.text.span(found.range.clone());
            if claims.iter().any(|claim| claim.address == found.address) {
                continue;
            }
            let network = address::is_network(part.text.as_str(), &found.range);
            let why = if network {
                "it is a network and not a host"
            } else if !address::is_public(found.address) {
                "it is private or reserved"
            } else {
                "nothing says that it did anything"
            };
            mail.note(|| format!("{} was passed over: {why}", found.address), || Some(span));
        }
    }
}

/// A reading and why it is so.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The reading.
    pub reading: crate::Reading,
    /// Why it is so, in the order it was found out.
    pub notes: Vec<Note>,
}
