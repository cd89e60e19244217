//! The tables an archive holds, and a row of any of them.

use serde_json::Value as Json;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column, FromRow, Row, TypeInfo, ValueRef};

use crate::sql::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Text,
    Blob,
    Bool,
}

/// One table. Its first `key` columns name a row and give the order.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) key: usize,
    pub(super) columns: &'static [(&'static str, Kind)],
    /// Rows read at a time; evidence may be some megabytes each.
    pub(super) page: i64,
}

use Kind::{Blob, Bool, Int, Text};

/// In an order that foreign keys allow. Sessions are left out: whoever worked before a restore logs in again.
pub(super) const TABLES: &[Table] = &[
    Table { name: "blobs", key: 1, page: 8, columns: &[("id", Blob), ("bytes", Blob)] },
    Table {
        name: "log",
        key: 1,
        page: 1000,
        columns: &[
            ("seq", Int),
            ("id", Blob),
            ("delivery", Text),
            ("source", Text),
            ("envelope", Text),
            ("received", Int),
            ("len", Int),
            ("hash", Blob),
        ],
    },
    Table {
        name: "records",
        key: 2,
        page: 1000,
        columns: &[("case_id", Int), ("version", Int), ("at", Int), ("actor", Text), ("event", Text)],
    },
    Table {
        name: "summaries",
        key: 1,
        page: 1000,
        columns: &[
            ("case_id", Int),
            ("subscriber", Text),
            ("stage", Text),
            ("open", Bool),
            ("opened", Int),
            ("updated", Int),
            ("version", Int),
            ("due", Int),
            ("harm", Int),
            ("proxy", Bool),
            ("addresses", Text),
            ("assignee", Text),
            ("more", Text),
            ("sought", Text),
            ("make", Int),
        ],
    },
    Table { name: "case_addresses", key: 2, page: 1000, columns: &[("address", Text), ("case_id", Int)] },
    Table {
        name: "readings",
        key: 1,
        page: 500,
        columns: &[
            ("evidence", Blob),
            ("outcome", Text),
            ("note", Text),
            ("case_id", Int),
            ("reading", Text),
            ("settled_at", Int),
            ("settled_by", Text),
            ("settled_why", Text),
        ],
    },
    Table {
        name: "hook_messages",
        key: 1,
        page: 1000,
        columns: &[
            ("id", Text),
            ("hook", Text),
            ("body", Text),
            ("made", Int),
            ("due", Int),
            ("attempts", Int),
            ("state", Text),
            ("note", Text),
        ],
    },
    Table { name: "cursors", key: 1, page: 1000, columns: &[("name", Text), ("position", Int)] },
    Table {
        name: "errands",
        key: 1,
        page: 1000,
        columns: &[
            ("errand_key", Text),
            ("case_id", Int),
            ("due", Int),
            ("errand", Text),
            ("attempts", Int),
            ("worker", Text),
            ("held_until", Int),
            ("last_failure", Text),
            ("done", Bool),
        ],
    },
    Table {
        name: "leases",
        key: 5,
        page: 5000,
        columns: &[
            ("net", Blob),
            ("from_us", Int),
            ("first_port", Int),
            ("last_port", Int),
            ("subscriber", Text),
            ("to_us", Int),
            ("source", Text),
            ("record", Text),
        ],
    },
    Table { name: "lease_lengths", key: 1, page: 1000, columns: &[("length", Int)] },
    Table { name: "contacts", key: 1, page: 1000, columns: &[("subscriber", Text), ("contact", Text)] },
    Table {
        name: "letters",
        key: 1,
        page: 1000,
        columns: &[
            ("letter_key", Text),
            ("purpose", Text),
            ("address", Text),
            ("domain", Text),
            ("about", Text),
            ("case_id", Int),
            ("message_id", Text),
            ("at", Int),
            ("taken", Int),
            ("returned", Int),
        ],
    },
    Table {
        name: "customer_links",
        key: 1,
        page: 1000,
        columns: &[
            ("token_hash", Blob),
            ("case_id", Int),
            ("subscriber", Text),
            ("language", Text),
            ("made", Int),
            ("expires", Int),
            ("opened", Int),
            ("opens", Int),
            ("answers", Int),
        ],
    },
    Table {
        name: "pages",
        key: 1,
        page: 1000,
        columns: &[
            ("page_id", Int),
            ("version", Int),
            ("standing", Text),
            ("bundle", Text),
            ("opened", Int),
            ("updated", Int),
        ],
    },
    Table {
        name: "page_entries",
        key: 2,
        page: 1000,
        columns: &[("page_id", Int), ("version", Int), ("at", Int), ("entry", Text)],
    },
    Table { name: "page_keys", key: 1, page: 1000, columns: &[("page_key", Text), ("page_id", Int)] },
    Table {
        name: "verdicts",
        key: 2,
        page: 1000,
        columns: &[("domain", Text), ("evidence", Blob), ("confirmed", Bool), ("case_id", Int), ("at", Int)],
    },
    Table {
        name: "case_reporters",
        key: 3,
        page: 1000,
        columns: &[
            ("case_id", Int),
            ("reporter", Text),
            ("authenticated", Int),
            ("reports", Int),
            ("first", Int),
            ("last", Int),
        ],
    },
    Table {
        name: "self_checks",
        key: 1,
        page: 1000,
        columns: &[
            ("nonce", Text),
            ("address", Text),
            ("sent", Int),
            ("failure", Text),
            ("returned", Int),
            ("via", Text),
        ],
    },
    Table {
        name: "self_check_standings",
        key: 1,
        page: 1000,
        columns: &[
            ("subject", Text),
            ("works", Bool),
            ("since", Int),
            ("checked", Int),
            ("note", Text),
            ("told", Bool),
        ],
    },
    Table {
        name: "blocklist_looks",
        key: 3,
        page: 1000,
        columns: &[
            ("zone", Text),
            ("day", Int),
            ("address", Text),
            ("asked_for", Text),
            ("at", Int),
            ("listed", Bool),
            ("said", Text),
        ],
    },
    Table {
        name: "firewall_lines",
        key: 1,
        page: 1000,
        columns: &[
            ("subscriber", Text),
            ("profile", Text),
            ("server", Text),
            ("number", Int),
            ("token", Text),
            ("address", Text),
            ("net", Text),
            ("record", Text),
            ("state", Text),
            ("since", Int),
            ("step", Text),
            ("stepped", Int),
            ("updated", Int),
        ],
    },
    Table {
        name: "firewall_days",
        key: 2,
        page: 1000,
        columns: &[("day", Int), ("state", Text), ("lines", Int)],
    },
    Table {
        name: "mail_exemptions",
        key: 1,
        page: 1000,
        columns: &[
            ("subscriber", Text),
            ("asked", Int),
            ("reason", Text),
            ("state", Text),
            ("decided_by", Text),
            ("until", Int),
        ],
    },
    Table {
        name: "garden_tests",
        key: 2,
        page: 1000,
        columns: &[("subscriber", Text), ("at", Int), ("case_id", Int), ("question", Int), ("outcome", Text)],
    },
    Table {
        name: "playbooks",
        key: 1,
        page: 1000,
        columns: &[
            ("seq", Int),
            ("evidence", Blob),
            ("number", Int),
            ("hash", Text),
            ("name", Text),
            ("source", Text),
            ("made_by", Text),
            ("reason", Text),
            ("at", Int),
        ],
    },
    Table {
        name: "relay_mails",
        key: 1,
        page: 1000,
        columns: &[
            ("nonce", Text),
            ("target", Text),
            ("form", Text),
            ("expires", Int),
            ("taken", Int),
            ("landed", Text),
            ("bounced", Text),
        ],
    },
    Table {
        name: "operators",
        key: 1,
        page: 1000,
        columns: &[
            ("name", Text),
            ("password_hash", Text),
            ("role", Text),
            ("cuts_off", Bool),
            ("origin", Text),
            ("retired", Int),
        ],
    },
    Table {
        name: "second_factors",
        key: 1,
        page: 1000,
        columns: &[("operator", Text), ("secret", Blob), ("since", Int), ("last_step", Int)],
    },
    Table {
        name: "recovery_codes",
        key: 2,
        page: 1000,
        columns: &[("operator", Text), ("code_hash", Blob), ("used", Int)],
    },
    Table {
        name: "operator_networks",
        key: 2,
        page: 1000,
        columns: &[("operator", Text), ("net", Text), ("last", Int)],
    },
    Table {
        name: "api_tokens",
        key: 1,
        page: 1000,
        columns: &[
            ("name", Text),
            ("token_hash", Blob),
            ("made_by", Text),
            ("role", Text),
            ("cuts_off", Bool),
            ("made", Int),
            ("expires", Int),
            ("last_used", Int),
            ("revoked", Int),
        ],
    },
    Table {
        name: "deeds",
        key: 1,
        page: 1000,
        columns: &[("seq", Int), ("at", Int), ("who", Text), ("deed", Text), ("about", Text)],
    },
    Table {
        name: "bulk_orders",
        key: 1,
        page: 100,
        columns: &[
            ("id", Int),
            ("ordered_by", Text),
            ("ordered_at", Int),
            ("due", Int),
            ("state", Text),
            ("settled_at", Int),
            ("wish", Text),
            ("cases", Text),
            ("outcome", Text),
        ],
    },
];

impl Table {
    /// `after`: whether the page begins after a given key, whose columns are then the first parameters.
    pub(super) fn select(&self, after: bool) -> String {
        let columns: Vec<String> = self.columns.iter().map(|(name, kind)| read(name, *kind)).collect();
        let key: Vec<&str> = self.columns.iter().take(self.key).map(|(name, _)| *name).collect();
        let places: Vec<String> = (1..=self.key).map(|place| format!("${place}")).collect();
        let condition = if after {
            format!("WHERE ({}) > ({})", key.join(", "), places.join(", "))
        } else {
            String::new()
        };
        format!(
            "SELECT {} FROM {} {condition} ORDER BY {} LIMIT {}",
            columns.join(", "),
            self.name,
            key.join(", "),
            self.page
        )
    }

    /// `INSERT` of rows of the first `width` columns in these places.
    pub(super) fn insert(&self, width: usize, places: &str) -> String {
        let columns: Vec<&str> = self.columns.iter().take(width).map(|(name, _)| *name).collect();
        format!("INSERT INTO {} ({}) VALUES {places}", self.name, columns.join(", "))
    }
}

/// SQLite has no booleans of its own; both databases are asked for numbers.
fn read(name: &str, kind: Kind) -> String {
    match kind {
        Bool => format!("CAST(CASE WHEN {name} THEN 1 ELSE 0 END AS BIGINT) AS {name}"),
        Int | Text | Blob => name.to_owned(),
    }
}

/// A row of any table.
#[derive(Debug)]
pub(super) struct Cells(pub(super) Vec<Value>);

impl<'r> FromRow<'r, SqliteRow> for Cells {
    fn from_row(row: &'r SqliteRow) -> Result<Cells, sqlx::Error> {
        let cell = |place: usize| {
            let kind = row.try_get_raw(place)?.type_info().name().to_owned();
            match kind.as_str() {
                "TEXT" => Ok(Value::Text(row.try_get(place)?)),
                "BLOB" => Ok(Value::Blob(row.try_get(place)?)),
                _ => Ok(Value::Int(row.try_get(place)?)),
            }
        };
        (0..row.len()).map(cell).collect::<Result<_, _>>().map(Cells)
    }
}

impl<'r> FromRow<'r, PgRow> for Cells {
    fn from_row(row: &'r PgRow) -> Result<Cells, sqlx::Error> {
        let cell = |(place, column): (usize, &sqlx::postgres::PgColumn)| match column.type_info().name() {
            "TEXT" => Ok(Value::Text(row.try_get(place)?)),
            "BYTEA" => Ok(Value::Blob(row.try_get(place)?)),
            _ => Ok(Value::Int(row.try_get(place)?)),
        };
        row.columns().iter().enumerate().map(cell).collect::<Result<_, _>>().map(Cells)
    }
}

/// A cell as it stands in the archive.
pub(super) fn to_json(cell: &Value) -> Json {
    match cell {
        Value::Int(Some(number)) => Json::from(*number),
        Value::Text(Some(text)) => Json::from(text.as_str()),
        Value::Blob(Some(bytes)) => Json::from(hex::encode(bytes)),
        Value::Bool(Some(yes)) => Json::from(i64::from(*yes)),
        Value::Int(None) | Value::Text(None) | Value::Blob(None) | Value::Bool(None) => Json::Null,
    }
}

/// A cell from the archive; `None` when it is not of its kind.
pub(super) fn from_json(kind: Kind, cell: Json) -> Option<Value> {
    Some(match (kind, cell) {
        (Int, Json::Null) => Value::Int(None),
        (Text, Json::Null) => Value::Text(None),
        (Int, Json::Number(number)) => Value::Int(Some(number.as_i64()?)),
        (Bool, Json::Number(number)) => Value::Bool(Some(number.as_i64()? != 0)),
        (Text, Json::String(text)) => Value::Text(Some(text)),
        (Blob, Json::String(text)) => Value::Blob(Some(hex::decode(text).ok()?)),
        _ => return None,
    })
}
