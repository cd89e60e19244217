//! The shapes of the API's JSON, as JSON Schema (2020-12), for its description. What is required here is there for ever; what
//! is not listed may be there too.

use serde_json::{Value as Json, json};

/// A field: its name, its schema, whether it is always there.
type Field = (&'static str, Json, bool);

/// An object of these fields.
fn object(fields: Vec<Field>) -> Json {
    let required: Vec<&str> =
        fields.iter().filter(|(_, _, always)| *always).map(|(name, _, _)| *name).collect();
    let properties: serde_json::Map<String, Json> =
        fields.into_iter().map(|(name, schema, _)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn text() -> Json {
    json!({ "type": "string" })
}

fn count() -> Json {
    json!({ "type": "integer", "minimum": 0 })
}

fn flag() -> Json {
    json!({ "type": "boolean" })
}

fn moment() -> Json {
    json!({ "type": "string", "format": "date-time" })
}

fn or_null(schema: &Json) -> Json {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// A field of an address may be there and empty, as a form sends it.
fn or_empty(schema: &Json) -> Json {
    json!({ "anyOf": [schema, { "type": "string", "maxLength": 0 }] })
}

fn list(of: &Json) -> Json {
    json!({ "type": "array", "items": of })
}

fn of(name: &str) -> Json {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn one_of(names: &[&str]) -> Json {
    json!({ "type": "string", "enum": names })
}

/// All of them, by name.
pub(super) fn all() -> Json {
    let mut all = json!({});
    for part in [asked(), cases(), orders(), desk()] {
        if let (Some(all), Json::Object(part)) = (all.as_object_mut(), part) {
            all.extend(part);
        }
    }
    all
}

/// What stands in addresses and what goes wrong.
fn asked() -> Json {
    json!({
        "any": { "type": "object" },
        "text": text(),
        "name": text(),
        "search": { "type": "string", "maxLength": 1000, "examples": ["stage:confirmed left<1h", "203.0.113.0/24 -assigned:me"] },
        "page": or_empty(&json!({ "type": "integer", "minimum": 1, "maximum": 1_000_000 })),
        "entry": or_empty(&count()),
        "case_id": { "type": "string", "pattern": "^(ND-)?[0-9]{1,15}$", "examples": ["ND-17"] },
        "order_id": { "type": "integer", "minimum": 1 },
        "day": or_empty(&json!({ "type": "string", "format": "date", "examples": ["2026-11-27"] })),
        "moment_or_none": or_empty(&moment()),
        "table_name": {
            "type": "string",
            "enum": desk::TABLES.iter().flat_map(|name| [format!("{name}.csv"), format!("{name}.ndjson")]).collect::<Vec<_>>(),
        },
        "bulk_action": one_of(&["dismiss", "reopen", "assign", "recheck", "release", "note"]),
        "problem": object(vec![
            ("type", text(), true),
            ("title", text(), true),
            ("status", json!({ "type": "integer", "minimum": 400, "maximum": 599 }), true),
            ("detail", text(), true),
        ]),
    })
}

fn cases() -> Json {
    let stages: Vec<&str> = case::Stage::ALL.iter().map(|stage| stage.name()).collect();
    let row = vec![
        ("id", count(), true),
        ("subscriber", text(), true),
        ("stage", one_of(&stages), true),
        ("headline", text(), true),
        ("addresses", list(&text()), true),
        ("kinds", list(&text()), true),
        ("opened", moment(), true),
        ("updated", moment(), true),
        ("due", or_null(&moment()), true),
        ("harm", json!({ "type": "integer", "minimum": 1, "maximum": 10 }), true),
        ("proxy", flag(), true),
        ("assignee", or_null(&text()), true),
        ("mentions", list(&text()), true),
        ("sightings", count(), true),
        ("reports", count(), true),
        ("reporters", count(), true),
        ("authenticated_reporters", count(), true),
        ("blocks", count(), true),
    ];
    let case = vec![
        ("row", of("row"), true),
        ("version", count(), true),
        ("why", text(), true),
        ("timeline", list(&json!({ "type": "object" })), true),
    ];
    json!({
        "row": object(row),
        "queue": object(vec![
            ("rows", list(&of("row")), true),
            ("total", count(), true),
            ("more", flag(), true),
            ("page", count(), true),
            ("pages", count(), true),
        ]),
        "case": object(case),
        "steps": list(&json!({ "type": "object" })),
        "action": object(vec![
            ("action", one_of(&["confirm", "dismiss", "approve", "release", "recheck", "innocent", "reopen", "assign", "note"]), true),
            ("reason", json!({ "type": "string", "maxLength": 4000 }), false),
            ("version", json!({ "type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991_u64 }), true),
            ("ports", text(), false),
            ("to", text(), false),
        ]),
        "acted": object(vec![("case", text(), true), ("done", text(), true), ("version", or_null(&count()), true)]),
    })
}

fn orders() -> Json {
    let order = vec![
        ("id", count(), true),
        ("by", text(), true),
        ("at", moment(), true),
        ("due", moment(), true),
        ("state", one_of(&["waiting", "undone", "done", "put-back"]), true),
        ("cases", list(&count()), true),
        ("can_undo", flag(), true),
    ];
    json!({
        "order": object(order),
        "orders": object(vec![("orders", list(&of("order")), true)]),
        "preview": object(vec![
            ("lines", list(&object(vec![("row", of("row"), true), ("version", count(), true), ("refused", or_null(&text()), true)])), true),
            ("would", count(), true),
            ("too_many", flag(), true),
            ("mark", text(), true),
        ]),
        "ordering": object(vec![
            ("search", json!({ "type": "string", "maxLength": 1000 }), true),
            ("action", of("bulk_action"), true),
            ("to", text(), false),
            ("reason", json!({ "type": "string", "maxLength": 4000 }), true),
            ("mark", text(), true),
        ]),
    })
}

fn inbox() -> Json {
    object(vec![("waiting", count(), true), ("oldest", or_null(&moment()), true), ("late", flag(), true)])
}

fn desk() -> Json {
    let open = || json!({ "type": "object" });
    json!({
        "session": object(vec![
            ("operator", or_null(&text()), true),
            ("rights", or_null(&object(vec![("role", one_of(&["viewer", "operator", "admin"]), true), ("cuts_off", flag(), true)])), true),
            ("csrf", or_null(&text()), true),
        ]),
        "front": object(vec![
            ("by_stage", list(&json!({ "type": "array", "minItems": 2, "maxItems": 2 })), true),
            ("ended", count(), true),
            ("orphans", count(), true),
            ("unreadable", count(), true),
            ("inbox", inbox(), true),
            ("accepted_today", count(), true),
            ("edge", open(), true),
            ("checks", list(&open()), true),
            ("hours", list(&open()), true),
            ("now", moment(), true),
        ]),
        "reporters": list(&object(vec![
            ("domain", text(), true),
            ("trust", json!({ "type": "number" }), true),
            ("confirmed", count(), true),
            ("refuted", count(), true),
        ])),
        "oncall": object(vec![("configured", flag(), true), ("on_duty", list(&open()), true), ("open", list(&open()), true)]),
        "numbers": open(),
        "handover": object(vec![
            ("from", moment(), true),
            ("to", moment(), true),
            ("since", text(), true),
            ("needs", list(&object(vec![
                ("what", text(), true), ("search", text(), true), ("total", count(), true), ("rows", list(&of("row")), true),
            ])), true),
            ("inbox", inbox(), true),
            ("counts", list(&object(vec![("what", text(), true), ("cases", count(), true)])), true),
            ("moved", list(&open()), true),
            ("notes", list(&open()), true),
            ("next", list(&open()), true),
        ]),
        "note": object(vec![("note", json!({ "type": "string", "maxLength": 4000 }), true)]),
        "handed": object(vec![("handed_over", flag(), true)]),
        "inbox": object(vec![
            ("waiting", count(), true),
            ("oldest", or_null(&moment()), true),
            ("late", flag(), true),
            ("messages", list(&object(vec![
                ("id", text(), true), ("received", moment(), true), ("source", text(), true), ("outcome", text(), true),
                ("note", text(), true), ("subject", or_null(&text()), true),
            ])), true),
        ]),
        "settling": object(vec![
            ("messages", json!({ "type": "array", "items": { "type": "string", "pattern": "^[0-9a-f]{64}$" }, "minItems": 1, "maxItems": 500 }), true),
            ("line", json!({ "type": "string", "maxLength": 200, "description": "Whose line they are filed on; without it they are settled." }), false),
            ("reason", json!({ "type": "string", "minLength": 1, "maxLength": 4000 }), true),
        ]),
        "settled": object(vec![("settled", count(), true)]),
        "audit": object(vec![("chain", or_null(&open()), true), ("deeds", list(&open()), true)]),
    })
}
