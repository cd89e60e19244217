//! `nightdesk firewall`.

use anyhow::Result;
use desk::FirewallLine;
use firewall::{Server, State};
use serde_json::json;

use super::Answer;
use crate::cli::FirewallCommand;
use crate::config::Config;
use crate::{firewalls, output, startup};

/// How many lines are listed.
const LISTED: u32 = 1_000_000;

/// Prints or sets what a line's firewall is; the running desk sees a change at its next look.
pub(crate) async fn run(config: &Config, command: &FirewallCommand) -> Result<Answer> {
    if let FirewallCommand::Profiles { json } = command {
        return profiles(config, json.json);
    }
    let desk = startup::open_desk(config).await?;
    desk.provide_firewalls(firewalls::settings(config)?);
    match command {
        FirewallCommand::Config { line, dialect, link: true } => {
            output::line(desk.firewall_link(line, *dialect).await?);
        }
        FirewallCommand::Config { line, dialect, link: false } => {
            output::bytes(desk.firewall_configuration(line, *dialect).await?.text.as_bytes());
        }
        FirewallCommand::Set { line, profile, server4, server6 } => {
            let server = Server { ipv4: *server4, ipv6: *server6 };
            desk.set_firewall(line, profile, server).await?;
        }
        FirewallCommand::List { out, json } => {
            let lines = desk.firewall_lines(LISTED).await?;
            for line in lines.iter().filter(|line| !out || line.state == State::NotInForce) {
                show(line, json.json)?;
            }
        }
        FirewallCommand::Profiles { .. } => {}
    }
    Ok(Answer::Yes)
}

fn show(line: &FirewallLine, as_json: bool) -> Result<()> {
    if as_json {
        return output::json(line);
    }
    let address = line.address.map(|address| address.to_string()).unwrap_or_default();
    output::line(format!(
        "{:<14} {:<20} {:<16} {:<12} {}",
        line.state.name(),
        line.subscriber.as_str(),
        address,
        line.profile,
        line.why
    ));
    Ok(())
}

fn profiles(config: &Config, as_json: bool) -> Result<Answer> {
    let settings = firewalls::settings(config)?;
    for profile in settings.profiles.iter() {
        if as_json {
            output::json(&json!({
                "profile": profile.name, "about": profile.about, "open": profile.open, "pinholes": profile.pinholes,
                "mail_out": profile.mail_out, "provided": profile.is_provided(),
            }))?;
        } else {
            output::line(format!("{:<14} {}", profile.name, profile.about));
        }
    }
    Ok(Answer::Yes)
}
