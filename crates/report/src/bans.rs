//! Mails of programs that ban hosts or watch for scans: lfd of ConfigServer Firewall, DenyHosts, BFD, psad.

use std::sync::LazyLock;

use regex::Regex;

use crate::address;
use crate::claims::{Draft, When, bare};
use crate::incident::{self, Incident};
use crate::logs::addresses;
use crate::mail::Mail;
use crate::reading::{Kind, Role};
use crate::seek::Seek;

/// `lfd on host.example.org: blocked 192.0.2.1 (XX/Country/-)` (csf, alert templates).
static LFD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s*(?:\[[^\]]*\]\s*)?lfd\s+on\s+\S+:\s+(?:blocked|.*?\b(?:attack|flood|scan))").ok()
});
/// `[psad-alert] DL4 src: 192.0.2.1 dst: 198.51.100.1` (psad, email alerts).
static PSAD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\[psad-(?:alert|status)\]\s+(?:DL[1-5]\s+)?(?:src|src ip|scan from)\s*:?").ok()
});
/// Fields behind which each of these programs names the one it means.
static FIELD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:^\s*ip|source address|^\s*source|^\s*src|scan from|blocked|\bsrc)\s*:?\s*\[?$").ok()
});
/// `Added the following hosts to /etc/hosts.deny:` (DenyHosts report).
const DENYHOSTS: &str = "added the following hosts to";
const DENIED: Seek = Seek::new(DENYHOSTS);

/// Reads `mail`; None when none of them wrote it.
pub(crate) fn read(mail: &Mail<'_>) -> Option<Draft> {
    denyhosts(mail).or_else(|| single(mail))
}

fn single(mail: &Mail<'_>) -> Option<Draft> {
    let subject = &mail.subject;
    let is =
        |pattern: &LazyLock<Option<Regex>>| pattern.as_ref().is_some_and(|pattern| pattern.is_match(subject));
    let text = mail.words().next()?.text.as_str();
    let bfd = text.contains("SOURCE ADDRESS:") && text.contains("TARGET SERVICE:");
    let (lfd, psad) = (is(&LFD), is(&PSAD));
    if !(lfd || psad || bfd) {
        return None;
    }
    let told = address::first(subject).map(|found| found.address);
    let (address, span) =
        incident::behind(mail, FIELD.as_ref()?, told).or_else(|| incident::anywhere(mail, told?))?;
    let lower = text.get(..text.len().min(4096)).unwrap_or(text).to_ascii_lowercase();
    let kind = if psad || lower.contains("port scan") || lower.contains("portscan") {
        Kind::Scan
    } else if lower.contains("flood") {
        Kind::Ddos
    } else if lower.contains("smtp relay") || lower.contains("(spam)") {
        Kind::SpamSource
    } else {
        Kind::LoginAttack
    };
    Some(incident::draft(mail, &Incident { address, span, kind, port: None }))
}

/// A list of hosts, one a line, below a fixed sentence; the moment is that of the mail.
fn denyhosts(mail: &Mail<'_>) -> Option<Draft> {
    let part = mail.words().next().filter(|part| DENIED.is_in(part.text.as_str()))?;
    let mut draft = Draft::default();
    let mut listed = false;
    for line in part.text.lines() {
        let words = line.words.trim();
        if words.to_ascii_lowercase().contains(DENYHOSTS) {
            listed = true;
        } else if listed && !words.is_empty() {
            // `192.0.2.1 (host.example.net)`; the first other sentence ends the list.
            let Some(spot) = addresses::all(line.words).into_iter().next() else {
                if words.starts_with('-') || words.ends_with(':') {
                    break;
                }
                continue;
            };
            let span = part.text.span(line.range(spot.range));
            draft.claim(bare(spot.address, Kind::LoginAttack, Role::Offender, span).at(When::of_mail(mail)));
        }
    }
    (!draft.claims.is_empty()).then_some(draft)
}
