//! Answers as tables: for people in columns, for programs as JSON lines or CSV.

use anyhow::{Context, Result};
use flow::Millis;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::cli::{LookBack, Shown};
use crate::output;

/// A table under way: the names of its columns and its rows.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Table {
    pub(crate) fn new(columns: impl IntoIterator<Item = impl Into<String>>) -> Table {
        Table { columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: Vec<Value>) {
        self.rows.push(cells);
    }

    /// Prints it as JSON lines or CSV; false when it is for people.
    pub(crate) fn print_for_programs(&self, shown: Shown) -> Result<bool> {
        if shown.json {
            for row in &self.rows {
                let object: Map<String, Value> =
                    self.columns.iter().cloned().zip(row.iter().cloned()).collect();
                output::json(&object)?;
            }
        } else if shown.csv {
            let mut out = csv::Writer::from_writer(Vec::new());
            out.write_record(&self.columns)?;
            for row in &self.rows {
                out.write_record(row.iter().map(text))?;
            }
            output::bytes(&out.into_inner().context("the CSV could not be finished")?);
        }
        Ok(shown.json || shown.csv)
    }

    /// Prints it in columns.
    pub(crate) fn print(&self) {
        let rows: Vec<Vec<String>> = std::iter::once(self.columns.clone())
            .chain(self.rows.iter().map(|row| row.iter().map(text).collect()))
            .collect();
        let width =
            |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..self.columns.len()).map(|at| width(at).unwrap_or(0)).collect();
        for row in &rows {
            let line: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            output::line(line.join("  ").trim_end());
        }
    }
}

/// A cell as people and CSV have it: lists with spaces between, nothing for null.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// A moment as all commands print it.
pub(crate) fn at(at: Millis) -> Value {
    Value::from(at.to_string())
}

/// A port as people write it: 3128/tcp.
pub(crate) fn port(port: u16, protocol: u8) -> String {
    match protocol {
        flow::protocol::TCP => format!("{port}/tcp"),
        flow::protocol::UDP => format!("{port}/udp"),
        flow::protocol::ICMP | flow::protocol::ICMPV6 => "icmp".to_owned(),
        other => format!("{port}/ip{other}"),
    }
}

/// The time asked about; `days` back from its end when no beginning is given.
pub(crate) fn time(asked: LookBack, days: i64) -> Result<(Millis, Millis)> {
    let until = Millis::from(asked.until.unwrap_or_else(Timestamp::now));
    let since = asked.since.map_or_else(|| until.plus(-days * 86_400_000), Millis::from);
    anyhow::ensure!(since <= until, "--since is after --until");
    Ok((since, until))
}

/// Says when flows of some of the time asked about are missing.
pub(crate) fn warn_of_gaps(coverage: lake::Coverage) {
    if coverage.held < coverage.hours {
        output::line(format!(
            "There are flows of {} of the {} hours asked about; of the others nothing can be said.",
            coverage.held, coverage.hours
        ));
    }
}
