//! The arrows between the rooms, as `ARCHITECTURE.md` draws them and as the manifests have them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::shell::{cargo, output};

/// What one room may use.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// Other rooms.
    rooms: BTreeSet<String>,
    /// Guarded crates of others (tokio, sqlx, axum, datafusion and what it reads).
    guarded: BTreeSet<String>,
}

/// Crates that only some rooms are entitled to.
const GUARDED: [&str; 6] = ["tokio", "sqlx", "axum", "datafusion", "parquet", "arrow"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    license: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// The table between the markers: `| crate | may use | entitled to |`.
pub(crate) fn table(architecture: &str) -> BTreeMap<String, Allowed> {
    let body = architecture.split("<!-- arrows -->").nth(1).unwrap_or_default();
    let words = |cell: &str| -> BTreeSet<String> {
        cell.split(',')
            .map(|word| word.trim().trim_matches('`').to_owned())
            .filter(|word| !word.is_empty() && word != "–")
            .collect()
    };
    body.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim().strip_prefix('|')?.split('|').collect();
            let name = cells.first()?.trim().trim_matches('`').to_owned();
            let fits = !name.is_empty() && name != "crate" && !name.starts_with('-');
            fits.then(|| {
                (
                    name,
                    Allowed {
                        rooms: words(cells.get(1).unwrap_or(&"")),
                        guarded: words(cells.get(2).unwrap_or(&"")),
                    },
                )
            })
        })
        .collect()
}

/// Every arrow and guarded crate the table does not allow, and every licence `deny.toml` does not.
pub(crate) fn violations(architecture: &str, deny: &str) -> Result<Vec<String>> {
    let text = output(cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Metadata = serde_json::from_str(&text).context("cargo metadata is not what it was")?;
    let table = table(architecture);
    let (ours, theirs): (Vec<_>, Vec<_>) =
        metadata.packages.iter().partition(|package| metadata.workspace_members.contains(&package.id));
    let names: BTreeSet<&str> = ours.iter().map(|package| package.name.as_str()).collect();
    let mut found = Vec::new();
    for room in &ours {
        let Some(allowed) = table.get(&room.name) else {
            found.push(format!("{} stands in no row of the arrows table in ARCHITECTURE.md", room.name));
            continue;
        };
        // A test may use what it likes; only what is shipped makes an arrow.
        for used in room.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev")) {
            let name = used.name.as_str();
            if names.contains(name) && !allowed.rooms.contains(name) {
                found.push(format!(
                    "forbidden arrow: {} -> {name}; see the table in ARCHITECTURE.md",
                    room.name
                ));
            }
            if GUARDED.contains(&name) && !allowed.guarded.contains(name) {
                found.push(format!(
                    "{} is not entitled to {name}; see the table in ARCHITECTURE.md",
                    room.name
                ));
            }
        }
    }
    found.extend(theirs.iter().filter_map(|package| licence_trouble(package, deny)));
    Ok(found)
}

/// A licence expression passes when every `AND` part has one `OR` choice that `deny.toml` allows.
fn licence_trouble(package: &Package, deny: &str) -> Option<String> {
    let allowed =
        |licence: &str| deny.contains(&format!("\"{}\"", licence.trim_matches(|c: char| "() ".contains(c))));
    let expression = package.license.as_deref().unwrap_or_default().replace('/', " OR ");
    let fits =
        !expression.is_empty() && expression.split(" AND ").all(|part| part.split(" OR ").any(allowed));
    (!fits).then(|| format!("{}: licence {expression:?} is not allowed by deny.toml", package.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let text = "x\n<!-- arrows -->\n| crate | may use | entitled to |\n|---|---|---|\n| `web` | `desk`, `case` | `tokio`, `axum` |\n| `lease` | – | – |\n<!-- arrows -->\n| no | row | here |";
        let table = table(text);
        assert_eq!(table.len(), 2);
        assert!(table["web"].rooms.contains("desk") && table["web"].guarded.contains("axum"));
        assert_eq!(table["lease"], Allowed::default());
    }
}
