//! One table as other programs want it: CSV (RFC 4180) or a JSON object a line.

use serde_json::{Map, Value};

/// Columns and rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What the columns are called.
    pub columns: Vec<&'static str>,
    /// A value for each column.
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// As CSV with a header. A text that a spreadsheet would take for a formula begins with an apostrophe (OWASP, *CSV
    /// Injection*).
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = self.columns.join(",");
        text.push_str("\r\n");
        for row in &self.rows {
            text.push_str(&row.iter().map(cell).collect::<Vec<_>>().join(","));
            text.push_str("\r\n");
        }
        text
    }

    /// As a JSON object a line.
    #[must_use]
    pub fn ndjson(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let object: Map<String, Value> =
                self.columns.iter().map(|column| (*column).to_owned()).zip(row.iter().cloned()).collect();
            text.push_str(&Value::Object(object).to_string());
            text.push('\n');
        }
        text
    }
}

/// A value as a cell of a CSV: nothing for null, lists with spaces between.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => quoted(text),
        Value::Array(values) => quoted(&values.iter().map(plain).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn quoted(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("\"{}{}\"", if runs { "'" } else { "" }, text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_strangers_name_is_neither_a_formula_nor_a_new_row() {
        let row =
            vec![json!("=cmd|' /C calc'!A0"), json!("a\"b\r\nc"), json!(null), json!(7), json!(["x", 2])];
        let table = Table { columns: vec!["a", "b", "c", "d", "e"], rows: vec![row] };
        assert_eq!(table.csv(), "a,b,c,d,e\r\n\"'=cmd|' /C calc'!A0\",\"a\"\"b  c\",,7,\"x 2\"\r\n");
        let lines = table.ndjson();
        assert_eq!(lines.lines().count(), 1);
        let read: Value = serde_json::from_str(&lines).unwrap();
        assert_eq!((&read["b"], &read["d"]), (&json!("a\"b\r\nc"), &json!(7)));
    }
}
