//! `nightdesk heaviest`.

use anyhow::Result;
use lake::Heaviest;
use serde_json::Value;

use super::Answer;
use super::table::{Table, at, time, warn_of_gaps};
use crate::cli::HeaviestOf;
use crate::config::Config;
use crate::{output, startup};

/// Days looked back when nothing is said.
const DAYS: i64 = 1;

/// Lists the conversations with the most bytes; yes when there are any.
pub(crate) async fn run(config: &Config, options: &HeaviestOf) -> Result<Answer> {
    let (since, until) = time(options.time, DAYS)?;
    let lake = startup::open_lake(config).await?;
    let answer = lake.heaviest(since, until, options.most).await?;
    let table = table(&answer);
    if !table.print_for_programs(options.shown)? {
        output::line(format!(
            "Where whoever began sent most, between {} and {}; bytes are theirs, bytes_back came in answer.",
            answer.since, answer.until
        ));
        if let Some(first) = answer.conversations.first() {
            table.print();
            output::line(format!("Next: nightdesk timeline {}", first.address));
        }
        warn_of_gaps(answer.coverage);
    }
    Ok(if answer.conversations.is_empty() { Answer::No } else { Answer::Yes })
}

fn table(answer: &Heaviest) -> Table {
    let columns = ["address", "peer", "inbound", "port", "flows", "bytes", "bytes_back", "first", "last"];
    let mut table = Table::new(columns);
    for one in &answer.conversations {
        table.row(vec![
            Value::from(one.address.to_string()),
            Value::from(one.peer.to_string()),
            Value::from(one.inbound),
            Value::from(one.port),
            Value::from(one.flows),
            Value::from(one.bytes),
            Value::from(one.bytes_back),
            at(one.first),
            at(one.last),
        ]);
    }
    table
}
