//! `nightdesk config check` and `config default`.

use std::path::Path;

use anyhow::{Context, Result};

use super::Answer;
use crate::cli::ConfigCommand;
use crate::{config, output};

pub(crate) fn run(path: &Path, command: &ConfigCommand) -> Result<Answer> {
    match command {
        ConfigCommand::Default => output::bytes(config::complete_default().as_bytes()),
        ConfigCommand::Check => {
            let config = config::load(path)?;
            crate::quirks::read(config.intake.quirks.as_deref()).context("intake.quirks")?;
            let playbook = crate::startup::playbook(&config)?;
            crate::startup::letters(&config)?;
            let home: Vec<String> = config.general.home.iter().map(ToString::to_string).collect();
            output::line(format!("{} is good", path.display()));
            output::line(format!("  home      {}", home.join(", ")));
            output::line(format!("  database  {}", without_password(&config.database_url())));
            output::line(format!(
                "  edge      {}",
                if config.edge.outlet == config::EdgeOutlet::Nftables {
                    "nftables"
                } else {
                    "dry-run: nothing is blocked"
                }
            ));
            output::line(format!("  playbook  {}, {:?}", playbook.version, playbook.name));
            output::line(format!(
                "  mail out  {}",
                config.mail.relay.as_deref().unwrap_or("none: nobody is told by mail")
            ));
        }
    }
    Ok(Answer::Yes)
}

fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 < at => {
            let user = url[scheme + 3..at].split(':').next().unwrap_or_default();
            format!("{}://{user}@{}", &url[..scheme], &url[at + 1..])
        }
        _ => url.to_owned(),
    }
}
