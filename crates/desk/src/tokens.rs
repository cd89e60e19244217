//! Tokens: what programs ask with instead of a session. Each has a name, a role and an end.

use jiff::SignedDuration;
use store::ApiToken;

use crate::audit::deed;
use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::login::{Session, random_hex, token_hash};
use crate::people::{COMMAND_LINE, PeopleError, is_name};
use crate::rights::{Right, Rights, Role, TOKEN};

/// What every token begins with, so that one that got out is found by programs that look for secrets.
const MARK: &str = "nightdesk_";
/// The longest a token lasts: one that lasts for ever is forgotten about.
const LONGEST_DAYS: i64 = 366;

/// A token that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenWish {
    /// What it is for.
    pub name: String,
    /// What it may do; not more than whoever makes it.
    pub rights: Rights,
    /// How long it lasts.
    pub lasts: SignedDuration,
}

impl Desk {
    /// All tokens ever made, by name.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>, DeskError> {
        self.store().tokens().await.doing("list tokens")
    }

    /// Makes a token; what is returned is shown once, only its hash is kept (256 bits, so that a plain hash does).
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn make_token(&self, wish: &TokenWish, by: &str) -> Result<String, PeopleError> {
        self.may_say_who(by).await?;
        if !is_name(&wish.name) {
            return Err(PeopleError::Name);
        }
        let longest = SignedDuration::from_hours(LONGEST_DAYS * 24);
        if wish.lasts < SignedDuration::from_hours(1) || wish.lasts > longest {
            return Err(PeopleError::Lifetime(LONGEST_DAYS));
        }
        if wish.rights.cuts_off && by != COMMAND_LINE {
            let own = self.rights_of(by).await?;
            if !own.is_some_and(|own| own.allow(Right::CutOff)) {
                return Err(PeopleError::ToOneself);
            }
        }
        let token = format!("{MARK}{}", random_hex()?);
        let now = self.now();
        let row = ApiToken {
            name: wish.name.clone(),
            made_by: by.to_owned(),
            role: wish.rights.role.name().to_owned(),
            cuts_off: wish.rights.cuts_off,
            made: now,
            expires: now.saturating_add(wish.lasts).unwrap_or(now),
            last_used: None,
            revoked: None,
        };
        if !self.store().keep_token(token_hash(&token), &row).await.doing("keep a token")? {
            return Err(PeopleError::Taken(wish.name.clone()));
        }
        let mut done = deed(now, by, "token-made", &wish.name);
        done.until = Some(row.expires);
        done.detail = serde_json::json!({ "role": row.role, "cuts_off": row.cuts_off });
        self.record_deed(done).await?;
        Ok(token)
    }

    /// Takes a token back: it is good for nothing from here on.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn revoke_token(&self, name: &str, by: &str) -> Result<(), PeopleError> {
        self.may_say_who(by).await?;
        let now = self.now();
        if !self.store().revoke_token(name, now).await.doing("take a token back")? {
            return Err(PeopleError::Nobody(name.to_owned()));
        }
        Ok(self.record_deed(deed(now, by, "token-revoked", name)).await?)
    }

    /// Whose token this is, if it is good: what it does is done in the token's own name. The store is asked for what has
    /// the mark only.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn use_token(&self, token: &str) -> Result<Option<Session>, DeskError> {
        if !token.starts_with(MARK) {
            return Ok(None);
        }
        let found = self.store().use_token(token_hash(token), self.now()).await.doing("look up a token")?;
        let Some(token) = found else { return Ok(None) };
        let role: Role = token.role.parse().map_err(DeskError::Unreadable)?;
        Ok(Some(Session {
            operator: format!("{TOKEN}{}", token.name),
            csrf: String::new(),
            rights: Rights { role, cuts_off: token.cuts_off },
        }))
    }
}
