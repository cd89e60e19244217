//! `nightdesk timeline`.

use anyhow::Result;
use lake::Timeline;
use serde_json::Value;

use super::Answer;
use super::table::{Table, at, port, time, warn_of_gaps};
use crate::config::Config;
use crate::{cli, output, startup};

/// Days looked back when nothing is said.
const DAYS: i64 = 1;

/// Shows what one of our addresses did; yes when it did anything. JSON is one object, CSV the steps.
pub(crate) async fn run(config: &Config, options: &cli::Timeline) -> Result<Answer> {
    let (since, until) = time(options.time, DAYS)?;
    let answer = startup::open_lake(config).await?.timeline(options.address, since, until).await?;
    if options.shown.json {
        output::json(&answer)?;
    } else if !steps(&answer).print_for_programs(options.shown)? {
        in_words(&answer);
    }
    Ok(if answer.flows == 0 { Answer::No } else { Answer::Yes })
}

fn in_words(answer: &Timeline) {
    output::line(format!(
        "{}: {} records between {} and {}.",
        answer.address, answer.flows, answer.since, answer.until
    ));
    let parts = [
        ("What answers there:", listeners(answer)),
        ("With whom most went:", partners(answer)),
        ("Where it went:", went_to(answer)),
        ("When:", steps(answer)),
    ];
    for (title, table) in parts.into_iter().filter(|_| answer.flows > 0) {
        output::line(title);
        table.print();
    }
    warn_of_gaps(answer.coverage);
    if let Some(listener) = answer.listeners.iter().max_by_key(|one| one.peers) {
        let target = std::net::SocketAddr::new(answer.address, listener.port);
        output::line(format!("Next: nightdesk check {target}"));
    }
}

fn listeners(answer: &Timeline) -> Table {
    let mut table = Table::new(["port", "peers", "flows", "bytes_in", "bytes_out", "first", "last"]);
    for one in &answer.listeners {
        table.row(vec![
            Value::from(port(one.port, one.protocol)),
            Value::from(one.peers),
            Value::from(one.flows),
            Value::from(one.bytes_in),
            Value::from(one.bytes_out),
            at(one.first),
            at(one.last),
        ]);
    }
    table
}

fn partners(answer: &Timeline) -> Table {
    let mut table = Table::new(["peer", "connections", "it_began", "bytes_in", "bytes_out", "first", "last"]);
    for one in &answer.partners {
        table.row(vec![
            Value::from(one.address.to_string()),
            Value::from(one.connections),
            Value::from(one.came),
            Value::from(one.bytes_in),
            Value::from(one.bytes_out),
            at(one.first),
            at(one.last),
        ]);
    }
    table
}

fn went_to(answer: &Timeline) -> Table {
    let mut table = Table::new(["port", "connections", "peers"]);
    for one in &answer.went_to {
        let cells =
            [Value::from(port(one.port, one.protocol)), Value::from(one.connections), Value::from(one.peers)];
        table.row(cells.to_vec());
    }
    table
}

/// The steps in which something happened.
fn steps(answer: &Timeline) -> Table {
    let mut table = Table::new(["at", "strangers", "came", "answered", "went", "bytes_in", "bytes_out"]);
    for one in answer.steps.iter().filter(|one| one.came + one.went + one.bytes_in + one.bytes_out > 0) {
        table.row(vec![
            at(one.at),
            Value::from(one.strangers),
            Value::from(one.came),
            Value::from(one.answered),
            Value::from(one.went),
            Value::from(one.bytes_in),
            Value::from(one.bytes_out),
        ]);
    }
    table
}
