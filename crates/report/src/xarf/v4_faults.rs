//! Where a v4 report departs from the shape that the published schema asks for (xarf-spec, schemas/v4/xarf-core.json).

use crate::claims::Draft;
use crate::json::{self, Object};

use super::{check, kinds};

/// Fields without which no report is valid, as `required` of the core schema lists them.
const REQUIRED: [&str; 8] =
    ["xarf_version", "report_id", "timestamp", "reporter", "sender", "source_identifier", "category", "type"];
/// `maxItems` of evidence.
const EVIDENCE: usize = 50;
/// `maximum` of an evidence item's size, in bytes.
const EVIDENCE_SIZE: f64 = 5_242_880.0;
/// `maxItems` of tags.
const TAGS: usize = 20;
/// `maxLength` of description, in characters.
const DESCRIPTION: usize = 1000;

/// Notes each fault as a doubt.
pub(super) fn note(object: &Object<'_>, draft: &mut Draft) {
    for name in REQUIRED.iter().filter(|name| object.raw(&[&json::plain_key(name)]).is_none()) {
        draft.doubt(&format!("XARF v4 requires {name}; it is missing"));
    }
    identity(object, draft);
    class(object, draft);
    for party in ["reporter", "sender"] {
        contact(object, party, draft);
    }
    numbers(object, draft);
    evidence(object, draft);
    tags(object, draft);
    if object.string(&["description"]).is_some_and(|text| text.chars().count() > DESCRIPTION) {
        draft.doubt("description is longer than 1000 characters");
    }
}

fn identity(object: &Object<'_>, draft: &mut Draft) {
    if let Some(version) = object.word(&["xarfversion"]) {
        let mut numbers = version.text.split('.');
        let four = numbers.next() == Some("4");
        let rest: Vec<&str> = numbers.collect();
        let plain = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !four || rest.len() != 2 || !rest.iter().all(plain) {
            draft.doubt("xarf_version is not of the form 4.x.y");
        }
    }
    if object.raw(&["reportid"]).is_some()
        && !object.string(&["reportid"]).is_some_and(|id| check::is_uuid(&id))
    {
        draft.doubt("report_id is not a UUID");
    }
    if object.raw(&["timestamp"]).is_some() && object.string(&["timestamp"]).is_none() {
        draft.doubt("timestamp is not text");
    }
}

fn class(object: &Object<'_>, draft: &mut Draft) {
    let category = object.string(&["category", "class"]).unwrap_or_default();
    let kind = object.string(&["type"]).unwrap_or_default();
    if category.is_empty() {
        return;
    }
    let known = kinds::CATEGORIES.iter().find(|(name, _)| *name == category);
    match known {
        None => draft.doubt("the category is none of the seven that XARF v4 has"),
        Some((_, types)) if !kind.is_empty() && !types.contains(&kind.as_str()) => {
            draft.doubt("the type is not one that XARF v4 has in this category");
        }
        Some(_) => {}
    }
    for name in asked(&category, &kind, object.string(&["protocol"]).as_deref()) {
        if object.raw(&[&json::plain_key(name)]).is_none() {
            draft.doubt(&format!("XARF v4 requires {name} for {category}/{kind}; it is missing"));
        }
    }
}

/// What the schema of a type requires beside the core (schemas/v4/types).
fn asked(category: &str, kind: &str, protocol: Option<&str>) -> &'static [&'static str] {
    match (category, kind) {
        ("messaging", _) if protocol == Some("smtp") => &["protocol", "smtp_from", "source_port"],
        ("messaging", _) => &["protocol"],
        ("connection", "port_scan" | "login_attack" | "ddos") => &["protocol", "first_seen"],
        ("vulnerability", "open_service" | "open") => &["service"],
        _ => &[],
    }
}

fn contact(object: &Object<'_>, party: &str, draft: &mut Draft) {
    if object.raw(&[party]).is_none() {
        return;
    }
    let Some(contact) = object.object(party) else {
        draft.doubt(&format!("{party} is not an object"));
        return;
    };
    for name in ["org", "contact"] {
        if contact.raw(&[name]).is_none() {
            draft.doubt(&format!("{party} states no {name}"));
        }
    }
    // Drafts of v4 had a `type` in the place of `domain`.
    if contact.raw(&["domain"]).is_none() && contact.raw(&["type"]).is_none() {
        draft.doubt(&format!("{party} states no domain"));
    }
    if contact.string(&["contact"]).is_some_and(|address| check::mail_domain(&address).is_none()) {
        draft.doubt(&format!("{party}'s contact is not a mail address"));
    }
    if contact.string(&["domain"]).is_some_and(|domain| !check::is_domain(&domain)) {
        draft.doubt(&format!("{party}'s domain is not a domain"));
    }
}

fn numbers(object: &Object<'_>, draft: &mut Draft) {
    for (key, name) in [("sourceport", "source_port"), ("destinationport", "destination_port")] {
        if object.raw(&[key]).is_some() && object.port(&[key]).is_none() {
            draft.doubt(&format!("{name} is not a port"));
        }
    }
    let confidence = object.number(&["confidence"]);
    if object.raw(&["confidence"]).is_some() && !confidence.is_some_and(|value| (0.0..=1.0).contains(&value))
    {
        draft.doubt("confidence is not a number from 0 to 1");
    }
}

fn evidence(object: &Object<'_>, draft: &mut Draft) {
    if object.raw(&["evidence"]).is_none() {
        return;
    }
    let Some(items) = object.items("evidence") else {
        draft.doubt("evidence is not a list");
        return;
    };
    if items.len() > EVIDENCE {
        draft.doubt("more than 50 items of evidence");
    }
    for item in items.into_iter().take(EVIDENCE) {
        let Some(item) = Object::of("", item) else {
            draft.doubt("an item of evidence is not an object");
            continue;
        };
        if item.string(&["contenttype"]).is_none() {
            draft.doubt("an item of evidence states no content_type");
        }
        match item.string(&["payload"]) {
            None => draft.doubt("an item of evidence has no payload"),
            Some(payload) if !check::is_base64(&payload) => {
                draft.doubt("a payload of evidence is not base64");
            }
            Some(_) => {}
        }
        if item.string(&["hash"]).is_some_and(|hash| !check::is_hash(&hash)) {
            draft.doubt("a hash of evidence is not of the form algorithm:digits");
        }
        let size = item.number(&["size"]);
        if item.raw(&["size"]).is_some() && !size.is_some_and(|size| (0.0..=EVIDENCE_SIZE).contains(&size)) {
            draft.doubt("a size of evidence is not a number up to 5 MB");
        }
    }
}

fn tags(object: &Object<'_>, draft: &mut Draft) {
    if object.raw(&["tags"]).is_none() {
        return;
    }
    let Some(tags) = object.items("tags") else {
        draft.doubt("tags is not a list");
        return;
    };
    if tags.len() > TAGS {
        draft.doubt("more than 20 tags");
    }
    let text = |tag: &serde_json::value::RawValue| serde_json::from_str::<String>(tag.get()).ok();
    if tags.into_iter().take(TAGS).any(|tag| !text(tag).is_some_and(|tag| check::is_tag(&tag))) {
        draft.doubt("a tag is not of the form namespace:predicate");
    }
}
