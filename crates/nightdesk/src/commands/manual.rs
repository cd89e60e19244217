//! The manual page and the completion scripts, made from the declaration of the commands.

use anyhow::Result;
use clap::CommandFactory;

use super::Answer;
use crate::cli::Cli;

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Answer> {
    clap_complete::generate(shell, &mut Cli::command(), "nightdesk", &mut std::io::stdout());
    Ok(Answer::Yes)
}

pub(crate) fn man() -> Result<Answer> {
    clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?;
    Ok(Answer::Yes)
}
