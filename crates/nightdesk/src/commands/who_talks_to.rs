//! `nightdesk who-talks-to`.

use anyhow::Result;
use lake::Talkers;
use serde_json::Value;

use super::Answer;
use super::table::{Table, at, time, warn_of_gaps};
use crate::cli::WhoTalksTo;
use crate::config::Config;
use crate::{output, startup};

/// Days looked back when nothing is said.
const DAYS: i64 = 7;

/// Lists our addresses that talked with an outside one; yes when there are any.
pub(crate) async fn run(config: &Config, options: &WhoTalksTo) -> Result<Answer> {
    let (since, until) = time(options.time, DAYS)?;
    let lake = startup::open_lake(config).await?;
    let answer = lake.who_talks_to(options.peer, since, until, options.most).await?;
    let table = table(&answer);
    if !table.print_for_programs(options.shown)? {
        output::line(format!(
            "{}{} of our addresses talked with {} between {since} and {until}.",
            if answer.more { "More than " } else { "" },
            answer.talkers.len(),
            answer.peer
        ));
        if let Some(first) = answer.talkers.first() {
            table.print();
            output::line(format!(
                "It began with {}. Next: nightdesk timeline {}",
                first.address, first.address
            ));
        }
        warn_of_gaps(answer.coverage);
    }
    Ok(if answer.talkers.is_empty() { Answer::No } else { Answer::Yes })
}

fn table(answer: &Talkers) -> Table {
    let mut table =
        Table::new(["address", "port", "serves", "flows", "bytes_in", "bytes_out", "first", "last"]);
    for one in &answer.talkers {
        table.row(vec![
            Value::from(one.address.to_string()),
            Value::from(one.port),
            Value::from(one.serves),
            Value::from(one.flows),
            Value::from(one.bytes_in),
            Value::from(one.bytes_out),
            at(one.first),
            at(one.last),
        ]);
    }
    table
}
