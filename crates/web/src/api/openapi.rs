//! The API described for programs (OpenAPI 3.1): made from one table, held against the routes by a test, and against what the
//! desk really answers by schemathesis (`cargo xtask api`).

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::schemas;

/// One operation: method, path, name, what it does, its parameters, the schema of its body, of its answer.
struct Operation {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    parameters: &'static [Parameter],
    body: Option<&'static str>,
    answer: Answer,
    /// What it answers besides: statuses of problems.
    problems: &'static [u16],
}

/// What an operation answers with 200.
enum Answer {
    /// JSON of that schema.
    Of(&'static str),
    /// A table as CSV or NDJSON.
    Table,
}

/// A parameter: its name, where it stands, its schema and what it means.
type Parameter = (&'static str, In, &'static str, &'static str);

#[derive(Clone, Copy, PartialEq)]
enum In {
    Path,
    Query,
    /// In the query, and must be there.
    QueryNeeded,
}

const SEARCH: Parameter =
    ("q", In::Query, "search", "A search in the words of the search box; empty, all open cases.");
const PAGE: Parameter = ("page", In::Query, "page", "Which page, from 1.");
const CASE: Parameter = ("case", In::Path, "case_id", "Its number.");
const ORDER: Parameter = ("order", In::Path, "order_id", "Its number.");
const FROM: Parameter = ("from", In::Query, "day", "The first day; else four weeks ago.");
const TO: Parameter = ("to", In::Query, "day", "The last day; else today.");
/// What everybody who asks may hear: not logged in, not theirs to do, the desk cannot answer now.
const ALWAYS: [u16; 3] = [401, 403, 503];

const OPERATIONS: [Operation; 21] = [
    read("/api/v1/session", "session", "Who asks, and what they may do.", &[], "session", &[]),
    read("/api/v1/front", "front", "What the front page counts.", &[], "front", &[]),
    read(
        "/api/v1/cases",
        "listCases",
        "Cases that fit a search, fifty a page.",
        &[SEARCH, PAGE],
        "queue",
        &[400],
    ),
    read("/api/v1/cases/{case}", "showCase", "One case with all that happened.", &[CASE], "case", &[404]),
    read(
        "/api/v1/cases/{case}/why",
        "whyCase",
        "From its rules back to the bytes.",
        &[CASE],
        "steps",
        &[404],
    ),
    write(
        "/api/v1/cases/{case}/actions",
        "actOnCase",
        "Has something done to a case, if it is still as it was read.",
        &[CASE],
        "action",
        "acted",
        &[400, 404, 409, 413, 415, 422],
    ),
    read("/api/v1/bulk", "listOrders", "The newest orders for many cases.", &[], "orders", &[]),
    read(
        "/api/v1/bulk/preview",
        "previewOrder",
        "What an order would do, case by case, and the mark to order it with.",
        &[
            SEARCH,
            ("action", In::QueryNeeded, "bulk_action", "What is asked of each."),
            ("to", In::Query, "name", "For assign: a login name, or me; nobody where it is empty."),
        ],
        "preview",
        &[400],
    ),
    read("/api/v1/bulk/{order}", "showOrder", "One order.", &[ORDER], "order", &[404]),
    write(
        "/api/v1/bulk",
        "order",
        "Orders what was previewed; it is done after a minute.",
        &[],
        "ordering",
        "order",
        &[400, 409, 413, 415, 422],
    ),
    write_bare(
        "/api/v1/bulk/{order}/undo",
        "undoOrder",
        "Takes an order back, or puts back what it did.",
        &[ORDER],
        "order",
        &[404, 409, 413, 422],
    ),
    read(
        "/api/v1/handover",
        "handover",
        "What the shift leaves behind.",
        &[("since", In::Query, "moment_or_none", "From when; else since the last hand-over.")],
        "handover",
        &[400],
    ),
    write(
        "/api/v1/handover",
        "handOver",
        "Ends the shift with a word to the next.",
        &[],
        "note",
        "handed",
        &[400, 413, 415, 422],
    ),
    read("/api/v1/reporters", "reporters", "The reporters by their record.", &[], "reporters", &[]),
    read("/api/v1/oncall", "oncall", "Who is on duty, and the pages that wait.", &[], "oncall", &[]),
    read("/api/v1/numbers", "numbers", "How much and how fast.", &[FROM, TO], "numbers", &[400]),
    Operation {
        method: "get",
        path: "/api/v1/numbers/{table}",
        id: "numbersTable",
        summary: "One picture of the figures as a file.",
        parameters: &[("table", In::Path, "table_name", "Its name and kind."), FROM, TO],
        body: None,
        answer: Answer::Table,
        problems: &[400, 404],
    },
    read(
        "/api/v1/audit",
        "audit",
        "What people did, newest first, a hundred at a time.",
        &[
            ("who", In::Query, "text", "Of this person or token."),
            ("deed", In::Query, "text", "Of this kind."),
            ("about", In::Query, "text", "On this."),
            ("since", In::Query, "day", "Not before."),
            ("until", In::Query, "day", "Before."),
            ("before", In::Query, "entry", "Below this entry of the log."),
        ],
        "audit",
        &[400],
    ),
    read(
        "/api/v1/inbox",
        "inbox",
        "What no case could take and nobody has settled.",
        &[PAGE],
        "inbox",
        &[400],
    ),
    write(
        "/api/v1/inbox",
        "settle",
        "Settles messages of the inbox, or files them on a line.",
        &[],
        "settling",
        "settled",
        &[400, 413, 415, 422],
    ),
    read("/api/v1/openapi.json", "openapi", "This description.", &[], "any", &[]),
];

const fn read(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    parameters: &'static [Parameter],
    answer: &'static str,
    problems: &'static [u16],
) -> Operation {
    Operation {
        method: "get",
        path,
        id,
        summary,
        parameters,
        body: None,
        answer: Answer::Of(answer),
        problems,
    }
}

const fn write(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    parameters: &'static [Parameter],
    body: &'static str,
    answer: &'static str,
    problems: &'static [u16],
) -> Operation {
    Operation {
        method: "post",
        path,
        id,
        summary,
        parameters,
        body: Some(body),
        answer: Answer::Of(answer),
        problems,
    }
}

const fn write_bare(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    parameters: &'static [Parameter],
    answer: &'static str,
    problems: &'static [u16],
) -> Operation {
    Operation {
        method: "post",
        path,
        id,
        summary,
        parameters,
        body: None,
        answer: Answer::Of(answer),
        problems,
    }
}

/// `GET /api/v1/openapi.json`.
pub(crate) async fn show() -> Response {
    Json(openapi()).into_response()
}

/// The description as JSON.
#[must_use]
pub fn openapi() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for one in &OPERATIONS {
        let path = paths.entry(one.path).or_insert_with(|| json!({}));
        path[one.method] = one.described();
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "nightdesk",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "The abuse desk that never sleeps, for programs.",
            "description": "A program asks with a token of its own (nightdesk token make). Whatever fails is a problem as of RFC 9457. \
                            Fields may be added; none is renamed or taken away.",
            "license": { "name": "MIT or Apache-2.0", "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token of nightdesk token make." },
            },
            "responses": {
                "problem": {
                    "description": "Why not, as a problem (RFC 9457).",
                    "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/problem" } } },
                },
            },
            "schemas": schemas::all(),
        },
    })
}

fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

impl Operation {
    fn described(&self) -> Value {
        let parameters: Vec<Value> = self.parameters.iter().map(described).collect();
        let content = match self.answer {
            Answer::Of(name) => json!({ "application/json": { "schema": schema(name) } }),
            Answer::Table => json!({
                "text/csv": { "schema": { "type": "string" } },
                "application/x-ndjson": { "schema": { "type": "string" } },
            }),
        };
        let mut responses = json!({ "200": { "description": "It is so.", "content": content } });
        for status in self.problems.iter().chain(&ALWAYS) {
            responses[status.to_string()] = json!({ "$ref": "#/components/responses/problem" });
        }
        let mut operation = json!({
            "operationId": self.id, "summary": self.summary, "parameters": parameters, "responses": responses,
        });
        if let Some(body) = self.body {
            operation["requestBody"] =
                json!({ "required": true, "content": { "application/json": { "schema": schema(body) } } });
        }
        operation
    }
}

fn described((name, place, kind, means): &Parameter) -> Value {
    json!({
        "name": name,
        "in": if *place == In::Path { "path" } else { "query" },
        "required": *place != In::Query,
        "description": means,
        "schema": schema(kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_address_of_the_api_is_described_and_nothing_else() {
        let of_routes: BTreeSet<(String, &str)> = crate::routes::addresses()
            .into_iter()
            .filter(|one| one.path.starts_with("/api/"))
            .map(|one| (one.path.to_owned(), if one.writes { "post" } else { "get" }))
            .collect();
        let described: BTreeSet<(String, &str)> =
            OPERATIONS.iter().map(|one| (one.path.to_owned(), one.method)).collect();
        assert_eq!(of_routes, described);
    }

    #[test]
    fn whatever_is_referred_to_is_there() {
        let document = openapi();
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
        let ids: BTreeSet<&str> = OPERATIONS.iter().map(|one| one.id).collect();
        assert_eq!(ids.len(), OPERATIONS.len());
    }
}
