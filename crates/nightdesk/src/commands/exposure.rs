//! `nightdesk exposure`.

use anyhow::Result;
use flow::Millis;
use jiff::Timestamp;
use lake::{Exposed, ExposedHost, Exposure, ExposureQuestion};
use serde_json::Value;

use super::Answer;
use super::table::{Table, at, port, warn_of_gaps};
use crate::config::Config;
use crate::{cli, output, startup};

/// Ports named in a line for people; the rest are counted.
const NAMED: usize = 6;

/// Says whom a scanner touched; yes when it touched anybody.
pub(crate) async fn run(config: &Config, options: &cli::Exposure) -> Result<Answer> {
    let question = ExposureQuestion {
        net: options.victim,
        window: i64::try_from(options.window.0.as_millis())?,
        ..ExposureQuestion::around(
            options.scanner,
            options.victim.addr(),
            Millis::from(options.at),
            Millis::from(Timestamp::now()),
        )
    };
    let answer = startup::open_lake(config).await?.exposure(question).await?;
    if options.shown.json {
        for host in &answer.hosts {
            output::json(host)?;
        }
    } else if !table(&answer).print_for_programs(options.shown)? {
        in_words(&answer);
    }
    Ok(if answer.hosts.is_empty() { Answer::No } else { Answer::Yes })
}

fn table(answer: &Exposure) -> Table {
    let mut table = Table::new(["address", "exposed", "first", "ports", "new_listeners"]);
    for host in &answer.hosts {
        let ports = host.ports.iter().map(|one| Value::from(port(one.port, one.protocol)));
        let new = host.new_listeners.iter().map(|one| Value::from(port(one.port, one.protocol)));
        table.row(vec![
            Value::from(host.address.to_string()),
            Value::from(word(host.exposed)),
            at(host.first),
            ports.collect(),
            new.collect(),
        ]);
    }
    table
}

fn in_words(answer: &Exposure) {
    let asked = &answer.question;
    let (since, until) = (asked.at.plus(-asked.window), asked.at.plus(asked.window));
    output::line(format!(
        "{} came to {} of the addresses in {} between {since} and {until}.",
        asked.scanner,
        answer.hosts.len(),
        asked.net
    ));
    let mut table = Table::new(["address", "exposed", "first", "ports it came to", "listens since"]);
    for host in &answer.hosts {
        let new: Vec<String> = host.new_listeners.iter().map(|one| port(one.port, one.protocol)).collect();
        table.row(vec![
            Value::from(host.address.to_string()),
            Value::from(word(host.exposed)),
            at(host.first),
            Value::from(some_ports(host)),
            Value::from(new.join(" ")),
        ]);
    }
    if !answer.hosts.is_empty() {
        table.print();
    }
    warn_of_gaps(answer.coverage);
    if answer.coverage_before.held < answer.coverage_before.hours {
        output::line(format!(
            "Of the {} hours before, {} are known: a listener is called new when it was silent in those (and never when they are fewer than 24).",
            answer.coverage_before.hours, answer.coverage_before.held
        ));
    }
    // Most exporters that look at every packet do not say so.
    match answer.sampling {
        0 => output::line("Whether every packet was looked at is not known: silence proves little."),
        1 => {}
        one_in => output::line(format!("One packet in {one_in} was looked at: silence proves little.")),
    }
    if let Some(next) = next_step(answer) {
        output::line(next);
    }
}

fn some_ports(host: &ExposedHost) -> String {
    let mut named: Vec<String> =
        host.ports.iter().take(NAMED).map(|one| port(one.port, one.protocol)).collect();
    if host.ports.len() > NAMED {
        named.push(format!("and {} more", host.ports.len() - NAMED));
    }
    named.join(" ")
}

/// What to do about the worst.
fn next_step(answer: &Exposure) -> Option<String> {
    let worst = answer.hosts.iter().max_by_key(|host| host.exposed)?;
    match worst.exposed {
        Exposed::NewListener => {
            let listener = worst.new_listeners.first()?;
            Some(format!("Next: nightdesk check {}", std::net::SocketAddr::new(worst.address, listener.port)))
        }
        Exposed::Answered | Exposed::Opened => Some(format!("Next: nightdesk timeline {}", worst.address)),
        Exposed::Refused | Exposed::Touched => Some("Nobody let the scanner in.".to_owned()),
    }
}

/// A grade as it is written.
fn word(exposed: Exposed) -> &'static str {
    match exposed {
        Exposed::Touched => "touched",
        Exposed::Refused => "refused",
        Exposed::Opened => "opened",
        Exposed::Answered => "answered",
        Exposed::NewListener => "new-listener",
    }
}
