//! `nightdesk demo`.
use anyhow::Result;

use crate::cli::Demo;
use crate::commands::Answer;

pub(crate) async fn run(options: &Demo) -> Result<Answer> {
    let _ = options;
    Ok(Answer::No)
}
