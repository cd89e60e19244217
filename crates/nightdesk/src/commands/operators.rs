//! `nightdesk operator` and `nightdesk token`.

use anyhow::{Context, Result, ensure};
use desk::{Desk, NewPassword, PeopleError, Rights, Role, TokenWish};
use serde_json::json;
use store::Store;

use super::Answer;
use crate::cli::{OperatorCommand, TokenCommand};
use crate::config::Config;
use crate::{output, startup};

/// In whose name the command line does things: whoever runs it can read and write the database anyway.
const COMMAND_LINE: &str = "command line";
/// The shortest password taken from the environment, as the desk has it too.
const SHORTEST: usize = 12;

pub(crate) async fn run(config: &Config, command: &OperatorCommand) -> Result<Answer> {
    let desk = startup::open_desk(config).await?;
    match command {
        OperatorCommand::Set { name, role, cuts_off } => set_one(&desk, name, *role, *cuts_off).await,
        OperatorCommand::List { json } => list(&desk, json.json).await,
        OperatorCommand::Retire { name } => said(desk.retire_person(name, true, COMMAND_LINE).await),
        OperatorCommand::Back { name } => said(desk.retire_person(name, false, COMMAND_LINE).await),
        OperatorCommand::ResetSecondFactor { name } => {
            said(desk.reset_second_factor(name, COMMAND_LINE).await)
        }
    }
}

/// Makes one, or gives a new password; with a role or the right given, changes those of one that is there and leaves
/// the password.
async fn set_one(desk: &Desk, name: &str, role: Option<Role>, cuts_off: Option<bool>) -> Result<Answer> {
    let people = desk.people().await?;
    let known = people.iter().find(|one| one.name == name);
    let usual = match (known, people.is_empty()) {
        (Some(known), _) => known.rights,
        // The first is somebody who can do everything, or nobody could.
        (None, true) => Rights { role: Role::Admin, cuts_off: true },
        (None, false) => Rights { role: Role::Operator, cuts_off: false },
    };
    let rights = Rights { role: role.unwrap_or(usual.role), cuts_off: cuts_off.unwrap_or(usual.cuts_off) };
    if known.is_some() && (role.is_some() || cuts_off.is_some()) {
        return said(desk.set_rights(name, rights, COMMAND_LINE).await);
    }
    let password = match std::env::var("NIGHTDESK_PASSWORD") {
        Ok(given) => NewPassword::Typed(given),
        Err(_) => NewPassword::Made,
    };
    match desk.set_person(name, password, Some(rights), COMMAND_LINE).await {
        Ok(made) => {
            if let Some(password) = made {
                output::line(format!("{name} logs in with this password; it is shown once: {password}"));
            }
            Ok(Answer::Yes)
        }
        Err(error) => said(Err(error)),
    }
}

async fn list(desk: &Desk, json: bool) -> Result<Answer> {
    for one in desk.people().await? {
        if json {
            output::json(&serde_json::to_value(&one)?)?;
            continue;
        }
        let mut more = Vec::new();
        more.extend(one.rights.cuts_off.then(|| "may cut off".to_owned()));
        more.extend(one.second_factor.map(|_| "second factor".to_owned()));
        more.extend(one.vouched_by.map(|by| format!("logs in at {by}")));
        more.extend(one.retired.map(|at| format!("retired {}", at.strftime("%Y-%m-%d"))));
        output::line(format!("{:<24} {:<9} {}", one.name, one.rights.role.name(), more.join(", ")));
    }
    Ok(Answer::Yes)
}

/// `nightdesk token`.
pub(crate) async fn tokens(config: &Config, command: &TokenCommand) -> Result<Answer> {
    let desk = startup::open_desk(config).await?;
    match command {
        TokenCommand::Make { name, role, cuts_off, lasts } => {
            let rights = Rights { role: *role, cuts_off: *cuts_off };
            let wish = TokenWish { name: name.clone(), rights, lasts: lasts.0 };
            match desk.make_token(&wish, COMMAND_LINE).await {
                Ok(token) => {
                    output::line(token);
                    Ok(Answer::Yes)
                }
                Err(error) => said(Err(error)),
            }
        }
        TokenCommand::List { json } => {
            for one in desk.tokens().await? {
                if json.json {
                    output::json(&json!({
                        "name": one.name, "role": one.role, "cuts_off": one.cuts_off, "made_by": one.made_by,
                        "made": one.made, "expires": one.expires, "last_used": one.last_used, "revoked": one.revoked,
                    }))?;
                    continue;
                }
                let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
                let used =
                    one.last_used.map_or_else(|| "never used".to_owned(), |at| format!("used {}", day(at)));
                let end = match one.revoked {
                    Some(at) => format!("taken back {}", day(at)),
                    None => format!("until {}", day(one.expires)),
                };
                let cuts = if one.cuts_off { ", may cut off" } else { "" };
                output::line(format!(
                    "{:<24} {:<9} {end}, {used}{cuts}, by {}",
                    one.name, one.role, one.made_by
                ));
            }
            Ok(Answer::Yes)
        }
        TokenCommand::Revoke { name } => said(desk.revoke_token(name, COMMAND_LINE).await),
    }
}

/// Done, or refused in words; a room below that failed is an error.
fn said(outcome: Result<(), PeopleError>) -> Result<Answer> {
    match outcome {
        Ok(()) => Ok(Answer::Yes),
        Err(PeopleError::Desk(error)) => Err(error.into()),
        Err(refused) => {
            super::complain(&anyhow::anyhow!("{refused}"));
            Ok(Answer::No)
        }
    }
}

/// Sets the password of the first operator, who may do everything, from the environment, or makes one and returns it.
pub(crate) async fn set(store: &Store, name: &str) -> Result<Option<String>> {
    let given = std::env::var("NIGHTDESK_PASSWORD").ok();
    let (password, made) = match given {
        Some(password) => {
            ensure!(
                password.chars().count() >= SHORTEST,
                "the password in NIGHTDESK_PASSWORD is shorter than {SHORTEST} characters"
            );
            (password, false)
        }
        None => (make_password()?, true),
    };
    let hash = desk::hash_password(&password)?;
    store.set_operator(name, &hash).await.context("cannot keep the operator")?;
    Ok(made.then_some(password))
}

/// 20 letters and digits that are not taken for one another, from the system's randomness: 98 bits.
pub(crate) fn make_password() -> Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0u8; 20];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("the system gave no random bytes: {error}"))?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}
