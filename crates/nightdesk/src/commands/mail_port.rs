//! `nightdesk mail-port`.

use anyhow::Result;

use super::Answer;
use crate::cli::MailPortCommand;
use crate::config::Config;
use crate::{firewalls, output, startup};

/// Prints or decides who may send mail directly.
pub(crate) async fn run(config: &Config, command: &MailPortCommand) -> Result<Answer> {
    let desk = startup::open_desk(config).await?;
    desk.provide_firewalls(firewalls::settings(config)?);
    match command {
        MailPortCommand::List { json } => {
            for wish in desk.mail_port().await?.wishes {
                if json.json {
                    output::json(&wish)?;
                } else {
                    let state = if wish.is_open { "open" } else { "closed" };
                    let until = wish.until.map(|until| format!(" until {until}")).unwrap_or_default();
                    output::line(format!(
                        "{state:<7} {:<20} {:?}{until}",
                        wish.subscriber.as_str(),
                        wish.state
                    ));
                }
            }
        }
        MailPortCommand::Grant { line, long, by } => desk.decide_mail(line, Some(long.0), by).await?,
        MailPortCommand::Refuse { line, by } => desk.decide_mail(line, None, by).await?,
        MailPortCommand::Rules => output::bytes(desk.mail_port_rules().await?.as_bytes()),
    }
    Ok(Answer::Yes)
}
