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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::*;
    use crate::imap::Secret;

    /// A token endpoint that gives these answers in turn, and what it was asked.
    async fn endpoint(answers: &'static [(&str, &str)]) -> (String, mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/token", listener.local_addr().expect("an address"));
        let (asked, heard) = mpsc::channel(8);
        tokio::spawn(async move {
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let mut request = String::new();
                // The form is the last that is sent, and its last field is the client's secret.
                while !request.contains("client_secret=s3cret") {
                    let mut chunk = [0; 4096];
                    let length = stream.read(&mut chunk).await.expect("a request");
                    request += &String::from_utf8_lossy(chunk.get(..length).unwrap_or_default());
                }
                asked.send(request).await.expect("the test listens");
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).await.expect("sends");
            }
        });
        (url, heard)
    }

    fn tokens(folder: &std::path::Path, endpoint: String) -> Tokens {
        let file = |name: &str, text: &str| {
            std::fs::write(folder.join(name), text).expect("a file");
            Secret::File(folder.join(name))
        };
        Tokens::new(Token::Refresh(Refresh {
            endpoint,
            client_id: "desk".to_owned(),
            client_secret: Some(file("secret", "s3cret")),
            refresh_token: file("refresh", "r&1"),
            scope: None,
        }))
    }

    #[tokio::test]
    async fn a_token_is_kept_until_it_is_refused_and_a_new_refresh_token_is_used() {
        let (url, mut heard) = endpoint(&[
            ("200 OK", r#"{"access_token":"a1","expires_in":3600,"refresh_token":"r2"}"#),
            ("200 OK", r#"{"access_token":"a2","expires_in":30}"#),
            ("200 OK", r#"{"access_token":"a3"}"#),
        ])
        .await;
        let folder = tempfile::tempdir().expect("a folder");
        let mut tokens = tokens(folder.path(), url);
        assert_eq!(tokens.get().await.expect("a token").0, "a1");
        assert_eq!(tokens.get().await.expect("a token").0, "a1", "it is good for an hour");
        let first = heard.recv().await.expect("a request");
        assert!(first.contains("refresh_token=r%261") && first.contains("client_id=desk"), "{first}");
        tokens.kept = None;
        assert_eq!(tokens.get().await.expect("a token").0, "a2");
        assert!(heard.recv().await.expect("a request").contains("refresh_token=r2"));
        tokens.refused();
        assert_eq!(
            tokens.get().await.expect("a token").0,
            "a3",
            "what the server refused is not given again"
        );
        assert!(heard.recv().await.expect("a request").contains("refresh_token=r%261"));
    }

    #[tokio::test]
    async fn a_refusal_is_told_without_what_was_sent() {
        let (url, _heard) =
            endpoint(&[("400 Bad Request", r#"{"error":"invalid_grant","error_description":"x"}"#)]).await;
        let folder = tempfile::tempdir().expect("a folder");
        let error = tokens(folder.path(), url).get().await.expect_err("a refusal").to_string();
        assert!(error.contains("invalid_grant"), "{error}");
        assert!(!error.contains("s3cret") && !error.contains("r&1"), "{error}");
    }
}
