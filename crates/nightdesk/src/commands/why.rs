//! `nightdesk why`.

use anyhow::Result;
use jiff::Timestamp;

use super::Answer;
use crate::cli::{Subject, Why};
use crate::config::Config;
use crate::{output, startup};

/// Walks back from the rule to the bytes.
pub(crate) async fn run(config: &Config, options: &Why) -> Result<Answer> {
    let store = startup::open_store(config).await?;
    let now = Timestamp::now();
    let steps = match options.what {
        Subject::Address(address) => desk::why_address(&store, address, now).await?,
        Subject::Case(case) => desk::why_case(&store, case, now).await?.unwrap_or_default(),
    };
    if steps.is_empty() && !options.json.json {
        output::line(format!("nothing is known of {}: no case ever spoke of it", options.what));
    }
    for step in &steps {
        if options.json.json {
            output::json(step)?;
        } else {
            output::line(format!("{:<7} {}", step.step, step.text));
            for line in step.quote.iter().flat_map(|quote| quote.lines()) {
                output::line(format!("        | {line}"));
            }
        }
    }
    Ok(if steps.is_empty() { Answer::No } else { Answer::Yes })
}
