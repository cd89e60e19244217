//! Zeek's own form: names of the columns after `#fields`, a line for each connection.

use std::borrow::Cow;

use crate::files::columns::Columns;
use crate::files::doubt::DoubtKind;
use crate::files::input::Input;
use crate::files::lines::Lines;
use crate::files::row::{Row, Slot};
use crate::files::{Format, Reading};

use super::{columns_tell_connections, connection};

/// The columns of every version since Zeek's `conn.log` counts packets, for logs that have lost their head.
const USUAL: [&str; 20] = [
    "ts",
    "uid",
    "id.orig_h",
    "id.orig_p",
    "id.resp_h",
    "id.resp_p",
    "proto",
    "service",
    "duration",
    "orig_bytes",
    "resp_bytes",
    "conn_state",
    "local_orig",
    "local_resp",
    "missed_bytes",
    "history",
    "orig_pkts",
    "orig_ip_bytes",
    "resp_pkts",
    "resp_ip_bytes",
];

/// Reads logs of connections, several one after the other if need be. Lines of other logs are passed over.
pub(in crate::files) fn tsv(input: &mut Input<'_>, reading: &mut Reading<'_>) {
    let mut head = Head::default();
    let mut lines = Lines::new(input);
    while let Some((number, line)) = lines.next(reading) {
        let line = String::from_utf8_lossy(line);
        match line.strip_prefix('#') {
            Some(directive) => head.learn(directive),
            None if line.trim_ascii().is_empty() => {}
            None if !head.connections => reading.pass(),
            None => {
                head.ever = true;
                record(&head, &line, number, reading);
            }
        }
    }
    if !head.ever {
        reading.format = Some(Format::OtherLog);
    }
}

fn record(head: &Head, line: &str, number: u64, reading: &mut Reading<'_>) {
    let cells = line
        .split(head.separator)
        .map(|cell| if cell == head.unset || cell == head.empty { "" } else { cell });
    let row: Row<'_> = head.columns.row(cells);
    if row.get(Slot::Destination).is_none() {
        reading.doubts.note(DoubtKind::Unreadable, number);
    } else {
        connection(&row, number, reading);
    }
}

/// What the lines that begin with `#` say of those that follow.
struct Head {
    separator: char,
    unset: String,
    empty: String,
    columns: Columns,
    /// Whether lines are connections now, and whether they ever were.
    connections: bool,
    ever: bool,
}

impl Default for Head {
    fn default() -> Head {
        let columns = Columns::named(USUAL.into_iter());
        Head {
            separator: '\t',
            unset: "-".into(),
            empty: "(empty)".into(),
            columns,
            connections: true,
            ever: false,
        }
    }
}

impl Head {
    fn learn(&mut self, directive: &str) {
        // The separator itself is told after a space, whatever it is; all else after the separator.
        if let Some(escaped) = directive.strip_prefix("separator ") {
            let separator = unescaped(escaped).chars().next().unwrap_or('\t');
            *self = Head { separator, ever: self.ever, ..Head::default() };
            return;
        }
        let Some((word, rest)) = directive.split_once(self.separator) else {
            return;
        };
        match word {
            "unset_field" => self.unset = rest.to_owned(),
            "empty_field" => self.empty = rest.to_owned(),
            "fields" => self.name(rest),
            _ => {}
        }
    }

    /// Labelling tools put their columns after the last one with three spaces between; names end where a space begins.
    fn name(&mut self, names: &str) {
        let names = names.split(self.separator).map(|name| name.split("   ").next().unwrap_or(name));
        self.columns = Columns::named(names);
        self.connections = columns_tell_connections(&self.columns);
        self.ever |= self.connections;
    }
}

/// `\x09` and the like as what they stand for.
fn unescaped(text: &str) -> Cow<'_, str> {
    match text.strip_prefix("\\x").and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok()) {
        Some(byte) => Cow::Owned(char::from(byte).to_string()),
        None => Cow::Borrowed(text),
    }
}
