//! The forms of addressing in which a mail server is asked to relay.
//!
//! The sixteen are those of nmap's `smtp-open-relay`, which go back to the tests of ORBS and mail-abuse.org; senders
//! that some servers trust and the recipients with an at-sign at the end (OpenSMTPD issue 754) and without brackets
//! are added.

/// One way of naming sender and recipient. `{T}` is the test's own local part, `{F}` our sender's, `{D}` the landing's
/// domain, `{S}` the name the server gave itself, `{I}` its address in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// What it is called; unique.
    pub(crate) name: &'static str,
    pub(crate) sender: &'static str,
    pub(crate) recipient: &'static str,
}

const fn form(name: &'static str, sender: &'static str, recipient: &'static str) -> Form {
    Form { name, sender, recipient }
}

/// Whom we pretend to be in most forms. No form has the test's own recipient for its sender: a bounce would pass for a
/// delivery.
const US: &str = "<{F}@{D}>";
/// A sender of the server's own address, which Exim counts as a syntax error of ours.
const LITERAL: &str = "<{F}@{I}>";

/// The form that a server relays for everybody in, and that a login is tried with.
pub(crate) const PLAIN: Form = form("T@D from F@D", US, "<{T}@{D}>");

/// The likeliest first. Those with a literal sender come last: Exim drops a session for four of them.
pub(crate) const FORMS: [Form; 35] = [
    PLAIN,
    form("T@D from F@S", "<{F}@{S}>", "<{T}@{D}>"),
    form("T@D from <>", "<>", "<{T}@{D}>"),
    form("T@D from postmaster@S", "<postmaster@{S}>", "<{T}@{D}>"),
    form("T%D@S from F@D", US, "<{T}%{D}@{S}>"),
    form("D!T@S from F@D", US, "<{D}!{T}@{S}>"),
    form("\"T@D\"@S from F@D", US, "<\"{T}@{D}\"@{S}>"),
    form("T@D@S from F@D", US, "<{T}@{D}@{S}>"),
    form("@S:T@D from F@D", US, "<@{S}:{T}@{D}>"),
    form("T%D from F@D", US, "<{T}%{D}>"),
    form("\"T@D\" from F@D", US, "<\"{T}@{D}\">"),
    form("\"T%D\" from F@D", US, "<\"{T}%{D}\">"),
    form("D!T from F@D", US, "<{D}!{T}>"),
    form("T@D@ from F@D", US, "<{T}@{D}@>"),
    form("T@D without brackets", US, "{T}@{D}"),
    form("T@D from F@localhost", "<{F}@localhost>", "<{T}@{D}>"),
    form("T@D from F", "<{F}>", "<{T}@{D}>"),
    form("T%D@S from <>", "<>", "<{T}%{D}@{S}>"),
    form("T%D@I from F@D", US, "<{T}%{D}@{I}>"),
    form("\"T@D\"@I from F@D", US, "<\"{T}@{D}\"@{I}>"),
    form("T@D@I from F@D", US, "<{T}@{D}@{I}>"),
    form("@I:T@D from F@D", US, "<@{I}:{T}@{D}>"),
    form("D!T@I from F@D", US, "<{D}!{T}@{I}>"),
    form("T@D from F@I", LITERAL, "<{T}@{D}>"),
    form("T%D@I from F@I", LITERAL, "<{T}%{D}@{I}>"),
    form("T%D@S from F@I", LITERAL, "<{T}%{D}@{S}>"),
    form("\"T@D\" from F@I", LITERAL, "<\"{T}@{D}\">"),
    form("\"T%D\" from F@I", LITERAL, "<\"{T}%{D}\">"),
    form("T@D@I from F@I", LITERAL, "<{T}@{D}@{I}>"),
    form("\"T@D\"@I from F@I", LITERAL, "<\"{T}@{D}\"@{I}>"),
    form("T@D@S from F@I", LITERAL, "<{T}@{D}@{S}>"),
    form("@I:T@D from F@I", LITERAL, "<@{I}:{T}@{D}>"),
    form("@S:T@D from F@I", LITERAL, "<@{S}:{T}@{D}>"),
    form("D!T from F@I", LITERAL, "<{D}!{T}>"),
    form("D!T@I from F@I", LITERAL, "<{D}!{T}@{I}>"),
];

/// What the letters stand for with one server.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) domain: String,
    pub(crate) server: String,
    pub(crate) literal: String,
}

impl Form {
    /// Whether what cannot be delivered comes back to our landing, so that its not coming back says something.
    pub(crate) fn comes_back(self) -> bool {
        self.sender == US
    }

    /// Sender and recipient as they stand after `MAIL FROM:` and `RCPT TO:`.
    pub(crate) fn envelope(self, names: &Names, local_part: &str) -> (String, String) {
        let fill = |template: &str| {
            template
                .replace("{T}", local_part)
                .replace("{F}", crate::landing::SENDER)
                .replace("{D}", &names.domain)
                .replace("{S}", &names.server)
                .replace("{I}", &names.literal)
        };
        (fill(self.sender), fill(self.recipient))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_form_is_written_as_it_is_called_and_is_there_once() {
        let names = Names {
            domain: "d.example".to_owned(),
            server: "s.example".to_owned(),
            literal: "[192.0.2.25]".to_owned(),
        };
        let written: BTreeSet<(String, String)> =
            FORMS.iter().map(|form| form.envelope(&names, "t")).collect();
        let called: BTreeSet<&str> = FORMS.iter().map(|form| form.name).collect();
        assert_eq!((written.len(), called.len()), (FORMS.len(), FORMS.len()));
        assert_eq!(
            PLAIN.envelope(&names, "t"),
            ("<nd-probe@d.example>".to_owned(), "<t@d.example>".to_owned())
        );
        assert!(
            written.contains(&("<nd-probe@[192.0.2.25]>".to_owned(), "<@s.example:t@d.example>".to_owned()))
        );
    }
}
