//! Questions that analysts write themselves: one statement, reading only, within bounds.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Int64Type, UInt64Type};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::StreamExt;
use serde::Serialize;
use serde_json::Value;

use crate::address::address;
use crate::error::LakeError;
use crate::lake::{Asking, Lake};
use crate::schema::{ADDRESS, address_number};

/// Bytes a statement may have; no question a person writes is longer.
const LONGEST: usize = 32 * 1024;

/// A table as an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows: numbers, truths, texts and nulls; addresses and times as texts.
    pub rows: Vec<Vec<Value>>,
    /// There are more rows than were asked for.
    pub more: bool,
}

impl Lake {
    /// Answers one statement of SQL that only reads, with at most `most` rows. The tables are `flows`, which picks the
    /// order of files that suits the question, and `by_home` and `by_peer`; see [`crate::Writer`] for what is in them.
    ///
    /// # Errors
    /// [`LakeError::Refused`] when it is none, or would do more than read; otherwise as the other questions.
    pub async fn sql(&self, statement: &str, most: usize) -> Result<Answer, LakeError> {
        if statement.len() > LONGEST {
            return Err(LakeError::Refused(format!("the statement has more than {LONGEST} bytes")));
        }
        let statement = statement.trim().trim_end_matches(';').to_owned();
        let answer = self.answer(move |asking| {
            let statement = statement.clone();
            async move { asked(&asking, &statement, most).await }
        });
        match answer.await {
            Err(LakeError::Engine(error)) if is_the_askers(&error) => {
                Err(LakeError::Refused(in_words(&error)))
            }
            other => other,
        }
    }
}

async fn asked(asking: &Asking, statement: &str, most: usize) -> Result<Answer, LakeError> {
    let mut batches = asking.stream(statement).await?;
    let columns = batches.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut rows: Vec<Vec<Value>> = Vec::new();
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let room = most.saturating_sub(rows.len());
        if batch.num_rows() > room {
            rows.extend(cells(&batch.slice(0, room))?);
            return Ok(Answer { columns, rows, more: true });
        }
        rows.extend(cells(&batch)?);
    }
    Ok(Answer { columns, rows, more: false })
}

fn cells(batch: &RecordBatch) -> Result<Vec<Vec<Value>>, LakeError> {
    let wrong = |source| LakeError::Columns { doing: "show the answer", source };
    let options = FormatOptions::default().with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.3fZ"));
    let columns: Vec<(&ArrayRef, ArrayFormatter<'_>)> = batch
        .columns()
        .iter()
        .map(|column| Ok((column, ArrayFormatter::try_new(column.as_ref(), &options).map_err(wrong)?)))
        .collect::<Result<_, LakeError>>()?;
    let row = |at: usize| columns.iter().map(|(column, format)| cell(column, format, at)).collect();
    Ok((0..batch.num_rows()).map(row).collect())
}

fn cell(column: &ArrayRef, format: &ArrayFormatter<'_>, at: usize) -> Value {
    if column.is_null(at) {
        return Value::Null;
    }
    if let (&ADDRESS, Some(bytes)) = (column.data_type(), column.as_fixed_size_binary_opt()) {
        return Value::from(address(address_number(bytes.value(at))).to_string());
    }
    if let Some(truth) = column.as_boolean_opt() {
        return Value::from(truth.value(at));
    }
    if let Some(number) = column.as_primitive_opt::<UInt64Type>() {
        return Value::from(number.value(at));
    }
    if let Some(number) = column.as_primitive_opt::<Int64Type>() {
        return Value::from(number.value(at));
    }
    let text = format.value(at).to_string();
    let is_number =
        column.data_type().is_numeric() && !matches!(column.data_type(), DataType::Decimal128(..));
    let number = is_number.then(|| text.parse::<serde_json::Number>().ok()).flatten();
    number.map_or_else(|| Value::from(text), Value::Number)
}

/// Whether the statement is at fault, not the lake.
fn is_the_askers(error: &datafusion::error::DataFusionError) -> bool {
    use datafusion::error::DataFusionError as E;
    matches!(
        error.find_root(),
        E::SQL(..)
            | E::Plan(_)
            | E::SchemaError(..)
            | E::NotImplemented(_)
            | E::Configuration(_)
            | E::Diagnostic(..)
    )
}

fn in_words(error: &datafusion::error::DataFusionError) -> String {
    let text = error.find_root().message().into_owned();
    let first = text.lines().next().unwrap_or_default();
    format!("the question cannot be asked so: {first}; the tables are flows, by_home and by_peer")
}
