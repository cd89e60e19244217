//! Access tokens: kept while they are good, fetched anew when they are not.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use super::credentials::{CredentialsError, Refresh, Secretive, Token, run};

/// How long the token endpoint may take in total.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer of a token endpoint.
const LONGEST: u64 = 256 * 1024;
/// A token is not used any more this long before it ends: the login itself takes time.
const MARGIN: Duration = Duration::from_secs(60);

/// Hands out access tokens.
#[derive(Debug)]
pub(super) struct Tokens {
    from: Token,
    kept: Option<(Secretive, Instant)>,
    /// The refresh token the provider put in place of the configured one.
    replaced: Option<Secretive>,
}

/// The answer of a token endpoint (RFC 6749 section 5.1).
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
}

/// Its refusal (RFC 6749 section 5.2). The description is the provider's text and may name the account: not for a log.
#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl Tokens {
    pub(super) fn new(from: Token) -> Tokens {
        Tokens { from, kept: None, replaced: None }
    }

    /// A token that should be good now.
    pub(super) async fn get(&mut self) -> Result<Secretive, CredentialsError> {
        match &self.from {
            Token::Secret(secret) => secret.read().await,
            Token::Command(words) => run(words).await,
            Token::Refresh(refresh) => {
                if let Some((token, until)) = &self.kept
                    && Instant::now() < *until
                {
                    return Ok(token.clone());
                }
                let refresh = refresh.clone();
                self.refresh(&refresh).await
            }
        }
    }

    /// The server did not take the last token: it is not handed out again.
    pub(super) fn refused(&mut self) {
        self.kept = None;
        self.replaced = None;
    }

    async fn refresh(&mut self, refresh: &Refresh) -> Result<Secretive, CredentialsError> {
        let token = match &self.replaced {
            Some(token) => token.clone(),
            None => refresh.refresh_token.read().await?,
        };
        let mut form = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", token.0),
            ("client_id", refresh.client_id.clone()),
        ];
        if let Some(secret) = &refresh.client_secret {
            form.push(("client_secret", secret.read().await?.0));
        }
        if let Some(scope) = &refresh.scope {
            form.push(("scope", scope.clone()));
        }
        let endpoint = refresh.endpoint.clone();
        let failed = |why: String| CredentialsError::Endpoint { endpoint: refresh.endpoint.clone(), why };
        let asked = tokio::task::spawn_blocking(move || ask(&endpoint, &form)).await;
        let granted = asked.map_err(|_| failed("was not asked".to_owned()))?.map_err(failed)?;
        let lasts = Duration::from_secs(granted.expires_in.unwrap_or(0)).saturating_sub(MARGIN);
        let access = Secretive(granted.access_token);
        self.kept = Instant::now().checked_add(lasts).map(|until| (access.clone(), until));
        if let Some(token) = granted.refresh_token {
            self.replaced = Some(Secretive(token));
        }
        Ok(access)
    }
}

/// One request, blocking; what went wrong finishes the sentence "the token endpoint …".
fn ask(endpoint: &str, form: &[(&str, String)]) -> Result<Granted, String> {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        // A redirect would send our secrets to whoever is named in it.
        .max_redirects(0)
        .build();
    let pairs = form.iter().map(|(name, value)| (*name, value.as_str()));
    let mut answer = ureq::Agent::new_with_config(config)
        .post(endpoint)
        .header("Accept", "application/json")
        .send_form(pairs)
        .map_err(|error| format!("cannot be asked: {error}"))?;
    let status = answer.status();
    let body = answer
        .body_mut()
        .with_config()
        .limit(LONGEST)
        .read_to_vec()
        .map_err(|error| format!("broke off: {error}"))?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|_| "gave no access token".to_owned());
    }
    let code = serde_json::from_slice::<Refused>(&body).map(|refused| refused.error).unwrap_or_default();
    Err(format!("refused ({status} {})", crate::Printable::from(code.as_str())))
}
