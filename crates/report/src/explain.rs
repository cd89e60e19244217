//! Why a message was read as it was, for people.

use std::cell::RefCell;
use std::ops::Range;

use crate::address;
use crate::mail::Mail;
use crate::reading::{Claim, Format, Kind, Note, Role};

/// Where notes go; None when nobody asks why.
pub(crate) type Notes = Option<RefCell<Vec<Note>>>;

/// More notes than this explain nothing.
const NOTES: usize = 2000;

/// Notes something once, where somebody asks.
pub(crate) fn note(
    notes: Option<&RefCell<Vec<Note>>>,
    text: impl FnOnce() -> String,
    span: impl FnOnce() -> Option<Range<usize>>,
) {
    let Some(notes) = notes else { return };
    let mut notes = notes.borrow_mut();
    if notes.len() < NOTES {
        let note = Note { text: text(), span: span() };
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
}

/// The words of a note on a claim: who, as what, since it is what, and what the kind is read from.
pub(crate) fn because(
    address: std::net::IpAddr,
    (role, as_what): (Role, &str),
    (kind, by): (Kind, &str),
) -> String {
    format!("{address}: {} as {as_what}; {} by {by}", role.name(), kind.name())
}

/// Notes every claim of which its reader said nothing: those of forms that mean one host in one way.
pub(crate) fn unsaid(notes: Option<&RefCell<Vec<Note>>>, format: Format, claims: &[Claim]) {
    let Some(of) = notes else { return };
    for claim in claims.iter().take(NOTES) {
        let head = format!("{}: {} ", claim.address, claim.role.name());
        let said = of.borrow().iter().any(|note| note.text.starts_with(&head));
        if !said {
            let form = format!("the form of {}", format.name());
            let whom = if claim.role == Role::Mentioned { "one it only names" } else { "whom it is about" };
            let text = || because(claim.address, (claim.role, whom), (claim.kind, &form));
            note(notes, text, || Some(claim.span.clone()));
        }
    }
}

/// Notes what was found and passed over, once the claims are known.
pub(crate) fn passed_over(mail: &Mail<'_>, claims: &[Claim]) {
    for (name, value) in mail.fields.iter() {
        let why = match name {
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
