//! `nightdesk lease import`.

use anyhow::Result;

use super::Answer;
use crate::cli::LeaseCommand;
use crate::config::Config;

pub(crate) async fn run(config: &Config, command: &LeaseCommand) -> Result<Answer> {
    let _ = (config, command);
    Ok(Answer::No)
}
