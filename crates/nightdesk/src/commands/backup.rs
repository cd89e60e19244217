//! `nightdesk backup` and `restore`.

use anyhow::{Context, Result};
use store::{Spool, Store};

use super::Answer;
use crate::cli::{Backup, Restore};
use crate::config::Config;
use crate::{output, startup};

/// More mail than this waits only when the desk has been dead for long; then it should be started first.
const MOST_WAITING: usize = 10_000;

pub(crate) async fn backup(config: &Config, options: &Backup) -> Result<Answer> {
    let store = startup::open_store(config).await?;
    log_what_waits(config, &store).await?;
    let report = store.backup(&options.file).await.context("the backup was not made")?;
    output::line(format!(
        "{}: {} log entries, {} bytes",
        options.file.display(),
        report.entries,
        report.bytes
    ));
    output::line(format!("head of the log, to be kept elsewhere too: {}", hex::encode(report.head)));
    Ok(Answer::Yes)
}

/// Accepted mail that the desk has not moved into the log yet belongs into the backup as well. It stays in the spool: when
/// the desk moves it, the log knows it already.
async fn log_what_waits(config: &Config, store: &Store) -> Result<()> {
    let dir = config.spool_dir();
    if !dir.is_dir() {
        return Ok(());
    }
    let waiting = Spool::open(&dir)
        .and_then(|spool| spool.waiting(MOST_WAITING))
        .context("cannot read accepted mail")?;
    store.append(&waiting).await.context("cannot log accepted mail")?;
    Ok(())
}

pub(crate) async fn restore(config: &Config, options: &Restore) -> Result<Answer> {
    startup::make_data_dir(config)?;
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
