//! XARF v4 (xarf-spec, schemas/v4/xarf-core.json and schemas/v4/types).

use crate::claims::{Draft, bare};
use crate::document::{Document, Found};
use crate::explain;
use crate::json::{self, Host, Object, Word};
use crate::reading::{Format, Kind, Role};

use super::{found, kinds, reporter, transport, v4_faults, when};

/// Fields that name the service a vulnerability report is about.
const SERVICES: [&str; 9] = [
    "service",
    "servicename",
    "serviceversion",
    "misconfigurationtype",
    "vulnerabilitytype",
    "proxytype",
    "applicationprotocol",
    "product",
    "subtype",
];

/// Reads one report into `draft`.
pub(super) fn read(document: &Document<'_>, object: &Object<'_>, mut draft: Draft) -> Found {
    v4_faults::note(object, &mut draft);
    let said_by = object.object("reporter");
    let sent_by = object.object("sender");
    let contact = |party: &Option<Object<'_>>| {
        party.as_ref().and_then(|party| party.string(&["contact", "contactemail", "email"]))
    };
    let from = reporter(contact(&said_by)).or_else(|| reporter(contact(&sent_by)));
    claim(document, object, &mut draft);
    found(Format::XarfV4, draft, from, object.string(&["reportid"]))
}

fn claim(document: &Document<'_>, object: &Object<'_>, draft: &mut Draft) {
    let Some(source) = object.word(&["sourceidentifier"]) else {
        draft.doubt("it names no source; nobody is accused");
        return;
    };
    let Some(host) = json::host(&source.text) else {
        draft.doubt(&no_address(&source.text));
        return;
    };
    let stated = stated(object, draft);
    let (category, kind) = stated.split_once('/').unwrap_or_default();
    let (kind, role) = alleged(object, category, kind);
    let by = format!("category and type `{stated}`, and the service it names");
    document.note(
        || explain::because(host.address, (role, "the source_identifier"), (kind, &by)),
        || member(document, &source),
    );
    let time = object.string(&["timestamp"]);
    let when = when(time.as_deref(), "timestamp", draft);
    let port = port(object, &host, kind, category);
    let protocol = object.string(&["protocol", "transportprotocol"]);
    let url = object
        .string(&["url", "sourceurl"])
        .or_else(|| source.text.contains("://").then(|| source.text.clone()));
    let mut claim = bare(host.address, kind, role, span(document, &source, &host))
        .at(when)
        .on(port, transport(protocol.as_deref()))
        .advertising(url.as_deref().unwrap_or_default());
    claim.malware = malware(object).map(Into::into);
    claim.xarf = (stated.len() > 1).then(|| stated.as_str().into());
    draft.claim(claim);
    victim(document, object, kind, draft);
}

/// The category and type as the report states them, joined by a slash.
fn stated(object: &Object<'_>, draft: &mut Draft) -> String {
    let name = |keys: &[&str]| {
        let text = object.string(keys).unwrap_or_default();
        text.trim().chars().filter(|c| !c.is_control()).take(64).collect::<String>()
    };
    // Drafts of v4 said `class` for `category`.
    let (category, kind) = (name(&["category", "class"]), name(&["type"]));
    if category.is_empty() && kind.is_empty() {
        draft.doubt("it states neither category nor type");
    }
    format!("{category}/{kind}")
}

fn alleged(object: &Object<'_>, category: &str, kind: &str) -> (Kind, Role) {
    let (category, name) = (category.to_ascii_lowercase(), kind.to_ascii_lowercase());
    let (kind, role) = kinds::of_v4(&category, &name);
    let open = matches!(category.as_str(), "vulnerability" | "infrastructure");
    if !open || !matches!(kind, Kind::Other | Kind::OpenProxy | Kind::OpenRelay) {
        return (kind, role);
    }
    let mut words: Vec<String> = SERVICES.iter().filter_map(|key| object.string(&[key])).collect();
    words.extend(tags(object).filter(|tag| tag.starts_with("service:") || tag.starts_with("vulnerability:")));
    (kinds::open_service(&words).unwrap_or(kind), role)
}

/// The port on the accused host. A vulnerability report may name the open port beside the source port it has no use for.
fn port(object: &Object<'_>, host: &Host, kind: Kind, category: &str) -> Option<u16> {
    let open =
        category.eq_ignore_ascii_case("vulnerability") || matches!(kind, Kind::OpenProxy | Kind::OpenRelay);
    let service = object.port(&["serviceport", "port"]).filter(|_| open);
    object.port(&["sourceport"]).or(service).or(host.port)
}

fn malware(object: &Object<'_>) -> Option<String> {
    const NAMES: [&str; 5] = ["malwarefamily", "malwarename", "malwaretype", "botnetname", "family"];
    let named = object.string(&NAMES).or_else(|| {
        tags(object).find_map(|tag| {
            let (space, name) = tag.split_once(':')?;
            matches!(space, "malware" | "botnet").then(|| name.to_owned())
        })
    })?;
    let named: String = named.trim().chars().filter(|c| !c.is_control()).take(100).collect();
    (!named.is_empty()).then_some(named)
}

fn tags(object: &Object<'_>) -> impl Iterator<Item = String> {
    let items = object.items("tags").unwrap_or_default();
    items.into_iter().take(20).filter_map(|tag| serde_json::from_str::<String>(tag.get()).ok())
}

fn victim(document: &Document<'_>, object: &Object<'_>, kind: Kind, draft: &mut Draft) {
    let Some(target) = object.word(&["destinationip", "targetip"]) else { return };
    let Some(host) = json::host(&target.text) else {
        draft.doubt("destination_ip is no address");
        return;
    };
    let port = object.port(&["destinationport", "targetport"]).or(host.port);
    document.note(
        || {
            explain::because(
                host.address,
                (Role::Victim, "the destination that it states"),
                (kind, "the same"),
            )
        },
        || member(document, &target),
    );
    draft.claim(bare(host.address, kind, Role::Victim, span(document, &target, &host)).on(port, None));
}

/// Why a source accuses nobody we can look up.
pub(super) fn no_address(source: &str) -> String {
    let shown: String = source.chars().filter(|c| !c.is_control()).take(80).collect();
    if source.trim().parse::<ipnet::IpNet>().is_ok() {
        format!("the source is a whole network ({shown}); no single address is accused")
    } else {
        format!("the source is no address ({shown}); names are not looked up")
    }
}

/// Where the address stands: the exact bytes, unless it is written with escapes.
pub(super) fn span(document: &Document<'_>, word: &Word, host: &Host) -> std::ops::Range<usize> {
    let exact = word.range.len() == word.text.len();
    let range = if exact {
        word.range.start + host.range.start..word.range.start + host.range.end
    } else {
        word.range.clone()
    };
    document.span(range)
}

/// A value with the key before it.
pub(super) fn member(document: &Document<'_>, word: &Word) -> std::ops::Range<usize> {
    let head = document.bytes.get(..word.range.start).unwrap_or_default();
    let begin = head.iter().rposition(|byte| matches!(byte, b'{' | b',')).map_or(0, |at| at + 1);
    let blank =
        head.get(begin..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    begin + blank..word.range.end
}
