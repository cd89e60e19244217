//! Who may act: argon2id passwords, sessions by random token, and patience with guessers.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, Params};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::desk::Desk;
use crate::error::{DeskError, Doing, LogInError};

/// How many tries one name from one address has in a [`WINDOW`].
const TRIES: u32 = 20;
/// The window of [`TRIES`].
const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// How long a session lasts: a shift and its hand-over.
const SESSION: SignedDuration = SignedDuration::from_hours(12);
/// More pairs of name and address than this are not remembered; the oldest window goes.
const REMEMBERED: usize = 4096;

/// A fresh log-in.
#[derive(Debug)]
pub struct NewSession {
    /// The value of the cookie; only its hash is kept.
    pub token: String,
    /// The value every form must send back.
    pub csrf: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Their login name.
    pub operator: String,
    /// The value every form must send back.
    pub csrf: String,
}

/// Recent tries by name and address.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// Guards a small map for the length of a look-up; never held across an await. A task of its own would only add a
    /// queue in front of it.
    recent: Mutex<HashMap<(String, IpAddr), (Timestamp, u32)>>,
}

impl Attempts {
    /// Counts one try; `Err` says how long to wait.
    fn count(&self, name: &str, from: IpAddr, now: Timestamp) -> Result<(), SignedDuration> {
        let mut recent = self.recent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        recent.retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
        if recent.len() >= REMEMBERED
            && let Some(oldest) =
                recent.iter().min_by_key(|(_, (since, _))| *since).map(|(key, _)| key.clone())
        {
            recent.remove(&oldest);
        }
        let (since, tries) = recent.entry((name.to_owned(), from)).or_insert((now, 0));
        if *tries >= TRIES {
            return Err(WINDOW - now.duration_since(*since));
        }
        *tries += 1;
        Ok(())
    }

    fn forget(&self, name: &str, from: IpAddr) {
        let mut recent = self.recent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        recent.remove(&(name.to_owned(), from));
    }
}

/// The argon2id hash of a password as a PHC string, with the parameters OWASP recommends (19 MiB, 2 passes).
///
/// # Errors
/// [`DeskError::Random`] when the system has no random bytes for the salt.
pub fn hash_password(password: &str) -> Result<String, DeskError> {
    Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, Params::default())
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| DeskError::Random(error.to_string()))
}

fn verifies(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

fn random_hex() -> Result<String, DeskError> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| DeskError::Random(error.to_string()))?;
    Ok(hex::encode(bytes))
}

fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Desk {
    /// Lets an operator in. A wrong name takes as long as a wrong password.
    ///
    /// # Errors
    /// [`LogInError`].
    pub async fn log_in(&self, name: &str, password: &str, from: IpAddr) -> Result<NewSession, LogInError> {
        let now = self.now();
        self.attempts().count(name, from, now).map_err(|retry_after| LogInError::TooMany { retry_after })?;
        let known = self.store().operator_hash(name).await.doing("look up an operator")?;
        let password = password.to_owned();
        let right = tokio::task::spawn_blocking(move || match known {
            Some(hash) => verifies(&password, &hash),
            None => {
                // The work is done and thrown away, so that the time taken does not tell which names exist.
                drop(hash_password(&password));
                false
            }
        })
        .await
        .map_err(|error| DeskError::Unreadable(format!("checking a password was cut off: {error}")))?;
        if !right {
            return Err(LogInError::Wrong);
        }
        self.attempts().forget(name, from);
        let (token, csrf) = (random_hex()?, random_hex()?);
        let expires = now.saturating_add(SESSION).unwrap_or(now);
        self.store()
            .create_session(token_hash(&token), name, &csrf, expires)
            .await
            .doing("open a session")?;
        Ok(NewSession { token, csrf, expires })
    }

    /// Whose session a token is.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn session(&self, token: &str) -> Result<Option<Session>, DeskError> {
        let found = self.store().session(token_hash(token), self.now()).await.doing("look up a session")?;
        Ok(found.map(|session| Session { operator: session.operator, csrf: session.csrf }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be written.
    pub async fn log_out(&self, token: &str) -> Result<(), DeskError> {
        self.store().end_session(token_hash(token)).await.doing("end a session")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guesser_waits_and_others_do_not() {
        let attempts = Attempts::default();
        let now = Timestamp::UNIX_EPOCH;
        let (here, there) =
            ("192.0.2.1".parse().expect("an address"), "192.0.2.2".parse().expect("an address"));
        for _ in 0..TRIES {
            assert!(attempts.count("admin", here, now).is_ok());
        }
        assert_eq!(attempts.count("admin", here, now), Err(WINDOW));
        assert!(attempts.count("admin", there, now).is_ok());
        assert!(attempts.count("admin", here, now + WINDOW).is_ok());
    }

    #[test]
    fn only_the_right_password_verifies() {
        let hash = hash_password("correct horse").expect("a hash");
        assert!(verifies("correct horse", &hash));
        assert!(!verifies("correct horse ", &hash));
        assert!(!verifies("correct horse", "not a hash"));
    }
}
