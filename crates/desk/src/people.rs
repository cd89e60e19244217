//! Operators: made, given a role, retired. Each of these is a deed in the log.

use serde::Serialize;

use jiff::Timestamp;
use store::OperatorRow;

use crate::audit::deed;
use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::login::{hash_password, token_hash};
use crate::rights::{Forbidden, Rights, Role, Verb};

/// Shorter passwords fall to guessing even at a few tries a minute (NIST SP 800-63B-4 section 3.1.1.2 asks for 15
/// where the password stands alone; 12 is taken with the limit on tries).
const SHORTEST: usize = 12;
/// Longer ones are refused: hashing is work, and nobody types that.
const LONGEST: usize = 1024;
/// The longest name.
const NAME: usize = 64;

/// One operator, as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The login name.
    pub name: String,
    /// What they may do.
    pub rights: Rights,
    /// Whether an identity provider vouches for them, and which.
    pub vouched_by: Option<String>,
    /// Since when they may no longer log in.
    pub retired: Option<Timestamp>,
    /// Since when a second factor is asked for.
    pub second_factor: Option<Timestamp>,
}

/// A new password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewPassword {
    /// As typed.
    Typed(String),
    /// Made here; to be shown once.
    Made,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// There is none of that name.
    #[error("there is nobody and nothing called {0:?} here")]
    Nobody(String),
    /// The name is taken, also by one that ended: deeds stand in that name.
    #[error("{0:?} is taken, now or once; deeds stand in that name, so choose another")]
    Taken(String),
    /// The name cannot be one.
    #[error("a name has 1 to {NAME} letters, digits and -_.@ and begins with a letter or digit")]
    Name,
    /// The password is too short or too long.
    #[error("a password has {SHORTEST} to {LONGEST} characters")]
    Password,
    /// The password that was to prove who asks is wrong.
    #[error("that is not your password")]
    NotYours,
    /// Without this one nobody could say who may.
    #[error("{0} is the last admin who can log in; make another first")]
    LastAdmin(String),
    /// One does not give oneself the right to cut off.
    #[error("nobody gives the right to cut lines off to themselves or their own tokens; ask another admin")]
    ToOneself,
    /// The time is none.
    #[error("a token lasts from an hour to {0} days")]
    Lifetime(i64),
    /// Whoever asks may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// A room below.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

/// What the command line is called: whoever runs it can read and write the database anyway.
pub(crate) const COMMAND_LINE: &str = "command line";

pub(crate) fn is_name(name: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || "-_.@".contains(c);
    name.chars().count() <= NAME
        && name.chars().next().is_some_and(char::is_alphanumeric)
        && name.chars().all(inner)
}

fn person(row: OperatorRow) -> Result<Person, DeskError> {
    let role = row.role.parse().map_err(DeskError::Unreadable)?;
    Ok(Person {
        name: row.name,
        rights: Rights { role, cuts_off: row.cuts_off },
        vouched_by: Some(row.origin).filter(|origin| origin != "password"),
        retired: row.retired,
        second_factor: row.second_factor,
    })
}

/// 20 letters and digits that are not taken for one another, from the system's randomness: 98 bits.
fn make_password() -> Result<String, DeskError> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0u8; 20];
    getrandom::fill(&mut bytes).map_err(|error| DeskError::Random(error.to_string()))?;
    Ok(bytes.iter().filter_map(|byte| LETTERS.get(usize::from(byte % 32))).copied().map(char::from).collect())
}

async fn hashed(password: &str) -> Result<String, PeopleError> {
    if !(SHORTEST..=LONGEST).contains(&password.chars().count()) {
        return Err(PeopleError::Password);
    }
    let password = password.to_owned();
    let hash = tokio::task::spawn_blocking(move || hash_password(&password)).await;
    Ok(hash.map_err(|error| DeskError::Unreadable(format!("hashing was cut off: {error}")))??)
}

impl Desk {
    /// All operators, by name.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn people(&self) -> Result<Vec<Person>, DeskError> {
        let rows = self.store().operator_rows().await.doing("list operators")?;
        rows.into_iter().map(person).collect()
    }

    /// Makes an operator, or gives one a new password; `rights` none leaves them as they are, for a new one an operator's
    /// without the right to cut off. Gives the password when it was made here.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn set_person(
        &self,
        name: &str,
        password: NewPassword,
        rights: Option<Rights>,
        by: &str,
    ) -> Result<Option<String>, PeopleError> {
        self.may_say_who(by).await?;
        if !is_name(name) {
            return Err(PeopleError::Name);
        }
        let (password, made) = match password {
            NewPassword::Typed(password) => (password, false),
            NewPassword::Made => (make_password()?, true),
        };
        let hash = hashed(&password).await?;
        let known = self.store().operator(name).await.doing("look up an operator")?;
        if known.as_ref().is_some_and(|known| known.origin != "password") {
            return Err(PeopleError::Taken(name.to_owned()));
        }
        let usual = Rights { role: Role::Operator, cuts_off: false };
        self.store().set_operator(name, &hash).await.doing("keep an operator")?;
        let word = if known.is_some() { "password-set" } else { "operator-made" };
        self.record_deed(deed(self.now(), by, word, name)).await?;
        match (rights, known) {
            (Some(rights), _) => self.set_rights(name, rights, by).await?,
            (None, None) => self.set_rights(name, usual, by).await?,
            (None, Some(_)) => {}
        }
        Ok(made.then_some(password))
    }

    /// Gives an operator a role, and the right to cut off or not.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn set_rights(&self, name: &str, rights: Rights, by: &str) -> Result<(), PeopleError> {
        self.may_say_who(by).await?;
        let known = self.store().operator(name).await.doing("look up an operator")?;
        let Some(known) = known else { return Err(PeopleError::Nobody(name.to_owned())) };
        if rights.cuts_off && !known.cuts_off && name == by {
            return Err(PeopleError::ToOneself);
        }
        if rights.role != Role::Admin {
            self.another_admin_than(name).await?;
        }
        self.store().set_role(name, rights.role.name(), rights.cuts_off).await.doing("give a role")?;
        let mut done = deed(self.now(), by, "rights-given", name);
        done.detail = serde_json::json!({ "role": rights.role, "cuts_off": rights.cuts_off });
        Ok(self.record_deed(done).await?)
    }

    /// Lets somebody no longer log in, or again; all their sessions end, and with them what tokens they made.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn retire_person(&self, name: &str, retired: bool, by: &str) -> Result<(), PeopleError> {
        self.may_say_who(by).await?;
        if retired {
            self.another_admin_than(name).await?;
        }
        let now = self.now();
        let found = self.store().retire_operator(name, retired.then_some(now)).await;
        if !found.doing("retire an operator")? {
            return Err(PeopleError::Nobody(name.to_owned()));
        }
        let word = if retired { "operator-retired" } else { "operator-back" };
        self.record_deed(deed(now, by, word, name)).await?;
        if retired {
            for token in self.store().tokens().await.doing("list tokens")? {
                if token.made_by == name && token.revoked.is_none() {
                    self.revoke_token(&token.name, by).await?;
                }
            }
        }
        Ok(())
    }

    /// Takes another's second factor away: their device is gone, and the recovery codes with it.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn reset_second_factor(&self, name: &str, by: &str) -> Result<(), PeopleError> {
        self.may_say_who(by).await?;
        match self.end_second_factor(name, by).await? {
            true => Ok(()),
            false => Err(PeopleError::Nobody(name.to_owned())),
        }
    }

    /// Changes one's own password, shown to be one's own by the old one; ends all other sessions.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn change_password(
        &self,
        name: &str,
        session: &str,
        old: &str,
        new: &str,
    ) -> Result<(), PeopleError> {
        let hash = self.store().operator_hash(name).await.doing("look up an operator")?.unwrap_or_default();
        let old = old.to_owned();
        let right = tokio::task::spawn_blocking(move || crate::login::verifies(&old, &hash)).await;
        if !right.unwrap_or(false) {
            return Err(PeopleError::NotYours);
        }
        let hash = hashed(new).await?;
        let kept = self.store().change_password(name, &hash, token_hash(session)).await;
        kept.doing("keep a password")?;
        Ok(self.record_deed(deed(self.now(), name, "password-set", name)).await?)
    }

    /// Whether somebody may say who may do what.
    pub(crate) async fn may_say_who(&self, by: &str) -> Result<(), PeopleError> {
        if by == COMMAND_LINE {
            return Ok(());
        }
        Ok(self.permit(by, Verb::People).await?)
    }

    /// Whether somebody else is an admin who can log in.
    async fn another_admin_than(&self, name: &str) -> Result<(), PeopleError> {
        let people = self.people().await?;
        let is_admin = |one: &&Person| one.retired.is_none() && one.rights.role == Role::Admin;
        let others = people.iter().filter(is_admin).filter(|one| one.name != name).count();
        let is_one = people.iter().filter(is_admin).any(|one| one.name == name);
        if is_one && others == 0 { Err(PeopleError::LastAdmin(name.to_owned())) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_no_form_or_log_misreads() {
        for good in ["admin", "j.smith@example.net", "Åsa", "night-2"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", " a", "a b", "token x", "-a", "a\n", "a\u{202e}b", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }
}
