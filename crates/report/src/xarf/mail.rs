//! X-ARF 0.1 and 0.2: a mail with a part of `Key: value` lines, marked by a header field (x-arf.org, specification 0.2;
//! the field is `X-ARF` in 0.1 and `X-XARF` in 0.2, its value YES, PLAIN or SECURE).

use std::ops::Range;

use crate::claims::{Draft, When, bare};
use crate::document::Found;
use crate::json::{self, Host};
use crate::mail::Mail;
use crate::mime::{Part, PartKind};
use crate::reading::{Claim, Format, Kind, Protocol, Role};
use crate::{explain, time};

use super::v4::no_address;
use super::{found, kinds, reporter, transport};

/// Fields of one report that are read.
const MOST_FIELDS: usize = 200;

/// Log-in services, for reports whose type says nothing.
const LOGINS: [&str; 12] =
    ["ssh", "sshd", "imap", "pop3", "ftp", "sasl", "smtp-auth", "dovecot", "courier", "sip", "rdp", "telnet"];

/// The fields of the report, each with where its value stands in the text.
struct Fields<'m> {
    part: &'m Part,
    fields: Vec<(String, String, Range<usize>)>,
}

impl Fields<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let value = self.fields.iter().find(|(key, _, _)| key == name).map(|(_, value, _)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    fn range(&self, name: &str) -> Option<Range<usize>> {
        self.fields.iter().find(|(key, _, _)| key == name).map(|(_, _, range)| range.clone())
    }

    fn port(&self, name: &str) -> Option<u16> {
        self.get(name)?.parse().ok().filter(|&port| port > 0)
    }
}

/// Reads the report in `mail`; None when there is none.
pub(crate) fn read(mail: &Mail<'_>) -> Option<Found> {
    let mark =
        mail.field("x-xarf").or_else(|| mail.field("x-arf")).unwrap_or_default().trim().to_ascii_lowercase();
    if let Some(fields) = fields(mail, !mark.is_empty()) {
        let mut draft = Draft::default();
        claim(mail, &fields, &mut draft);
        let from = reporter(fields.get("reported-from").map(str::to_owned));
        let id = fields.get("report-id").map(str::to_owned);
        return Some(found(Format::XarfMail, draft, from, id));
    }
    let sealed = |mime: &String| {
        mime == "multipart/encrypted" || mime.contains("pkcs7-mime") || mime == "application/pgp-encrypted"
    };
    if mark == "secure" || !mark.is_empty() && mail.mimes.iter().any(sealed) {
        let mut draft = Draft::default();
        draft.doubt(
            "an X-ARF report that is encrypted or signed whole; it has to be opened with our key by hand",
        );
        return Some(found(Format::XarfMail, draft, None, None));
    }
    None
}

/// The part that is the report. In a mail that is not marked it has to name its schema.
fn fields<'m>(mail: &'m Mail<'_>, marked: bool) -> Option<Fields<'m>> {
    let readable = mail.parts.iter().filter(|part| matches!(part.kind, PartKind::Words | PartKind::Data));
    readable.filter_map(parse).find(|fields| {
        let has = |name: &str| fields.get(name).is_some();
        let named = has("source") || has("source-type");
        let typed = has("report-type") || has("category");
        let schema =
            fields.get("schema-url").is_some_and(|url| url.contains("arf") || url.contains("schema"));
        named && typed && has("reported-from") && (marked || schema)
    })
}

fn parse(part: &Part) -> Option<Fields<'_>> {
    let text = part.text.as_str();
    if !text.contains("Reported-From") && !text.contains("reported-from") {
        return None;
    }
    let mut fields = Vec::new();
    for line in part.text.lines() {
        let Some((key, value)) = line.words.split_once(':') else { continue };
        let key = key.trim();
        if key.is_empty() || key.len() > 40 || key.contains(char::is_whitespace) {
            continue;
        }
        let inner = value.trim().trim_matches(['"', '\'']);
        let start = key_length(line.words, inner, value);
        let range = line.range(start..start + inner.len());
        fields.push((key.to_ascii_lowercase(), inner.to_owned(), range));
        if fields.len() >= MOST_FIELDS {
            break;
        }
    }
    Some(Fields { part, fields })
}

/// Where the trimmed value begins in its line.
fn key_length(line: &str, inner: &str, value: &str) -> usize {
    line.len() - value.len() + value.find(inner).unwrap_or(0)
}

fn claim(mail: &Mail<'_>, fields: &Fields<'_>, draft: &mut Draft) {
    let kind_of_source = fields.get("source-type").unwrap_or_default().to_ascii_lowercase();
    let name = if fields.get("source").is_some() { "source" } else { "ip" };
    let Some(source) = fields.get(name) else {
        draft.doubt("it names no source; nobody is accused");
        return;
    };
    let host = json::host(source).or_else(|| {
        // `uri` and `domain` may come with the address beside them.
        json::host(fields.get("ip").or(fields.get("source-ip"))?)
    });
    let Some(host) = host else {
        beside(mail, fields, source, draft);
        return;
    };
    if !kind_of_source.is_empty() && !is_address_type(&kind_of_source) && !source.contains("://") {
        draft.doubt("its Source-Type is not that of an address, but its Source is one");
    }
    let Some(whole) = fields.range(name) else { return };
    let range = if json::host(source).is_some() {
        whole.start + host.range.start..whole.start + host.range.end
    } else {
        whole
    };
    let claim = make(mail, fields, source, &host, range, draft);
    note(mail, fields, &claim, "the Source");
    draft.claim(claim);
}

/// The claim on `host`, which stands at `range` in the text.
fn make(
    mail: &Mail<'_>,
    fields: &Fields<'_>,
    source: &str,
    host: &Host,
    range: Range<usize>,
    draft: &mut Draft,
) -> Claim {
    let (kind, role) = alleged(fields);
    let when = when(mail, fields, draft);
    let port = port(fields, kind).or(host.port);
    let url = ["download-link", "url", "uri", "link"].iter().find_map(|key| fields.get(key));
    let url = url.or_else(|| source.contains("://").then_some(source)).unwrap_or_default();
    let protocol = transport(fields.get("transport-protocol").or(fields.get("protocol")));
    let protocol = protocol.or_else(|| port.map(|_| Protocol::Tcp));
    let mut claim = bare(host.address, kind, role, fields.part.text.span(range))
        .at(when)
        .on(port, protocol)
        .advertising(url);
    claim.malware = fields
        .get("malware-name")
        .or(fields.get("antivirus-result"))
        .or(fields.get("classification-identifier"))
        .filter(|_| kind == Kind::Malware)
        .map(|name| name.chars().take(100).collect::<String>().into());
    claim
}

/// A source that is a name or URL: the words of the mail may give its address in brackets behind it, on the same line.
fn beside(mail: &Mail<'_>, fields: &Fields<'_>, source: &str, draft: &mut Draft) {
    let name =
        source.split("://").last().and_then(|rest| rest.split(['/', ':', '?']).next()).unwrap_or_default();
    let found = mail.words().filter(|_| name.contains('.')).find_map(|part| {
        part.text.lines().filter(|line| line.words.contains(name)).take(8).find_map(|line| {
            let open = line.words.rfind(['[', '(']).filter(|&open| Some(open) > line.words.find(name))? + 1;
            let inner = line.words.get(open..)?;
            let host = json::host(inner.get(..inner.find([']', ')'])?)?)?;
            let range = line.range(open + host.range.start..open + host.range.end);
            Some((host.address, part.text.span(range)))
        })
    });
    let Some((address, span)) = found else {
        draft.doubt(&no_address(source));
        return;
    };
    draft.doubt("the report's source is a name; its address was taken from the words beside it");
    let (kind, role) = alleged(fields);
    let when = when(mail, fields, draft);
    let url = if source.contains("://") { source } else { "" };
    let claim = bare(address, kind, role, span).at(when).advertising(url);
    note(mail, fields, &claim, "the address beside the Source's name");
    draft.claim(claim);
}

fn note(mail: &Mail<'_>, fields: &Fields<'_>, claim: &Claim, as_what: &str) {
    let stated = |name: &str| fields.get(name).unwrap_or_default();
    let by = || format!("Category `{}` and Report-Type `{}`", stated("category"), stated("report-type"));
    mail.note(
        || explain::because(claim.address, (claim.role, as_what), (claim.kind, &by())),
        || Some(claim.span.clone()),
    );
}

fn is_address_type(kind: &str) -> bool {
    matches!(kind, "ip-address" | "ipv4" | "ipv6" | "ip" | "ip-v4" | "ip-v6")
}

/// The type decides, then what the category and the service imply.
fn alleged(fields: &Fields<'_>) -> (Kind, Role) {
    let stated = fields.get("report-type").unwrap_or_default();
    let category = fields.get("category").unwrap_or_default().to_ascii_lowercase();
    let service = fields.get("service").unwrap_or_default().to_ascii_lowercase();
    let words = [stated.to_owned(), service.clone()];
    let kind = kinds::open_service(&words).filter(|_| stated.to_ascii_lowercase().contains("open"));
    let kind = kind
        .or_else(|| kinds::of_type(stated))
        .or_else(|| LOGINS.contains(&service.as_str()).then_some(Kind::LoginAttack))
        .or_else(|| (category == "fraud").then_some(Kind::Phishing))
        .unwrap_or(Kind::Other);
    let hosted = fields.get("download-link").is_some()
        || matches!(kind, Kind::Phishing | Kind::Copyright)
        || stated.eq_ignore_ascii_case("malware-attack");
    (kind, if hosted { Role::WebHost } else { Role::Offender })
}

/// `Port` is the port that was attacked, at the reporter's; it is the accused host's own where that stands open or hosts
/// something.
fn port(fields: &Fields<'_>, kind: Kind) -> Option<u16> {
    let own = fields.port("source-port").or(fields.port("download-port"));
    own.or_else(|| fields.port("port").filter(|_| matches!(kind, Kind::OpenProxy | Kind::OpenRelay)))
}

fn when(mail: &Mail<'_>, fields: &Fields<'_>, draft: &mut Draft) -> When {
    let Some(written) = fields.get("date") else {
        draft.doubt("the report states no Date; that of the mail was taken");
        return When::of_mail(mail);
    };
    let stamp = time::first(written, mail.sent);
    if stamp.is_none() {
        draft.doubt("its Date is not a time; that of the mail was taken");
        return When::of_mail(mail);
    }
    draft.when(stamp.as_ref(), None, mail)
}
