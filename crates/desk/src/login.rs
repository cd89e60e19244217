//! Who is let in: argon2id passwords, second factors, and sessions by random token.
//!
//! The way in is made of steps that each give a token of their own: what one step gave is worth nothing at the next.

use std::net::IpAddr;
use std::sync::OnceLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, Params};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::audit::deed;
use crate::desk::Desk;
use crate::error::{DeskError, Doing, LogInError};
use crate::patience::network;
use crate::rights::Rights;

/// How long a session lasts: a shift and its hand-over.
const SESSION: SignedDuration = SignedDuration::from_hours(12);
/// How long the second factor is waited for.
const WAITS: SignedDuration = SignedDuration::from_mins(5);
/// How long a network is remembered that somebody logged in from.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A fresh log-in.
#[derive(Debug)]
pub struct NewSession {
    /// The value of the cookie; only its hash is kept.
    pub token: String,
    /// The value every form must send back.
    pub csrf: String,
    /// When it ends.
    pub expires: Timestamp,
    /// Whether it lets nobody in before a code was given: [`Desk::second_factor`].
    pub waits: bool,
}

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Their login name, or `token NAME`.
    pub operator: String,
    /// The value every form must send back.
    pub csrf: String,
    /// What they may do.
    pub rights: Rights,
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

pub(crate) fn verifies(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// A hash that no password is known for: what a try is held against where there is no such operator, so that it takes
/// the same work.
fn nobodys_hash() -> Result<&'static str, DeskError> {
    static HASH: OnceLock<String> = OnceLock::new();
    if let Some(hash) = HASH.get() {
        return Ok(hash);
    }
    let made = hash_password(&random_hex()?)?;
    Ok(HASH.get_or_init(|| made))
}

pub(crate) fn random_hex() -> Result<String, DeskError> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| DeskError::Random(error.to_string()))?;
    Ok(hex::encode(bytes))
}

pub(crate) fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Desk {
    /// Lets an operator in, or on to the second factor. A wrong name takes the same work as a wrong password.
    ///
    /// # Errors
    /// [`LogInError`].
    pub async fn log_in(&self, name: &str, password: &str, from: IpAddr) -> Result<NewSession, LogInError> {
        self.may_try(name, from).await?;
        let known = self.store().operator_hash(name).await.doing("look up an operator")?;
        // One who logs in elsewhere has no password here.
        let exists = known.as_deref().is_some_and(|hash| !hash.is_empty());
        let hash =
            known.filter(|hash| !hash.is_empty()).map_or_else(|| nobodys_hash().map(str::to_owned), Ok)?;
        let password = password.to_owned();
        let right = tokio::task::spawn_blocking(move || verifies(&password, &hash))
            .await
            .map_err(|error| DeskError::Unreadable(format!("checking a password was cut off: {error}")))?;
        if !(right && exists) {
            return Err(LogInError::Wrong);
        }
        let second = self.store().second_factor(name).await.doing("look up a second factor")?;
        if second.is_some_and(|second| second.since.is_some()) {
            // The tries stay counted until the code was right too: a stolen password buys no more of them.
            return Ok(self.begin_session(name, true).await?);
        }
        self.let_in(name, from, "password").await
    }

    /// Goes on with a log-in that waits for its second factor: the code of the device, or a recovery code.
    ///
    /// # Errors
    /// [`LogInError`]; [`LogInError::Over`] when nothing waits under this token.
    pub async fn second_factor(
        &self,
        token: &str,
        code: &str,
        from: IpAddr,
    ) -> Result<NewSession, LogInError> {
        let now = self.now();
        let waiting = self.store().session(token_hash(token), now).await.doing("look up a session")?;
        let Some(session) = waiting.filter(|session| session.waits) else { return Err(LogInError::Over) };
        self.may_try(&session.operator, from).await?;
        let Some(by) = self.code_is_right(&session.operator, code).await? else {
            return Err(LogInError::WrongCode);
        };
        self.store().end_session(token_hash(token)).await.doing("end a session")?;
        self.let_in(&session.operator, from, by).await
    }

    /// Counts a try; says how long to wait when there were too many.
    pub(crate) async fn may_try(&self, name: &str, from: IpAddr) -> Result<(), LogInError> {
        let (now, network) = (self.now(), network(from));
        let since = now.saturating_sub(KNOWN_FOR).unwrap_or(Timestamp::MIN);
        let known = self.store().knows_network(name, &network, since).await;
        let known = known.doing("look up where somebody logged in from")?;
        let tried = self.attempts().count(name, &network, known, now);
        tried.map_err(|retry_after| LogInError::TooMany { retry_after })
    }

    /// The last step: a session of its own, and everybody can see later that there was one.
    pub(crate) async fn let_in(&self, name: &str, from: IpAddr, by: &str) -> Result<NewSession, LogInError> {
        let (now, network) = (self.now(), network(from));
        self.attempts().forget(name, &network);
        self.store().logged_in_from(name, &network, now).await.doing("keep where somebody logged in from")?;
        let mut done = deed(now, name, "log-in", "");
        done.detail = serde_json::json!({ "from": from.to_string(), "by": by });
        self.record_deed(done).await?;
        Ok(self.begin_session(name, false).await?)
    }

    async fn begin_session(&self, name: &str, waits: bool) -> Result<NewSession, DeskError> {
        let (token, csrf) = (random_hex()?, random_hex()?);
        let now = self.now();
        let expires = now.saturating_add(if waits { WAITS } else { SESSION }).unwrap_or(now);
        let session = store::Session { operator: name.to_owned(), csrf: csrf.clone(), expires, waits };
        self.store().create_session(token_hash(&token), &session).await.doing("open a session")?;
        self.store().forget_expired_sessions(now).await.doing("forget sessions that ended")?;
        Ok(NewSession { token, csrf, expires, waits })
    }

    /// Whose session a token is; none while it waits for a second factor, or when they were retired.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn session(&self, token: &str) -> Result<Option<Session>, DeskError> {
        let found = self.store().session(token_hash(token), self.now()).await.doing("look up a session")?;
        let Some(session) = found.filter(|session| !session.waits) else { return Ok(None) };
        let rights = self.rights_of(&session.operator).await?;
        Ok(rights.map(|rights| Session { operator: session.operator, csrf: session.csrf, rights }))
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
    fn only_the_right_password_verifies() {
        let hash = hash_password("correct horse").expect("a hash");
        assert!(verifies("correct horse", &hash));
        assert!(!verifies("correct horse ", &hash));
        assert!(!verifies("correct horse", "not a hash") && !verifies("", ""));
    }

    #[test]
    fn a_name_that_does_not_exist_takes_the_same_work() {
        let params = |hash: &str| {
            let parsed = PasswordHash::new(hash).expect("a hash");
            (parsed.algorithm.to_string(), Params::try_from(&parsed).expect("parameters"))
        };
        let real = params(&hash_password("correct horse").expect("a hash"));
        assert_eq!(params(nobodys_hash().expect("a hash")), real);
    }
}
