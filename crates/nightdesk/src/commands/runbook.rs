//! `nightdesk runbook`.

use anyhow::{Result, bail};
use case::{About, Runbook, runbook, runbooks};

use super::Answer;
use crate::{cli, output};

/// How wide a terminal is taken to be.
const WIDTH: usize = 100;

/// Prints one runbook, or lists them.
pub(crate) fn run(options: &cli::Runbook) -> Result<Answer> {
    let Some(name) = &options.name else {
        list(options.json.json)?;
        return Ok(Answer::Yes);
    };
    let Some(book) = runbook(name) else {
        let near = runbooks().iter().min_by_key(|book| strsim::damerau_levenshtein(book.name, name));
        let hint = near.map(|book| format!("; did you mean {}?", book.name)).unwrap_or_default();
        bail!("there is no runbook {name:?}{hint}");
    };
    if options.json.json {
        output::json(book)?;
    } else {
        output::bytes(book.to_text(WIDTH).as_bytes());
    }
    Ok(Answer::Yes)
}

fn list(json: bool) -> Result<()> {
    if json {
        return runbooks().iter().try_for_each(output::json);
    }
    let width = runbooks().iter().map(|book| book.name.len()).max().unwrap_or_default();
    for about in About::ALL {
        output::line(about.heading());
        let of = runbooks().iter().filter(|book: &&Runbook| book.about == about);
        of.for_each(|book| output::line(format!("  {:<width$}  {}", book.name, book.title)));
    }
    Ok(())
}
