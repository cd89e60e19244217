//! `nightdesk reporter list`.

use anyhow::Result;

use super::Answer;
use crate::cli::ReporterCommand;
use crate::config::Config;
use crate::{output, startup};

/// Prints every reporter that was shown to be who it says, the best borne out first.
pub(crate) async fn run(config: &Config, command: &ReporterCommand) -> Result<Answer> {
    let ReporterCommand::List { json } = command;
    let store = startup::open_store(config).await?;
    for row in desk::reporters(&store, &config.intake.trusted_reporters).await? {
        if json.json {
            output::json(&serde_json::to_value(&row)?)?;
        } else {
            let last =
                row.last.map_or_else(|| "-".to_owned(), |at| at.strftime("%Y-%m-%d %H:%MZ").to_string());
            output::line(format!(
                "{:<5.2} {:>5} confirmed {:>5} refuted {:>7} reports  last {last:<17} {}{}",
                row.trust,
                row.confirmed,
                row.refuted,
                row.reports,
                row.domain,
                if row.named { " (named)" } else { "" }
            ));
        }
    }
    Ok(Answer::Yes)
}
