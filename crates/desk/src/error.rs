//! What can go wrong at the desk, and whether to try again.

use case::{CaseId, Refusal};
use jiff::SignedDuration;

use crate::rights::Forbidden;

/// A room below could not do its part.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The store.
    #[error("the store could not {doing}")]
    Store {
        /// What was being done.
        doing: &'static str,
        /// What it said.
        #[source]
        source: store::StoreError,
    },
    /// A commit met another one.
    #[error("case {0} was changed by someone else at the same moment; nothing was recorded, try again")]
    Conflict(CaseId),
    /// What the store holds cannot be understood.
    #[error("the store holds something this version cannot read: {0}")]
    Unreadable(String),
    /// No randomness, no secrets.
    #[error("the system gave no random bytes: {0}")]
    Random(String),
}

/// Why an operator's or the desk's wish was not followed.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// No such case.
    #[error("there is no case {0}")]
    NoSuchCase(CaseId),
    /// The case refuses.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The case moved on since the page was read.
    #[error("the case has changed since you read it; look again, then decide")]
    Changed,
    /// Whoever asks may not.
    #[error(transparent)]
    Forbidden(Forbidden),
    /// A room below.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl From<Forbidden> for ActError {
    fn from(error: Forbidden) -> ActError {
        match error {
            Forbidden::Desk(error) => ActError::Desk(error),
            other => ActError::Forbidden(other),
        }
    }
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum LogInError {
    /// The name or the password is wrong; which of the two is not said.
    #[error("that name and password do not go together")]
    Wrong,
    /// Too many tries.
    #[error("too many tries; wait before the next one")]
    TooMany {
        /// How long.
        retry_after: SignedDuration,
    },
    /// The code is wrong, or was used before.
    #[error("that code is not right, or was used already; wait for the next one")]
    WrongCode,
    /// Nothing waits for a code any more.
    #[error("that took too long or was done already; begin again")]
    Over,
    /// A room below.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

/// Puts what was being done before a store error.
pub(crate) trait Doing<T> {
    /// Names the doing.
    fn doing(self, doing: &'static str) -> Result<T, DeskError>;
}

impl<T> Doing<T> for Result<T, store::StoreError> {
    fn doing(self, doing: &'static str) -> Result<T, DeskError> {
        self.map_err(|source| DeskError::Store { doing, source })
    }
}
