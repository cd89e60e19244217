//! Logging in: the strongest of what the server offers and we were given.

use std::borrow::Cow;

use imap_next::imap_types::auth::{AuthMechanism, AuthenticateData};
use imap_next::imap_types::command::CommandBody;
use imap_next::imap_types::response::{Capability, Data};
use imap_next::imap_types::secret::Secret as Hidden;

use super::credentials::Credentials;
use super::oauth::Tokens;
use super::session::Trouble;
use super::wire::{Listener, SHORT, Wire};

/// What is remembered of logins: access tokens that are still good.
#[derive(Debug)]
pub(super) struct Login {
    credentials: Credentials,
    tokens: Option<Tokens>,
}

impl Login {
    pub(super) fn new(credentials: Credentials) -> Login {
        let tokens = match &credentials {
            Credentials::Password { .. } => None,
            Credentials::OAuth { token, .. } => Some(Tokens::new(token.clone())),
        };
        Login { credentials, tokens }
    }

    /// Logs in to `host`. A refusal is [`Trouble::Refused`].
    pub(super) async fn log_in(
        &mut self,
        wire: &mut Wire,
        offered: &[Capability<'static>],
        host: (&str, u16),
    ) -> Result<(), Trouble> {
        let outcome = match (&self.credentials, &mut self.tokens) {
            (Credentials::Password { user, password }, _) => {
                let password = password.read().await.map_err(Trouble::Credentials)?;
                with_password(wire, offered, user, &password.0).await
            }
            (Credentials::OAuth { user, .. }, Some(tokens)) => {
                let token = tokens.get().await.map_err(Trouble::Credentials)?;
                let outcome = with_token(wire, offered, user, &token.0, host).await;
                if outcome.is_err() {
                    tokens.refused();
                }
                outcome
            }
            (Credentials::OAuth { .. }, None) => Err(Trouble::Refused("no token is configured".to_owned())),
        };
        outcome.map_err(|trouble| match trouble {
            Trouble::No { said, .. } => Trouble::Refused(said),
            other => other,
        })
    }
}

async fn with_password(
    wire: &mut Wire,
    offered: &[Capability<'static>],
    user: &str,
    password: &str,
) -> Result<(), Trouble> {
    if offered.contains(&Capability::Auth(AuthMechanism::Plain)) {
        let response = format!("\0{user}\0{password}");
        return authenticate(wire, offered, AuthMechanism::Plain, response, "").await;
    }
    if offered.contains(&Capability::LoginDisabled) {
        return Err(Trouble::Refused("it takes no password on this connection".to_owned()));
    }
    let login = CommandBody::login(user.to_owned(), password.to_owned()).map_err(|_| {
        Trouble::Refused("user or password hold a character that IMAP cannot send".to_owned())
    })?;
    wire.command(login, SHORT, &mut super::wire::Deaf).await
}

async fn with_token(
    wire: &mut Wire,
    offered: &[Capability<'static>],
    user: &str,
    token: &str,
    (host, port): (&str, u16),
) -> Result<(), Trouble> {
    if offered.contains(&Capability::Auth(AuthMechanism::OAuthBearer)) {
        // RFC 5801 section 4: "=" and "," in a name are written as codes.
        let name = user.replace('=', "=3D").replace(',', "=2C");
        let response =
            format!("n,a={name},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer {token}\u{1}\u{1}");
        return authenticate(wire, offered, AuthMechanism::OAuthBearer, response, "\u{1}").await;
    }
    if offered.contains(&Capability::Auth(AuthMechanism::XOAuth2)) {
        let response = format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}");
        return authenticate(wire, offered, AuthMechanism::XOAuth2, response, "").await;
    }
    Err(Trouble::Refused("it offers neither OAUTHBEARER nor XOAUTH2".to_owned()))
}

/// One exchange: our response, and `to_failure` when the server explains a failure and waits to be heard out.
async fn authenticate(
    wire: &mut Wire,
    offered: &[Capability<'static>],
    mechanism: AuthMechanism<'static>,
    response: String,
    to_failure: &'static str,
) -> Result<(), Trouble> {
    let response = response.into_bytes();
    let (body, pending) = if offered.contains(&Capability::SaslIr) {
        (CommandBody::authenticate_with_ir(mechanism, response), None)
    } else {
        (CommandBody::authenticate(mechanism), Some(response))
    };
    let mut exchange = Exchange { pending, to_failure: Some(to_failure) };
    wire.command(body, SHORT, &mut exchange).await
}

struct Exchange {
    pending: Option<Vec<u8>>,
    to_failure: Option<&'static str>,
}

impl Listener for Exchange {
    fn data(&mut self, _data: Data<'static>) {}

    fn challenge(&mut self) -> Option<AuthenticateData<'static>> {
        let next =
            self.pending.take().or_else(|| self.to_failure.take().map(|text| text.as_bytes().to_vec()))?;
        Some(AuthenticateData::Continue(Hidden::new(Cow::Owned(next))))
    }
}
