//! `nightdesk operator set`.

use anyhow::{Context, Result, ensure};
use store::Store;

use super::Answer;
use crate::cli::OperatorCommand;
use crate::config::Config;
use crate::{output, startup};

/// Shorter passwords fall to guessing even at a few tries a minute (NIST SP 800-63B-4 section 3.1.1.2 asks for 15
/// where the password stands alone; 12 is taken with the limit on tries).
const SHORTEST: usize = 12;

pub(crate) async fn run(config: &Config, command: &OperatorCommand) -> Result<Answer> {
    let OperatorCommand::Set { name } = command;
    let store = startup::open_store(config).await?;
    let made = set(&store, name).await?;
    if let Some(password) = made {
        output::line(format!("{name} logs in with this password; it is shown once: {password}"));
    }
    Ok(Answer::Yes)
}

/// Sets the password from the environment, or makes one and returns it.
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
