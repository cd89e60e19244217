//! The mails around Shadowserver's files: a subject that may name the type, and mails with nothing but a link.

use std::sync::LazyLock;

use regex::Regex;

use crate::claims::Draft;
use crate::document::{Document, Found, Way};
use crate::limits;
use crate::mail::Mail;
use crate::mime::PartKind;
use crate::reading::Format;

use super::types;

/// `[Example] Shadowserver Open HTTP Proxy Report: 2026-03-24`.
static SUBJECT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\bshadowserver\s+(.{1,120}?)\s+reports?\b").ok());

/// The type that a subject names, as a file's name would.
pub(crate) fn named(subject: &str) -> Option<String> {
    let words = SUBJECT.as_ref()?.captures(subject)?.get(1)?.as_str();
    types::of_words(words).map(|known| known.name.to_owned())
}

/// A mail of Shadowserver's form whose rows stand in its text, or that only says where they can be fetched.
pub(crate) fn linked(mail: &Mail<'_>) -> Option<Found> {
    let by_subject = SUBJECT.as_ref().is_some_and(|subject| subject.is_match(&mail.subject));
    let from = mail
        .from
        .as_ref()
        .is_some_and(|from| from.domain == "shadowserver.org" || from.domain.ends_with(".shadowserver.org"));
    if !by_subject && !from {
        return None;
    }
    let link = mail.words().any(|part| part.text.as_str().contains("dl.shadowserver.org"));
    inline(mail).or_else(|| (link && (by_subject || from)).then(|| to_be_fetched(mail)))
}

/// The rows themselves in a text, behind whatever words.
fn inline(mail: &Mail<'_>) -> Option<Found> {
    let name = named(&mail.subject);
    mail.parts.iter().filter(|part| matches!(part.kind, PartKind::Words | PartKind::Data)).find_map(|part| {
        let at = ["\"timestamp\",", "timestamp,"]
            .iter()
            .filter_map(|start| part.text.as_str().find(start))
            .min()?;
        let bytes = part.bytes(&mail.raw, limits::PART_TEXT);
        let mut document = Document::part(mail, part, bytes.get(at..)?);
        let text = part.text.tail(at);
        document.name = name.as_deref();
        document.map = Some(Way::Known(&text));
        super::read(&document)
    })
}

fn to_be_fetched(mail: &Mail<'_>) -> Found {
    let mut draft = Draft::default();
    let kind = named(&mail.subject);
    let kind = kind.as_deref().unwrap_or("a type its subject does not name");
    draft.doubt(&format!(
        "the mail only links to the report ({kind}); it has to be fetched and read as a file"
    ));
    Found { format: Format::Shadowserver, is_report: false, draft, reporter: None, report_id: None }
}
