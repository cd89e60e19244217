//! Cases as lists show them: a row of each, so that no list has to replay.

use std::net::IpAddr;

use case::{CaseId, Listed, Narrow};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use crate::batch::{DOING, or_conflict};
use crate::sql::{Tx, Value, args};
use crate::{CommitError, Store, StoreError, codec};

/// How a row is made. Rows of an older make are made again from their records ([`Store::lines_of_older_make`]).
const MAKE: i64 = 1;

const COLUMNS: &str =
    "case_id, subscriber, stage, opened, updated, version, due, harm, proxy, addresses, assignee, more";

impl Store {
    /// The line of one case.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or the row is damaged.
    pub async fn listed(&self, case: CaseId) -> Result<Option<Listed>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM summaries WHERE case_id = $1");
        let case = codec::number(case.0, "a case number")?;
        let row: Option<Row> =
            self.row("reading the line of a case", AssertSqlSafe(sql), args![case]).await?;
        row.map(Listed::try_from).transpose()
    }

    /// The lines of open and ended cases that meet the conditions, the newest first; at most `limit`, of those before
    /// `before` where it is given.
    ///
    /// # Errors
    /// As [`Store::listed`].
    pub async fn lines(
        &self,
        narrow: &Narrow,
        before: Option<CaseId>,
        limit: u32,
        offset: u64,
    ) -> Result<Vec<Listed>, StoreError> {
        let (condition, mut values) = condition(narrow, before)?;
        values.extend(args![i64::from(limit), codec::number(offset, "an offset")?]);
        let (last, first) = (values.len(), values.len().saturating_sub(1));
        let sql = format!(
            "SELECT {COLUMNS} FROM summaries {condition} ORDER BY case_id DESC LIMIT ${first} OFFSET ${last}"
        );
        let rows: Vec<Row> = self.rows("listing cases", AssertSqlSafe(sql), values).await?;
        rows.into_iter().map(Listed::try_from).collect()
    }

    /// How many cases meet the conditions, counted up to `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn count_lines(&self, narrow: &Narrow, limit: u32) -> Result<u64, StoreError> {
        let (condition, mut values) = condition(narrow, None)?;
        values.extend(args![i64::from(limit)]);
        let last = values.len();
        let sql =
            format!("SELECT COUNT(*) FROM (SELECT 1 FROM summaries {condition} LIMIT ${last}) AS fitting");
        let row: Option<(i64,)> = self.row("counting cases", AssertSqlSafe(sql), values).await?;
        codec::count(row.map_or(0, |(count,)| count), "number of cases")
    }

    /// Some cases whose lines an older nightdesk wrote, with less in them; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn lines_of_older_make(&self, limit: u32) -> Result<Vec<CaseId>, StoreError> {
        // The number stands in the statement itself, so that an index of just those rows can be used.
        let sql = format!("SELECT case_id FROM summaries WHERE make < {MAKE} LIMIT $1");
        let doing = "looking for lines of an older make";
        let rows: Vec<(i64,)> = self.rows(doing, AssertSqlSafe(sql), args![i64::from(limit)]).await?;
        rows.into_iter().map(|(case,)| codec::count(case, "case number").map(CaseId)).collect()
    }

    /// Writes lines that were made again, each where its case is still at that version.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed. Nothing is written then.
    pub async fn write_lines_again(&self, lines: &[Listed]) -> Result<(), StoreError> {
        let doing = "making the lines of cases again";
        let mut tx = self.begin(doing).await?;
        for line in lines {
            let sql = "UPDATE summaries SET due = $3, harm = $4, proxy = $5, addresses = $6, assignee = $7,
                         more = $8, sought = $9, make = $10
                       WHERE case_id = $1 AND version = $2";
            let values = args![
                codec::number(line.case.0, "a case number")?,
                codec::number(line.version, "a version")?,
                line.due.map(Timestamp::as_microsecond),
                i64::from(line.harm),
                line.proxy,
                codec::to_json(&line.addresses, "the addresses of a case")?,
                line.assignee.clone(),
                codec::to_json(&line.more, "the line of a case")?,
                line.sought(),
                MAKE,
            ];
            tx.execute(doing, sql, values).await?;
        }
        tx.commit(doing).await
    }
}

/// The WHERE clause and its parameters, from `$1` on. Only the parameters carry what was asked for.
fn condition(narrow: &Narrow, before: Option<CaseId>) -> Result<(String, Vec<Value>), StoreError> {
    let mut parts = Vec::new();
    let mut values = Vec::new();
    let mut mark = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    if let Some(open) = narrow.open {
        parts.push(format!("open = {}", mark(Value::from(open))));
    }
    if let Some(stages) = &narrow.stages {
        let marks: Vec<String> = stages.iter().map(|stage| mark(Value::from(stage.name()))).collect();
        parts.push(format!("stage IN ({})", marks.join(", ")));
    }
    if let Some(cases) = &narrow.cases {
        let mut marks = Vec::new();
        // A number beyond what a table can hold is no case's.
        for case in cases.iter().filter_map(|case| i64::try_from(case.0).ok()) {
            marks.push(mark(Value::from(case)));
        }
        parts.push(if marks.is_empty() {
            "1 = 0".to_owned()
        } else {
            format!("case_id IN ({})", marks.join(", "))
        });
    }
    if let Some(address) = narrow.address {
        let address = mark(Value::from(IpAddr::to_canonical(&address).to_string()));
        parts.push(format!("case_id IN (SELECT case_id FROM case_addresses WHERE address = {address})"));
    }
    for text in &narrow.texts {
        parts.push(format!("sought LIKE {} ESCAPE '!'", mark(Value::from(pattern(text)))));
    }
    if let Some(before) = before {
        parts.push(format!("case_id < {}", mark(Value::from(codec::number(before.0, "a case number")?))));
    }
    let clause = if parts.is_empty() { String::new() } else { format!("WHERE {}", parts.join(" AND ")) };
    Ok((clause, values))
}

/// What LIKE finds a text anywhere with.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

pub(crate) async fn write(tx: &mut Tx, line: &Listed) -> Result<(), CommitError> {
    let case = codec::number(line.case.0, "a case number")?;
    let sql = "INSERT INTO summaries
                 (case_id, subscriber, stage, open, opened, updated, version, due, harm, proxy, addresses, assignee,
                  more, sought, make)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
               ON CONFLICT (case_id) DO UPDATE SET
                 subscriber = excluded.subscriber, stage = excluded.stage, open = excluded.open,
                 opened = excluded.opened, updated = excluded.updated, version = excluded.version,
                 due = excluded.due, harm = excluded.harm, proxy = excluded.proxy, addresses = excluded.addresses,
                 assignee = excluded.assignee, more = excluded.more, sought = excluded.sought, make = excluded.make";
    let values = args![
        case,
        line.subscriber.as_str(),
        line.stage.name(),
        line.stage.is_open(),
        line.opened.as_microsecond(),
        line.updated.as_microsecond(),
        codec::number(line.version, "a version")?,
        line.due.map(Timestamp::as_microsecond),
        i64::from(line.harm),
        line.proxy,
        codec::to_json(&line.addresses, "the addresses of a case")?,
        line.assignee.clone(),
        codec::to_json(&line.more, "the line of a case")?,
        line.sought(),
        MAKE,
    ];
    tx.execute(DOING, sql, values).await.map_err(|error| or_conflict(error, line.case))?;
    for address in &line.addresses {
        let sql = "INSERT INTO case_addresses (address, case_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.execute(DOING, sql, args![address.to_canonical().to_string(), case]).await?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    case_id: i64,
    subscriber: String,
    stage: String,
    opened: i64,
    updated: i64,
    version: i64,
    due: Option<i64>,
    harm: i64,
    proxy: bool,
    addresses: String,
    assignee: Option<String>,
    more: String,
}

impl TryFrom<Row> for Listed {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Listed, StoreError> {
        let what = format!("line of case ND-{}", row.case_id);
        let due = row.due.map(|due| codec::moment(due, &what)).transpose()?;
        Ok(Listed {
            case: CaseId(codec::count(row.case_id, &what)?),
            subscriber: row.subscriber.parse().map_err(|error| codec::damaged(&what, format!("{error}")))?,
            stage: row.stage.parse().map_err(|error| codec::damaged(&what, error))?,
            opened: codec::moment(row.opened, &what)?,
            updated: codec::moment(row.updated, &what)?,
            version: codec::count(row.version, &what)?,
            due,
            harm: u8::try_from(row.harm).map_err(|error| codec::damaged(&what, error.to_string()))?,
            proxy: row.proxy,
            addresses: codec::from_json(&row.addresses, &what)?,
            assignee: row.assignee,
            more: codec::from_json(&row.more, &what)?,
        })
    }
}
