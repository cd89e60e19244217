//! Abuse Reporting Format: RFC 5965, 6591, 6650 and 6692, and what is sent under that name.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::address;
use crate::claims::{Draft, When, bare};
use crate::mail::Mail;
use crate::mime::{Part, PartKind};
use crate::reading::{Kind, Protocol, Role, TimeBasis};
use crate::seek::Seek;
use crate::text::Text;
use crate::{received, time, words};

/// A field of the feedback report: its value with where it stands.
#[derive(Debug, Clone)]
struct Field {
    name: String,
    value: String,
    range: Range<usize>,
}

/// The fields of a feedback report.
#[derive(Debug)]
pub(crate) struct Fields<'m> {
    text: &'m Text,
    depth: u8,
    fields: Vec<Field>,
}

impl Fields<'_> {
    fn first(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    fn value(&self, name: &str) -> &str {
        self.first(name).map_or("", |field| field.value.trim())
    }
}

/// What every feedback report has.
const MARK: Seek = Seek::new("feedback-type");
static START: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?im)^[> ]*Feedback-Type\s*:").ok());
static COMPLAINT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)complaint about (?:message|mail|e-mail) from\s").ok());

/// Reads a feedback report, or a complaint feed that has none; None when it is neither.
pub(crate) fn read(mail: &Mail<'_>) -> Option<Draft> {
    let mut draft = Draft::default();
    if let Some(fields) = fields(mail) {
        claim(mail, &fields, &mut draft);
        if fields.depth > 0 {
            draft.doubt("the report came enclosed in another message");
        }
        return Some(draft);
    }
    if is_bare_complaint(mail) {
        read_bare(mail, &mut draft);
        return Some(draft);
    }
    None
}

/// Whether the report alleges abuse: `not-spam` takes it back, `auth-failure` speaks to the owner of a domain
/// (RFC 6591), `opt-out` asks to be taken off a list.
pub(crate) fn alleges(mail: &Mail<'_>) -> bool {
    let Some(fields) = fields(mail) else { return true };
    !matches!(
        feedback_type(&fields).as_str(),
        "not-spam" | "auth-failure" | "dmarc" | "opt-out" | "opt-out-list" | "dkim"
    )
}

fn feedback_type(fields: &Fields<'_>) -> String {
    fields.value("feedback-type").split([' ', ';', ',']).next().unwrap_or_default().to_ascii_lowercase()
}

/// The feedback report in `mail`: a part of that type, or any text that has its fields.
pub(crate) fn fields<'m>(mail: &'m Mail<'_>) -> Option<Fields<'m>> {
    let start = START.as_ref()?;
    let typed = |part: &Part| part.mime == "message/feedback-report";
    let candidate = |part: &&Part| {
        let text = part.text.as_str();
        part.kind != PartKind::Headers && MARK.is_in(text) && start.is_match(text)
    };
    let part = mail.parts.iter().filter(candidate).min_by_key(|part| (!typed(part), part.depth))?;
    let fields = parse(&part.text, typed(part));
    fields.iter().any(|field| field.name == "feedback-type").then_some(Fields {
        text: &part.text,
        depth: part.depth,
        fields,
    })
}

/// Fields, folded lines joined. In free text only the block around Feedback-Type counts; lines that are no field are
/// passed over (SpamCop puts a bare link among them).
fn parse(text: &Text, whole: bool) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    let mut begun = false;
    for line in text.lines() {
        if line.words.trim().is_empty() && !whole {
            if begun {
                break;
            }
            fields.clear();
        } else if line.words.starts_with([' ', '\t']) && !fields.is_empty() {
            if let Some(last) = fields.last_mut() {
                last.value.push(' ');
                last.value.push_str(line.words.trim());
                last.range.end = line.start + line.words.len();
            }
        } else if let Some((name, value)) = field(line.words) {
            let name = name.to_ascii_lowercase();
            begun |= name == "feedback-type";
            let range = line.range(line.words.len() - value.len()..line.words.len());
            fields.push(Field { name, value: value.to_owned(), range });
        }
    }
    fields
}

/// Name and value of a line that is a field: a blank may stand in front of it, and behind its colon.
fn field(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix(char::is_whitespace).unwrap_or(line);
    let (name, value) = line.split_at(memchr::memchr(b':', line.as_bytes())?);
    let name = name.trim_end();
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let value = value.get(1..)?;
    named.then(|| (name, value.strip_prefix(char::is_whitespace).unwrap_or(value)))
}

/// Makes the claim that the fields make.
pub(crate) fn claim(mail: &Mail<'_>, fields: &Fields<'_>, draft: &mut Draft) {
    let (kind, role) = alleged(mail, fields, draft);
    let when = arrival(mail, fields, draft);
    let port = port(fields);
    let urls: Vec<&Field> = fields.fields.iter().filter(|field| field.name == "reported-uri").collect();
    let url = urls
        .iter()
        .map(|field| field.value.trim())
        .find(|url| !url.starts_with("mailto:"))
        .unwrap_or_default();
    let Some((address, span)) = source(fields) else {
        draft.doubt("the report states no Source-IP; the address was taken from the enclosed message");
        walk(mail, fields.depth, kind, role, when, draft);
        return;
    };
    let protocol = port.map(|_| Protocol::Tcp);
    draft.claim(bare(address, kind, role, span).at(when).on(port, protocol).advertising(url));
}

fn source(fields: &Fields<'_>) -> Option<(IpAddr, Range<usize>)> {
    let field = fields.first("source-ip").or(fields.first("source"))?;
    let words = fields.text.as_str().get(field.range.clone())?;
    let found = address::first(words)?;
    let range = field.range.start + found.range.start..field.range.start + found.range.end;
    Some((found.address, fields.text.span(range)))
}

/// Source-Port (RFC 6692), or a port written behind the address.
fn port(fields: &Fields<'_>) -> Option<u16> {
    let stated = fields.value("source-port").split_whitespace().next().and_then(|port| port.parse().ok());
    stated
        .or_else(|| address::first(fields.value("source-ip")).and_then(|found| found.port))
        .filter(|&port: &u16| port > 0)
}

fn alleged(mail: &Mail<'_>, fields: &Fields<'_>, draft: &mut Draft) -> (Kind, Role) {
    let feedback = feedback_type(fields);
    match feedback.as_str() {
        "virus" => (Kind::Malware, Role::Offender),
        "fraud" | "phishing" => (Kind::Phishing, Role::Offender),
        "auth-failure" | "dmarc" | "dkim" => {
            draft.doubt(
                "reports a failed sender authentication to the owner of a domain, not abuse by this host",
            );
            (Kind::Other, Role::Offender)
        }
        "not-spam" => {
            draft.doubt("takes an earlier report back");
            (Kind::Other, Role::Mentioned)
        }
        "opt-out" | "opt-out-list" => {
            draft.doubt("asks to be taken off a mailing list");
            (Kind::Other, Role::Mentioned)
        }
        "abuse" => (said(mail).unwrap_or(Kind::SpamSource), Role::Offender),
        _ => (said(mail).unwrap_or(Kind::Other), Role::Offender),
    }
}

static ASSERTED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?im)^(?P<head>.*?)\b(?:is|was|as|through|via|from)\s+(?:an?\s+)?(?:\w+\s+)?open\s+(?:\w+\s+)?(?P<what>proxy|relay)\b").ok()
});

/// What the words beside the report say, where they say more than that it is spam.
fn said(mail: &Mail<'_>) -> Option<Kind> {
    let beside = mail.parts.iter().filter(|part| part.depth == 0 && part.kind != PartKind::Headers);
    if let Some(kind) = beside.filter_map(|part| asserted(part.text.as_str())).min() {
        return Some(kind);
    }
    // A forwarded subject is the spammer's word.
    let subject = mail.subject.trim_start();
    let subject =
        if subject.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("fw")) { "" } else { subject };
    let grave =
        |kind: &Kind| matches!(kind, Kind::OpenProxy | Kind::OpenRelay | Kind::Malware | Kind::Phishing);
    words::kind(subject, "").filter(grave)
}

/// `... is an open proxy`, said and not only supposed.
fn asserted(words: &str) -> Option<Kind> {
    let found = ASSERTED.as_ref()?.captures(words)?;
    let head = found.name("head").map_or("", |head| head.as_str()).to_ascii_lowercase();
    let supposed = ["if ", "whether ", "not ", "may ", "might ", "could ", "check "]
        .iter()
        .any(|word| head.contains(word));
    let proxy = found.name("what")?.as_str().eq_ignore_ascii_case("proxy");
    (!supposed).then_some(if proxy { Kind::OpenProxy } else { Kind::OpenRelay })
}

/// When the message arrived. Arrival-Date is the standard's name, Received-Date its draft's; without them what the words
/// for people say, then the enclosed message's own chain, then the Date of the report.
fn arrival(mail: &Mail<'_>, fields: &Fields<'_>, draft: &mut Draft) -> When {
    let field = fields.first("arrival-date").or(fields.first("received-date")).or(fields.first("date"));
    let stamp = field.and_then(|field| time::first(&field.value, mail.sent));
    if let Some(stamp) = stamp {
        return draft.when(Some(&stamp), None, mail);
    }
    let said = mail.words().find_map(|part| told(part.text.as_str(), mail)).or_else(|| passed(mail, fields));
    said.map_or_else(|| When::of_mail(mail), |time| When { time: Some(time), basis: TimeBasis::Stated })
}

/// When the enclosed message was taken from the Source-IP.
fn passed(mail: &Mail<'_>, fields: &Fields<'_>) -> Option<jiff::Timestamp> {
    let (source, _) = source(fields)?;
    let headers =
        mail.parts.iter().filter(|part| part.kind == PartKind::Headers && part.depth >= fields.depth);
    let mut hops = headers.flat_map(|part| received::chain(&part.text, mail.sent));
    hops.find(|hop| hop.from.as_ref().is_some_and(|(from, _)| *from == source))?.stamp?.stated()
}

/// `... received from IP 192.0.2.1 on Thu, 8 Mar 2005 14:00:00 EDT`, in the words for people.
fn told(words: &str, mail: &Mail<'_>) -> Option<jiff::Timestamp> {
    let at = words.find("received from")?;
    let flat: String =
        words.get(at..)?.chars().take(200).map(|c| if c == '\n' || c == '\r' { ' ' } else { c }).collect();
    time::first(&flat, mail.sent)?.stated()
}

/// The enclosed message's chain, from the reporter's side inward.
fn walk(mail: &Mail<'_>, above: u8, kind: Kind, role: Role, when: When, draft: &mut Draft) {
    let enclosed = mail.parts.iter().filter(|part| part.kind == PartKind::Headers && part.depth >= above);
    let fallback = mail.words().filter(|part| part.text.as_str().contains("Received: from"));
    for part in enclosed.chain(fallback) {
        let hops = received::chain(&part.text, mail.sent);
        let Some(hop) = received::entry(&hops).and_then(|at| hops.get(at)) else { continue };
        let Some((address, range)) = &hop.from else { continue };
        let passed = draft.when(hop.stamp.as_ref(), None, mail);
        let when = if when.basis == TimeBasis::Stated || passed.time.is_none() { when } else { passed };
        draft.claim(bare(*address, kind, role, part.text.span(range.clone())).at(when));
        return;
    }
    draft.doubt("no address is stated and the enclosed message names none");
}

/// A complaint feed that only encloses the message (Microsoft JMRP).
fn is_bare_complaint(mail: &Mail<'_>) -> bool {
    let marked = mail.parts.iter().any(|part| {
        part.kind == PartKind::Headers
            && part.depth == 1
            && part.text.as_str().contains("X-HmXmrOriginalRecipient")
    });
    let named = COMPLAINT.as_ref().is_some_and(|complaint| complaint.is_match(&mail.subject));
    marked || named && mail.mimes.iter().any(|mime| mime == "message/rfc822")
}

fn read_bare(mail: &Mail<'_>, draft: &mut Draft) {
    let Some(found) = address::first(&mail.subject) else {
        walk(mail, 1, Kind::SpamSource, Role::Offender, When::of_mail(mail), draft);
        return;
    };
    let mut chain = Draft::default();
    walk(mail, 1, Kind::SpamSource, Role::Offender, When::of_mail(mail), &mut chain);
    let when = chain
        .claims
        .first()
        .map_or(When::of_mail(mail), |claim| When { time: claim.time, basis: claim.time_basis });
    draft.doubts.append(&mut chain.doubts);
    let span = subject_span(mail, found.address);
    draft.claim(bare(found.address, Kind::SpamSource, Role::Offender, span).at(when));
}

/// Where the subject names an address; the whole subject when it is encoded.
pub(crate) fn subject_span(mail: &Mail<'_>, address: IpAddr) -> Range<usize> {
    let Some(subject) = &mail.subject_text else { return 0..0 };
    let named = address::all(subject.as_str()).into_iter().find(|found| found.address == address);
    subject.span(named.map_or(0..subject.as_str().len(), |found| found.range))
}
