//! XARF v1 to v3 and the drafts before them (abusix/xarf, schemas of each version): `Version`, `ReporterInfo`, `Report`.

use crate::claims::{Draft, bare};
use crate::document::{Document, Found};
use crate::explain;
use crate::json::{self, Object, Word};
use crate::reading::{Format, Kind, Role};

use super::v4::{member, no_address, span};
use super::{found, kinds, reporter, transport, v3_faults, when};

/// Fields that hold the address that did it: all versions, the compromised account's attacker, and a bare `Ip`.
const SOURCES: [&str; 4] = ["sourceip", "attackerip", "sourceipaddress", "ip"];
/// Fields that hold the URL complained of.
const URLS: [&str; 4] = ["sourceurl", "url", "infringingurl", "reportedurl"];

/// Reads one report into `draft`.
pub(super) fn read(document: &Document<'_>, object: &Object<'_>, mut draft: Draft) -> Found {
    v3_faults::note(object, &mut draft);
    let info = object.object("reporterinfo");
    let from = info.as_ref().and_then(|info| {
        ["reporterorgemail", "reportercontactemail"].iter().find_map(|key| reporter(info.string(&[key])))
    });
    let report = object.object("report");
    let id = report.as_ref().and_then(|report| report.string(&["reportid", "reportercaseid", "id"]));
    let id = id.or_else(|| object.string(&["reportid"]));
    match &report {
        Some(report) => claim(document, report, &mut draft),
        None => draft.doubt("there is no report in it; nobody is accused"),
    }
    found(Format::XarfV3, draft, from, id)
}

fn claim(document: &Document<'_>, report: &Object<'_>, draft: &mut Draft) {
    let url = report.string(&URLS).or_else(|| report.object("source")?.string(&["url", "uri"]));
    let Some(source) = source(report) else {
        draft.doubt(if url.is_some() {
            "it names a URL but no address; names are not looked up"
        } else {
            "it names no source; nobody is accused"
        });
        return;
    };
    let Some(host) = json::host(&source.text) else {
        draft.doubt(&no_address(&source.text));
        return;
    };
    let (kind, role) = alleged(report);
    let stated = |key: &str| report.string(&[key]).unwrap_or_default();
    let by = || format!("ReportClass `{}` and ReportType `{}`", stated("reportclass"), stated("reporttype"));
    document.note(
        || explain::because(host.address, (role, "the source that the report states"), (kind, &by())),
        || member(document, &source),
    );
    let written = report.string(&["date", "timestamp"]);
    let when = when(written.as_deref(), "Date", draft);
    let port = report.port(&["sourceport", "attackerport"]);
    let service = report.port(&["serviceport", "port"]);
    let port = port.or(service.filter(|_| is_vulnerability(report))).or(host.port);
    let protocol = report.string(&["transportprotocol", "protocol"]);
    let mut claim = bare(host.address, kind, role, span(document, &source, &host))
        .at(when)
        .on(port, transport(protocol.as_deref()))
        .advertising(url.as_deref().unwrap_or_default());
    claim.malware = malware(report).map(Into::into);
    claim.xarf = is_open_service(report).then(|| "vulnerability/open_service".into());
    draft.claim(claim);
    victim(document, report, kind, draft);
}

/// The source: a field of its own, or (3.0.0) an object `Source` with `IP` or `Value`, or the host of the URL.
fn source(report: &Object<'_>) -> Option<Word> {
    let inner = || report.object("source")?.word(&["ip", "value", "address"]);
    let inner_url = || report.object("source")?.word(&["url", "uri"]);
    let url = || report.word(&URLS).or_else(inner_url).filter(|url| json::host(&url.text).is_some());
    report.word(&SOURCES).or_else(inner).or_else(|| report.word(&["source"])).or_else(url)
}

fn class(report: &Object<'_>) -> String {
    report.string(&["reportclass"]).unwrap_or_default().to_ascii_lowercase()
}

fn is_vulnerability(report: &Object<'_>) -> bool {
    class(report) == "vulnerability"
}

fn is_open_service(report: &Object<'_>) -> bool {
    let kind = report.string(&["reporttype"]).unwrap_or_default();
    is_vulnerability(report) && json::plain_key(&kind) == "openservice"
}

fn alleged(report: &Object<'_>) -> (Kind, Role) {
    let kind = report.string(&["reporttype"]).unwrap_or_default();
    let role = if class(report) == "content" { Role::WebHost } else { Role::Offender };
    let known = kinds::of_type(&kind).unwrap_or(Kind::Other);
    if !is_vulnerability(report) || known != Kind::Other {
        let role = if known == Kind::PhoneHome { Role::Offender } else { role };
        return (known, role);
    }
    let words: Vec<String> =
        ["servicename", "service", "serviceversion", "reportsubtype", "applicationprotocol"]
            .iter()
            .filter_map(|key| report.string(&[key]))
            .collect();
    (kinds::open_service(&words).unwrap_or(Kind::Other), Role::Offender)
}

fn malware(report: &Object<'_>) -> Option<String> {
    const NAMES: [&str; 3] = ["malwarename", "malwarefamily", "botnetname"];
    let more = || report.object("additionalinfo")?.string(&NAMES);
    let named: String = report.string(&NAMES).or_else(more)?;
    let named: String = named.trim().chars().filter(|c| !c.is_control()).take(100).collect();
    (!named.is_empty()).then_some(named)
}

fn victim(document: &Document<'_>, report: &Object<'_>, kind: Kind, draft: &mut Draft) {
    let Some(target) = report.word(&["destinationip"]) else { return };
    let Some(host) = json::host(&target.text) else { return };
    let port = report.port(&["destinationport"]).or(host.port);
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
