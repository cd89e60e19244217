//! `nightdesk letter`.

use std::path::Path;

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};

use super::Answer;
use crate::cli::LetterCommand;
use crate::{config, output, startup};

pub(crate) async fn run(path: &Path, command: &LetterCommand) -> Result<Answer> {
    match command {
        LetterCommand::Show { language, built_in: true } => {
            let tag = language.as_deref().unwrap_or("en");
            let text = desk::Letters::built_in_text(tag);
            output::bytes(
                text.with_context(|| format!("there is no built-in letter in {tag:?}"))?.as_bytes(),
            );
        }
        LetterCommand::Show { language, .. } => {
            let letters = startup::letters(&config::load(path)?)?;
            let (subject, body) = letters.sample(language.as_deref())?;
            output::line(format!("Subject: {subject}"));
            output::bytes(body.as_bytes());
        }
        LetterCommand::Reached { days, json } => return reached(path, *days, json.json).await,
    }
    Ok(Answer::Yes)
}

async fn reached(path: &Path, days: u32, json: bool) -> Result<Answer> {
    let store = startup::open_store(&config::load(path)?).await?;
    let since = Timestamp::now().saturating_sub(SignedDuration::from_hours(24 * i64::from(days)))?;
    let reached = store.reached(desk::NOTICE, since).await?;
    if json {
        output::json(&reached)?;
    } else {
        output::line(format!("In the last {days} days, of the customers who were to be told:"));
        let rows = [
            ("letters written", reached.written),
            ("taken by the relay", reached.taken),
            ("came back as undeliverable", reached.returned),
            ("opened their own page", reached.opened),
            ("answered there", reached.answered),
        ];
        rows.iter().for_each(|(what, many)| output::line(format!("{many:>8}  {what}")));
    }
    Ok(if reached.written > 0 { Answer::Yes } else { Answer::No })
}
