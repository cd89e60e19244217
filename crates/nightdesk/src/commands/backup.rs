//! `nightdesk backup` and `restore`.

use anyhow::{Context, Result};

use super::Answer;
use crate::cli::{Backup, Restore};
use crate::config::Config;
use crate::{output, startup};

pub(crate) async fn backup(config: &Config, options: &Backup) -> Result<Answer> {
    let store = startup::open_store(config).await?;
    let report = store.backup(&options.file).await.context("the backup was not made")?;
    output::line(format!("{}: {report:?}", options.file.display()));
    Ok(Answer::Yes)
}

pub(crate) async fn restore(config: &Config, options: &Restore) -> Result<Answer> {
    let report = store::restore(&options.file, &config.database_url(), options.verify)
        .await
        .context("nothing was restored")?;
    output::line(format!(
        "{} log entries restored{}",
        report.entries,
        if options.verify { ", every hash checked" } else { "" }
    ));
    Ok(Answer::Yes)
}
