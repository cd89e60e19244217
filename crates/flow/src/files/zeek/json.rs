//! Zeek's JSON, one object a line: keys with a point, with an underscore in its place, or one object within another;
//! also as Elastic's and Suricata's exports have it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::files::doubt::DoubtKind;
use crate::files::input::Input;
use crate::files::lines::Lines;
use crate::files::plain;
use crate::files::row::{Row, Slot, slot};
use crate::files::{Format, Reading};

use super::{connection, row_tells_connection};

/// How deep objects are looked into: `_source.zeek.connection.state`.
const DEPTH: usize = 5;

/// Reads a file of JSON objects. Those that are no connection are passed over.
pub(in crate::files) fn json(input: &mut Input<'_>, reading: &mut Reading<'_>) {
    let mut lines = Lines::new(input);
    let mut ever = false;
    while let Some((number, line)) = lines.next(reading) {
        let Some(object) = object(line) else { continue };
        let mut row = Row::new();
        if into_row(object, "", 0, &mut row).is_err() {
            reading.doubts.note(DoubtKind::Unreadable, number);
            continue;
        }
        match kind(&row) {
            Kind::Zeek => connection(&row, number, reading),
            Kind::Plain => {
                reading.format = Some(Format::Json);
                plain::record(&row, number, reading);
            }
            Kind::Other => {
                reading.pass();
                continue;
            }
        }
        ever = true;
    }
    if !ever {
        reading.format = Some(Format::OtherLog);
    }
}

enum Kind {
    Zeek,
    Plain,
    Other,
}

fn kind(row: &Row<'_>) -> Kind {
    match row.get(Slot::Kind) {
        // Suricata writes alerts and all else that it sees into the same file.
        Some("flow") => Kind::Plain,
        Some("alert" | "dns" | "http" | "tls" | "stats" | "fileinfo" | "netflow" | "anomaly") => Kind::Other,
        _ if row.get(Slot::ZeekState).is_some() || row.get(Slot::History).is_some() => Kind::Zeek,
        _ if row_tells_connection(row) => Kind::Zeek,
        _ => Kind::Other,
    }
}

/// The object of a line, also where the lines make up one array.
fn object(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"[").or_else(|| line.strip_prefix(b",")).unwrap_or(line);
    let line = line.strip_suffix(b"]").or_else(|| line.strip_suffix(b",")).unwrap_or(line).trim_ascii();
    (!line.is_empty()).then_some(line)
}

/// Puts what `json`, an object, says of a flow into `row`.
fn into_row<'t>(
    json: &'t [u8],
    prefix: &str,
    depth: usize,
    row: &mut Row<'t>,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    Object { prefix, depth, row }.deserialize(&mut deserializer)?;
    deserializer.end()
}

struct Object<'p, 'r, 't> {
    prefix: &'p str,
    depth: usize,
    row: &'r mut Row<'t>,
}

impl<'t> DeserializeSeed<'t> for Object<'_, '_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'t> Visitor<'t> for Object<'_, '_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'t, str>>()? {
            let value = map.next_value::<&'t RawValue>()?.get();
            let key = path(self.prefix, &key);
            if value.starts_with('{') {
                if self.depth < DEPTH {
                    into_row(value.as_bytes(), &key, self.depth + 1, self.row).map_err(A::Error::custom)?;
                }
            } else if let (Some(slot), Some(text)) = (slot(&key), scalar(value)) {
                self.row.put(slot, text);
            }
        }
        Ok(())
    }
}

/// The key within its object's; an index's envelope is no part of it.
fn path<'k>(prefix: &str, key: &'k str) -> std::borrow::Cow<'k, str> {
    match prefix {
        "" | "_source" => key.strip_prefix("_source.").unwrap_or(key).into(),
        _ => format!("{prefix}.{key}").into(),
    }
}

/// A number, or what stands between quotes with nothing escaped in it: no address or number has any need of that.
fn scalar(json: &str) -> Option<&str> {
    match json.strip_prefix('"') {
        Some(text) => text.strip_suffix('"').filter(|text| !text.contains('\\')),
        None => (json != "null" && !json.starts_with('[')).then_some(json),
    }
}
