//! Where a report of v1 to v3 departs from the shape that the schemas ask for (abusix/xarf, schemas of each version).

use crate::claims::Draft;
use crate::json::{self, Object};

use super::check;

/// Classes of the drafts and of v1 to v3.
const CLASSES: [&str; 7] =
    ["activity", "content", "vulnerability", "system", "network", "messaging", "infrastructure"];
/// Fields that hold a mail address.
const ADDRESSES: [&str; 4] = ["smtpmailfromaddress", "smtprcpttoaddress", "fromaddress", "toaddress"];
/// Fields that count something.
const COUNTS: [&str; 5] = ["bytecount", "packetcount", "filesize", "attackcount", "asn"];
/// Fields that hold text, where there are any.
const TEXTS: [&str; 10] = [
    "reportercaseid",
    "reporternotes",
    "servicename",
    "serviceversion",
    "infringedmaterial",
    "trademarkedmaterial",
    "materialtype",
    "malwarename",
    "botnetname",
    "reportsubtype",
];
/// How grave a reporter may call it.
const SEVERITIES: [&str; 6] = ["info", "low", "normal", "medium", "high", "critical"];
/// The largest AS number (RFC 6793).
const LARGEST_ASN: f64 = 4_294_967_295.0;

/// Notes each fault as a doubt.
pub(super) fn note(object: &Object<'_>, draft: &mut Draft) {
    version(object, draft);
    party(object, "ReporterInfo", &["ReporterOrg", "ReporterOrgDomain", "ReporterOrgEmail"], draft);
    if object.has("onbehalfof") {
        party(object, "OnBehalfOf", &["ComplainantOrg", "ComplainantOrgEmail"], draft);
    }
    if let Some(report) = object.object("report") {
        class(&report, draft);
        times(&report, draft);
        source(&report, draft);
        values(&report, draft);
        by_type(&report, is_three(object), draft);
        samples(&report, draft);
    } else if object.has("report") {
        draft.doubt("Report is not an object");
    }
}

/// Whether it is of v3, which asks for less than those before.
fn is_three(object: &Object<'_>) -> bool {
    object.word(&["version"]).is_some_and(|version| version.text.starts_with('3'))
}

fn version(object: &Object<'_>, draft: &mut Draft) {
    match object.word(&["version"]) {
        None => draft.doubt("it states no Version"),
        Some(version) => {
            let text = version.text.to_ascii_lowercase();
            let known = matches!(text.as_str(), "alpha" | "beta" | "development" | "dev" | "draft");
            if !known && !text.starts_with(['0', '1', '2', '3']) {
                draft.doubt("its Version is none that is known");
            }
        }
    }
}

/// The reporter, or the complainant it speaks for.
fn party(object: &Object<'_>, name: &str, wanted: &[&str], draft: &mut Draft) {
    let key = json::plain_key(name);
    if object.raw(&[&key]).is_none() {
        draft.doubt(&format!("{name} is missing"));
        return;
    }
    let Some(party) = object.object(&key) else {
        draft.doubt(&format!("{name} is not an object"));
        return;
    };
    // A person has no organisation's domain and address.
    let person = party.string(&["reportertype"]).is_some_and(|kind| kind.eq_ignore_ascii_case("person"));
    let wanted = if person { wanted.get(..1).unwrap_or_default() } else { wanted };
    for field in wanted.iter().filter(|field| party.raw(&[&json::plain_key(field)]).is_none()) {
        draft.doubt(&format!("{name} states no {field}"));
    }
    let keys: Vec<&str> = party.keys().collect();
    for field in keys {
        let wrong = match party.string(&[field]) {
            None => party.raw(&[field]).is_some(),
            Some(text) if field.ends_with("email") => check::mail_domain(&text).is_none(),
            Some(text) if field.ends_with("domain") => !check::is_domain(&text),
            Some(text) if field.ends_with("phone") => text.chars().filter(char::is_ascii_digit).count() < 3,
            Some(text) => text.trim().is_empty(),
        };
        if wrong {
            draft.doubt(&format!("a field of {name} is not what it should be ({field})"));
        }
    }
}

fn class(report: &Object<'_>, draft: &mut Draft) {
    for name in ["ReportClass", "ReportType"] {
        match report.string(&[&json::plain_key(name)]) {
            None => draft.doubt(&format!("{name} is missing or not text")),
            Some(text) if text.trim().is_empty() => draft.doubt(&format!("{name} is empty")),
            Some(text) if name == "ReportClass" && !CLASSES.contains(&text.to_ascii_lowercase().as_str()) => {
                draft.doubt("its ReportClass is none that is known");
            }
            Some(_) => {}
        }
    }
}

fn times(report: &Object<'_>, draft: &mut Draft) {
    if report.raw(&["date"]).is_none() {
        draft.doubt("Date is missing");
    }
    for (key, name) in [("firstseen", "FirstSeen"), ("lastseen", "LastSeen")] {
        let Some(_) = report.raw(&[key]) else { continue };
        let is_time = report.string(&[key]).is_some_and(|text| {
            text.parse::<jiff::Timestamp>().is_ok() || crate::time::first(&text, None).is_some()
        });
        if !is_time {
            draft.doubt(&format!("{name} is not a time"));
        }
    }
}

fn source(report: &Object<'_>, draft: &mut Draft) {
    let ports = [("sourceport", "SourcePort"), ("destinationport", "DestinationPort")];
    for (key, name) in ports {
        if report.raw(&[key]).is_some() && report.port(&[key]).is_none() {
            draft.doubt(&format!("{name} is not a port"));
        }
    }
    let destination = report.word(&["destinationip"]);
    if destination.is_some_and(|target| json::host(&target.text).is_none()) {
        draft.doubt("DestinationIp is no address");
    }
    if report.string(&["sourceurl"]).is_some_and(|url| !url.contains("://")) {
        draft.doubt("SourceUrl is not a URL");
    }
}

fn values(report: &Object<'_>, draft: &mut Draft) {
    for key in COUNTS.iter().filter(|key| report.raw(&[key]).is_some()) {
        let least = report.number(&[key]).is_some_and(|count| count >= 0.0 && count.fract() == 0.0);
        let asn = *key != "asn" || report.number(&[key]).is_some_and(|number| number <= LARGEST_ASN);
        if !least || !asn {
            draft.doubt(&format!("a count is not a number that can be ({key})"));
        }
    }
    for key in TEXTS.iter().filter(|key| report.raw(&[key]).is_some()) {
        if report.string(&[key]).is_none() {
            draft.doubt(&format!("a field that is text is not ({key})"));
        }
    }
    for key in ADDRESSES.iter().filter(|key| report.raw(&[key]).is_some()) {
        if report.string(&[key]).is_none_or(|address| check::mail_domain(&address).is_none()) {
            draft.doubt(&format!("a mail address is none ({key})"));
        }
    }
    single(report, draft);
}

/// Fields with a form of their own.
fn single(report: &Object<'_>, draft: &mut Draft) {
    let severity = report.word(&["reporterseverity"]).map(|word| word.text.to_ascii_lowercase());
    if severity.is_some_and(|severity| !SEVERITIES.contains(&severity.as_str())) {
        draft.doubt("ReporterSeverity is none that is known");
    }
    if report.raw(&["ongoing"]).is_some_and(|value| !matches!(value.get(), "true" | "false")) {
        draft.doubt("Ongoing is neither true nor false");
    }
    if report.string(&["rpzdomain"]).is_some_and(|name| !check::is_domain(&name)) {
        draft.doubt("RpzDomain is not a domain");
    }
    if report.string(&["courtorder"]).is_some_and(|url| !url.contains("://")) {
        draft.doubt("CourtOrder is not a URL");
    }
    if report.string(&["infringingurl"]).is_none() && report.raw(&["infringingurl"]).is_some() {
        draft.doubt("InfringingUrl is not text");
    }
    let hash = report.raw(&["filehash"]).is_some();
    if hash && report.object("filehash").is_none() && report.string(&["filehash"]).is_none() {
        draft.doubt("FileHash is neither text nor an object");
    }
}

/// What a type asks for beside what all ask for.
fn by_type(report: &Object<'_>, three: bool, draft: &mut Draft) {
    let kind = json::plain_key(&report.string(&["reporttype"]).unwrap_or_default());
    let has = |keys: &[&str]| report.raw(keys).is_some();
    match kind.as_str() {
        "openservice" if !has(&["servicename"]) => draft.doubt("an open service without ServiceName"),
        "exploit" => {
            let cve = report.string(&["cve"]);
            if cve.is_some_and(|cve| !is_cve(&cve)) {
                draft.doubt("CVE is not of the form CVE-year-number");
            }
        }
        "phishing" if !has(&["sourceurl", "url", "source"]) => draft.doubt("a phishing report without a URL"),
        "malware" if !three && class_is(report, "content") && !has(&["sourceurl", "url"]) => {
            draft.doubt("hosted malware without a URL");
        }
        "potentiallycompromisedaccount" => account(report, draft),
        _ => {}
    }
    if class_is(report, "content") && !has(&["sourceip", "sourceurl", "source", "url"]) {
        draft.doubt("it names neither SourceIp nor SourceUrl");
    }
}

fn account(report: &Object<'_>, draft: &mut Draft) {
    let Some(account) = report.object("account") else {
        draft.doubt("a compromised account without Account");
        return;
    };
    if account.keys().next().is_none() {
        draft.doubt("Account is empty");
    }
    if account.word(&["accountidentifier"]).is_some_and(|id| id.text.contains('@')) {
        draft.doubt("AccountIdentifier is a mail address");
    }
    if report.raw(&["sourceip"]).is_some() || report.raw(&["sourceurl"]).is_some() {
        draft.doubt("a compromised account is reported with AttackerIp, not with a source");
    }
}

fn class_is(report: &Object<'_>, class: &str) -> bool {
    report.string(&["reportclass"]).is_some_and(|stated| stated.eq_ignore_ascii_case(class))
}

fn is_cve(text: &str) -> bool {
    let digits =
        |part: &str, least: usize| part.len() >= least && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = text.split('-');
    parts.next().is_some_and(|cve| cve.eq_ignore_ascii_case("CVE"))
        && parts.next().is_some_and(|year| year.len() == 4 && digits(year, 4))
        && parts.next().is_some_and(|number| digits(number, 4))
        && parts.next().is_none()
}

fn samples(report: &Object<'_>, draft: &mut Draft) {
    if report.raw(&["samples"]).is_none() {
        return;
    }
    let Some(samples) = report.items("samples") else {
        draft.doubt("Samples is not a list");
        return;
    };
    for sample in samples.into_iter().take(50) {
        let Some(sample) = Object::of("", sample) else {
            draft.doubt("a sample is not an object");
            continue;
        };
        if sample.string(&["contenttype"]).is_none() {
            draft.doubt("a sample states no ContentType");
        }
        let encoded = sample.raw(&["base64encoded"]).map(serde_json::value::RawValue::get);
        match (sample.string(&["payload"]), encoded) {
            (None, _) => draft.doubt("a sample has no Payload"),
            (_, None) => draft.doubt("a sample does not say whether it is base64"),
            (Some(payload), Some("true")) if !check::is_base64(&payload) => {
                draft.doubt("a sample says that it is base64 and is not");
            }
            (_, Some("true" | "false")) => {}
            _ => draft.doubt("a sample's Base64Encoded is neither true nor false"),
        }
    }
}
