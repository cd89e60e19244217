//! The manual page and the completion scripts, made from the declaration of the commands, and the description of the API.

use anyhow::Result;
use clap::CommandFactory;

use super::Answer;
use crate::cli::Cli;
use crate::output;

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Answer> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "nightdesk", &mut text);
    output::bytes(&text);
    Ok(Answer::Yes)
}

pub(crate) fn man() -> Result<Answer> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text)?;
    output::bytes(&text);
    Ok(Answer::Yes)
}

pub(crate) fn openapi() -> Result<Answer> {
    let mut text = serde_json::to_vec_pretty(&web::openapi())?;
    text.push(b'\n');
    output::bytes(&text);
    Ok(Answer::Yes)
}
