//! What the pages ask of the desk about people: who is let in, who may do what, and who did what.

use std::net::IpAddr;

use desk::{
    ApiToken, ChainView, DeedFilter, DeedView, Desk, Enrolment, LogInError, NewPassword, NewSession,
    PeopleError, Person, Rights, Session, TokenWish, Verb,
};

use crate::office::{OfficeError, Soon};

/// The desk as its doors see it. Implemented for [`desk::Desk`], and by an in-memory night in the tests. Whoever changes
/// something is named by `by`, and the desk looks itself what they may.
pub trait Doorkeeper: Send + Sync + 'static {
    /// Goes on with a log-in that waits for its second factor.
    fn second_factor<'a>(&'a self, token: &'a str, code: &'a str, from: IpAddr) -> Soon<'a, NewSession>;
    /// Whose token a program sent.
    fn use_token<'a>(&'a self, token: &'a str) -> Soon<'a, Option<Session>>;
    /// All operators.
    fn people(&self) -> Soon<'_, Vec<Person>>;
    /// Makes an operator, or gives one a new password; gives what was made.
    fn set_person<'a>(
        &'a self,
        name: &'a str,
        password: NewPassword,
        rights: Option<Rights>,
        by: &'a str,
    ) -> Soon<'a, Option<String>>;
    /// Gives an operator a role, and the right to cut off or not.
    fn set_rights<'a>(&'a self, name: &'a str, rights: Rights, by: &'a str) -> Soon<'a, ()>;
    /// Lets somebody no longer log in, or again.
    fn retire<'a>(&'a self, name: &'a str, retired: bool, by: &'a str) -> Soon<'a, ()>;
    /// Takes another's second factor away.
    fn reset_second_factor<'a>(&'a self, name: &'a str, by: &'a str) -> Soon<'a, ()>;
    /// Changes one's own password.
    fn change_password<'a>(
        &'a self,
        name: &'a str,
        session: &'a str,
        old: &'a str,
        new: &'a str,
    ) -> Soon<'a, ()>;
    /// The second factor that is being set up.
    fn enrolment<'a>(&'a self, name: &'a str) -> Soon<'a, Option<Enrolment>>;
    /// Begins to set one up.
    fn begin_enrolment<'a>(&'a self, name: &'a str) -> Soon<'a, ()>;
    /// Puts it in force; gives the recovery codes.
    fn finish_enrolment<'a>(&'a self, name: &'a str, code: &'a str) -> Soon<'a, Vec<String>>;
    /// Ends one's own second factor, with a code of it.
    fn end_own_second_factor<'a>(&'a self, name: &'a str, code: &'a str, from: IpAddr) -> Soon<'a, ()>;
    /// How many recovery codes are left; none without a second factor.
    fn recovery_codes_left<'a>(&'a self, name: &'a str) -> Soon<'a, Option<u64>>;
    /// All tokens.
    fn tokens(&self) -> Soon<'_, Vec<ApiToken>>;
    /// Makes a token, which is shown once.
    fn make_token<'a>(&'a self, wish: &'a TokenWish, by: &'a str) -> Soon<'a, String>;
    /// Takes one back.
    fn revoke_token<'a>(&'a self, name: &'a str, by: &'a str) -> Soon<'a, ()>;
    /// What people did, newest first.
    fn deeds<'a>(
        &'a self,
        filter: &'a DeedFilter,
        before: Option<u64>,
        by: &'a str,
    ) -> Soon<'a, Vec<DeedView>>;
    /// What the last walk over the log found.
    fn chain(&self) -> Option<ChainView>;
    /// Walks the log.
    fn walk_log<'a>(&'a self, by: &'a str) -> Soon<'a, ChainView>;
}

impl From<desk::Forbidden> for OfficeError {
    fn from(error: desk::Forbidden) -> Self {
        match error {
            desk::Forbidden::Desk(error) => error.into(),
            other => OfficeError::Forbidden(other.to_string()),
        }
    }
}

impl From<PeopleError> for OfficeError {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Forbidden(error) => error.into(),
            PeopleError::Desk(error) => error.into(),
            other => OfficeError::CannotSay(other.to_string()),
        }
    }
}

impl Doorkeeper for Desk {
    fn second_factor<'a>(&'a self, token: &'a str, code: &'a str, from: IpAddr) -> Soon<'a, NewSession> {
        Box::pin(async move { Ok(Desk::second_factor(self, token, code, from).await?) })
    }

    fn use_token<'a>(&'a self, token: &'a str) -> Soon<'a, Option<Session>> {
        Box::pin(async move { Ok(Desk::use_token(self, token).await?) })
    }

    fn people(&self) -> Soon<'_, Vec<Person>> {
        Box::pin(async move { Ok(Desk::people(self).await?) })
    }

    fn set_person<'a>(
        &'a self,
        name: &'a str,
        password: NewPassword,
        rights: Option<Rights>,
        by: &'a str,
    ) -> Soon<'a, Option<String>> {
        Box::pin(async move { Ok(Desk::set_person(self, name, password, rights, by).await?) })
    }

    fn set_rights<'a>(&'a self, name: &'a str, rights: Rights, by: &'a str) -> Soon<'a, ()> {
        Box::pin(async move { Ok(Desk::set_rights(self, name, rights, by).await?) })
    }

    fn retire<'a>(&'a self, name: &'a str, retired: bool, by: &'a str) -> Soon<'a, ()> {
        Box::pin(async move { Ok(Desk::retire_person(self, name, retired, by).await?) })
    }

    fn reset_second_factor<'a>(&'a self, name: &'a str, by: &'a str) -> Soon<'a, ()> {
        Box::pin(async move { Ok(Desk::reset_second_factor(self, name, by).await?) })
    }

    fn change_password<'a>(
        &'a self,
        name: &'a str,
        session: &'a str,
        old: &'a str,
        new: &'a str,
    ) -> Soon<'a, ()> {
        Box::pin(async move { Ok(Desk::change_password(self, name, session, old, new).await?) })
    }

    fn enrolment<'a>(&'a self, name: &'a str) -> Soon<'a, Option<Enrolment>> {
        Box::pin(async move { Ok(Desk::enrolment(self, name).await?) })
    }

    fn begin_enrolment<'a>(&'a self, name: &'a str) -> Soon<'a, ()> {
        Box::pin(async move { Ok(Desk::begin_enrolment(self, name).await.map(drop)?) })
    }

    fn finish_enrolment<'a>(&'a self, name: &'a str, code: &'a str) -> Soon<'a, Vec<String>> {
        Box::pin(async move { Ok(Desk::finish_enrolment(self, name, code).await?) })
    }

    fn end_own_second_factor<'a>(&'a self, name: &'a str, code: &'a str, from: IpAddr) -> Soon<'a, ()> {
        Box::pin(async move { Ok(Desk::end_own_second_factor(self, name, code, from).await?) })
    }

    fn recovery_codes_left<'a>(&'a self, name: &'a str) -> Soon<'a, Option<u64>> {
        Box::pin(async move { Ok(Desk::recovery_codes_left(self, name).await?) })
    }

    fn tokens(&self) -> Soon<'_, Vec<ApiToken>> {
        Box::pin(async move { Ok(Desk::tokens(self).await?) })
    }

    fn make_token<'a>(&'a self, wish: &'a TokenWish, by: &'a str) -> Soon<'a, String> {
        Box::pin(async move { Ok(Desk::make_token(self, wish, by).await?) })
    }

    fn revoke_token<'a>(&'a self, name: &'a str, by: &'a str) -> Soon<'a, ()> {
        Box::pin(async move { Ok(Desk::revoke_token(self, name, by).await?) })
    }

    fn deeds<'a>(
        &'a self,
        filter: &'a DeedFilter,
        before: Option<u64>,
        by: &'a str,
    ) -> Soon<'a, Vec<DeedView>> {
        Box::pin(async move {
            self.permit(by, Verb::Audit).await?;
            Ok(Desk::deeds(self, filter, before).await?)
        })
    }

    fn chain(&self) -> Option<ChainView> {
        Desk::chain(self)
    }

    fn walk_log<'a>(&'a self, by: &'a str) -> Soon<'a, ChainView> {
        Box::pin(async move {
            self.permit(by, Verb::Audit).await?;
            Ok(Desk::walk_log(self).await?)
        })
    }
}

impl From<LogInError> for OfficeError {
    fn from(error: LogInError) -> Self {
        match error {
            LogInError::Wrong => OfficeError::WrongPassword,
            LogInError::TooMany { retry_after } => OfficeError::TooManyTries { retry_after },
            LogInError::WrongCode => OfficeError::WrongCode,
            LogInError::Over => OfficeError::CannotSay(error.to_string()),
            LogInError::Desk(error) => error.into(),
        }
    }
}
