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
use crate::{charset, explain, fold, lexicon, limits, received, spot, time, words};

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
    /// The parts for people that stand beside it, and the parts that hold what it encloses.
    beside: Vec<&'m Part>,
    enclosed: Vec<&'m Part>,
    /// Whether the mail has other reports.
    among_others: bool,
}

/// Lines of the words beside a report that are looked at.
const SAID: usize = 200;
/// Feedback reports of one mail that are read.
const REPORTS: usize = 200;

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

/// Reads a feedback report, or a complaint feed that has none, and whether it alleges abuse; None when it is neither.
pub(crate) fn read(mail: &Mail<'_>) -> Option<(Draft, bool)> {
    let mut draft = Draft::default();
    let several = several(mail);
    if several.len() > 1 {
        draft.doubt("the mail holds several reports");
        several.iter().for_each(|fields| claim(mail, fields, &mut draft));
        return Some((draft, several.iter().any(accuses)));
    }
    if let Some(fields) = fields(mail) {
        claim(mail, &fields, &mut draft);
        if fields.depth > 0 {
            draft.doubt("the report came enclosed in another message");
        }
        return Some((draft, accuses(&fields)));
    }
    if is_bare_complaint(mail) {
        read_bare(mail, &mut draft);
        return Some((draft, true));
    }
    None
}

/// Whether a report alleges abuse: `not-spam` takes it back, `auth-failure` speaks to the owner of a domain
/// (RFC 6591), `opt-out` asks to be taken off a list.
fn accuses(fields: &Fields<'_>) -> bool {
    !matches!(
        feedback_type(fields).as_str(),
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
    let beside = mail.parts.iter().filter(|part| part.depth == 0 && part.kind != PartKind::Headers);
    let is_enclosed = |other: &&Part| other.kind == PartKind::Headers && other.depth >= part.depth;
    let enclosed = mail.parts.iter().filter(is_enclosed);
    of_part(part, typed(part), beside.collect(), enclosed.collect())
}

fn of_part<'m>(
    part: &'m Part,
    whole: bool,
    beside: Vec<&'m Part>,
    enclosed: Vec<&'m Part>,
) -> Option<Fields<'m>> {
    let fields = parse(&part.text, whole);
    let is_report = fields.iter().any(|field| field.name == "feedback-type");
    let (text, depth) = (&part.text, part.depth);
    is_report.then_some(Fields { text, depth, fields, beside, enclosed, among_others: false })
}

/// The feedback reports of a mail that gathers several, each with the parts before it that speak to people and the
/// message behind it (RFC 5965 section 2 has them in this order).
fn several<'m>(mail: &'m Mail<'_>) -> Vec<Fields<'m>> {
    let is_report = |part: &Part| part.mime == "message/feedback-report" && part.kind == PartKind::Data;
    let places = mail.parts.iter().enumerate().filter(|(_, part)| is_report(part)).map(|(at, _)| at);
    let places: Vec<usize> = places.take(REPORTS).collect();
    let report = |number: usize, at: usize| {
        let part = mail.parts.get(at)?;
        let is_beside = |other: &&Part| other.depth == part.depth && is_words(other);
        let before = mail.parts.get(..at)?.iter().rev();
        let beside = before.take_while(is_beside).collect();
        let end = places.get(number + 1).copied().unwrap_or(mail.parts.len());
        let behind = mail.parts.get(at + 1..end)?.iter();
        // The header fields of a message beside this one are those of the next report.
        let is_enclosed = |other: &&Part| {
            other.kind == PartKind::Headers
                && (other.depth > part.depth || other.depth == part.depth && !other.mime.is_empty())
        };
        let enclosed = behind.filter(is_enclosed);
        of_part(part, true, beside, enclosed.take(1).collect())
    };
    let mut reports: Vec<_> =
        places.iter().enumerate().filter_map(|(number, &at)| report(number, at)).collect();
    let among_others = reports.len() > 1;
    reports.iter_mut().for_each(|fields| fields.among_others = among_others);
    reports
}

fn is_words(part: &Part) -> bool {
    matches!(part.kind, PartKind::Words | PartKind::Html)
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
        walk(mail, &fields.enclosed, kind, role, when, draft);
        return;
    };
    let protocol = port.map(|_| Protocol::Tcp);
    let by = || format!("Feedback-Type `{}` and the words beside it", feedback_type(fields));
    mail.note(
        || explain::because(address, (role, "the Source-IP of the feedback report"), (kind, &by())),
        || Some(whole(fields).unwrap_or_else(|| span.clone())),
    );
    draft.claim(bare(address, kind, role, span).at(when).on(port, protocol).advertising(url));
}

fn source(fields: &Fields<'_>) -> Option<(IpAddr, Range<usize>)> {
    let field = fields.first("source-ip").or(fields.first("source"))?;
    let words = fields.text.as_str().get(field.range.clone())?;
    let found = address::first(words)?;
    let range = field.range.start + found.range.start..field.range.start + found.range.end;
    Some((found.address, fields.text.span(range)))
}

/// The field that states the source, with its name.
fn whole(fields: &Fields<'_>) -> Option<Range<usize>> {
    let value = &fields.first("source-ip").or(fields.first("source"))?.range;
    let start = fields.text.as_str().get(..value.start)?.rfind('\n').map_or(0, |at| at + 1);
    Some(fields.text.span(start..value.end))
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
            // Beside a report that accuses, it would accuse too.
            let role = if fields.among_others { Role::Mentioned } else { Role::Offender };
            (Kind::Other, role)
        }
        "not-spam" => {
            draft.doubt("takes an earlier report back");
            (Kind::Other, Role::Mentioned)
        }
        "opt-out" | "opt-out-list" => {
            draft.doubt("asks to be taken off a mailing list");
            (Kind::Other, Role::Mentioned)
        }
        "abuse" => (said(mail, fields).unwrap_or(Kind::SpamSource), Role::Offender),
        _ => (said(mail, fields).unwrap_or(Kind::Other), Role::Offender),
    }
}

static ASSERTED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?im)^(?P<head>.*?)\b(?:is|was|as|through|via|from)\s+(?:an?\s+)?(?:\w+\s+)?open\s+(?:\w+\s+)?(?P<what>proxy|relay)\b").ok()
});

/// What the words beside the report say, where they say more than that it is spam.
fn said(mail: &Mail<'_>, fields: &Fields<'_>) -> Option<Kind> {
    let beside = || fields.beside.iter().copied();
    let kind = beside().filter_map(|part| asserted(part.text.as_str())).min();
    if let Some(kind) = kind.or_else(|| beside().filter_map(|part| spotted(mail, part)).min()) {
        return Some(kind);
    }
    // A forwarded subject is the spammer's word, and that of a mail with several reports is about none of them.
    if fields.depth > 0 {
        return None;
    }
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

/// What the spotter's lists hold for said outright in a part, in any language.
fn spotted(mail: &Mail<'_>, part: &Part) -> Option<Kind> {
    let bytes = part.bytes(&mail.raw, limits::PART_TEXT);
    let words = charset::decode(&bytes, part.charset.as_deref());
    let own = words.as_str().lines().filter(|line| !line.starts_with('>'));
    let folded = fold::words(&own.take(SAID).collect::<Vec<_>>().join("\n"));
    let (signs, _) = spot::signs(folded.as_str(), &lexicon::find(folded.as_str()));
    let outright =
        signs.iter().filter(|sign| sign.weight > 2 && matches!(sign.kind, Kind::OpenProxy | Kind::OpenRelay));
    outright.map(|sign| sign.kind).min()
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
    let mut hops = fields.enclosed.iter().flat_map(|part| received::chain(&part.text, mail.sent));
    hops.find(|hop| hop.from.as_ref().is_some_and(|(from, _)| *from == source))?.stamp?.stated()
}

/// `... received from IP 192.0.2.1 on Thu, 8 Mar 2005 14:00:00 EDT`, in the words for people.
fn told(words: &str, mail: &Mail<'_>) -> Option<jiff::Timestamp> {
    let at = words.find("received from")?;
    let flat: String =
        words.get(at..)?.chars().take(200).map(|c| if c == '\n' || c == '\r' { ' ' } else { c }).collect();
    time::first(&flat, mail.sent)?.stated()
}

/// What a host is that the enclosed message's chain accuses.
const PASSED: &str = "the host that gave the enclosed message to the reporter's side, by its Received fields";

/// The enclosed message's chain, from the reporter's side inward.
fn walk(mail: &Mail<'_>, enclosed: &[&Part], kind: Kind, role: Role, when: When, draft: &mut Draft) {
    let enclosed = enclosed.iter().copied();
    let fallback = mail.words().filter(|part| part.text.as_str().contains("Received: from"));
    for part in enclosed.chain(fallback) {
        let hops = received::chain(&part.text, mail.sent);
        let Some(hop) = received::entry(&hops).and_then(|at| hops.get(at)) else { continue };
        let Some((address, range)) = &hop.from else { continue };
        let passed = draft.when(hop.stamp.as_ref(), None, mail);
        let when = if when.basis == TimeBasis::Stated || passed.time.is_none() { when } else { passed };
        mail.note(
            || explain::because(*address, (role, PASSED), (kind, "the kind of feedback")),
            || Some(part.text.span(range.clone())),
        );
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
    let is_enclosed = |part: &&Part| part.kind == PartKind::Headers && part.depth >= 1;
    let enclosed: Vec<&Part> = mail.parts.iter().filter(is_enclosed).collect();
    let Some(found) = address::first(&mail.subject) else {
        walk(mail, &enclosed, Kind::SpamSource, Role::Offender, When::of_mail(mail), draft);
        return;
    };
    let mut chain = Draft::default();
    walk(mail, &enclosed, Kind::SpamSource, Role::Offender, When::of_mail(mail), &mut chain);
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
