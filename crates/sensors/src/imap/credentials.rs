//! Who we are to a mailbox's server. Secrets are read when they are needed and never shown.

use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// Who logs in, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A password: AUTHENTICATE PLAIN (RFC 4616) where the server offers it, otherwise LOGIN.
    Password {
        /// The user.
        user: String,
        /// Where the password is.
        password: Secret,
    },
    /// An OAuth 2.0 access token: OAUTHBEARER (RFC 7628) where the server offers it, otherwise XOAUTH2
    /// (<https://developers.google.com/workspace/gmail/imap/xoauth2-protocol>).
    OAuth {
        /// The user.
        user: String,
        /// Where tokens come from.
        token: Token,
    },
}

/// Where a secret is: read each time it is needed, so that changing it needs no restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// The first line of a file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
}

/// Where an access token comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A file that some other program keeps fresh.
    Secret(Secret),
    /// What a program prints; the first word is the program, the others its arguments. No shell is involved.
    Command(Vec<String>),
    /// The token endpoint of the provider (RFC 6749 section 6).
    Refresh(Refresh),
}

/// What the token endpoint is asked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refresh {
    /// Its URL.
    pub endpoint: String,
    /// The id the provider gave this program's registration.
    pub client_id: String,
    /// The secret of that registration, where it has one.
    pub client_secret: Option<Secret>,
    /// Where the refresh token is. If the provider hands out a new one, it is used until the next start.
    pub refresh_token: Secret,
    /// What is asked for; absent: what the refresh token was given for.
    pub scope: Option<String>,
}

/// Why there is nothing to log in with. Never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file cannot be read.
    #[error("reading {path}: {source}; check that it exists and that nightdesk may read it", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An environment variable is not set.
    #[error("the environment variable {0} is not set")]
    Environment(String),
    /// Nothing is in it.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// A program did not give a token.
    #[error("the token program {program} {why}")]
    Command {
        /// The program.
        program: String,
        /// What it did instead.
        why: String,
    },
    /// The token endpoint did not.
    #[error("the token endpoint {endpoint} {why}")]
    Endpoint {
        /// Its URL.
        endpoint: String,
        /// What it did instead.
        why: String,
    },
}

/// Access tokens are at most some thousand characters; a file that is larger is another file.
const LONGEST: usize = 64 * 1024;
/// How long a token program may take.
const COMMAND: Duration = Duration::from_secs(30);

/// A secret while it is needed. Shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secretive(pub(super) String);

impl fmt::Debug for Secretive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl Secret {
    /// Reads it.
    pub(super) async fn read(&self) -> Result<Secretive, CredentialsError> {
        let text = match self {
            Secret::File(path) => tokio::fs::read_to_string(path)
                .await
                .map_err(|source| CredentialsError::File { path: path.clone(), source })?,
            Secret::Environment(name) => {
                std::env::var(name).map_err(|_| CredentialsError::Environment(name.clone()))?
            }
        };
        first_line(&text).ok_or(CredentialsError::Empty("secret"))
    }
}

/// Runs a token program.
pub(super) async fn run(words: &[String]) -> Result<Secretive, CredentialsError> {
    let (program, arguments) = words.split_first().ok_or(CredentialsError::Empty("token program"))?;
    let failed = |why: String| CredentialsError::Command { program: program.clone(), why };
    let mut command = Command::new(program);
    // What it says to standard error may hold anything; it goes where ours goes, for the administrator to see.
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(COMMAND, command.output())
        .await
        .map_err(|_| failed("did not end in time".to_owned()))?
        .map_err(|error| failed(format!("could not be started: {error}")))?;
    if !output.status.success() {
        return Err(failed(format!("ended with {}", output.status)));
    }
    first_line(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| failed("printed no token".to_owned()))
}

/// The first line without its end and the blanks around it.
fn first_line(text: &str) -> Option<Secretive> {
    let line = text.lines().next().unwrap_or_default().trim();
    (!line.is_empty() && line.len() <= LONGEST).then(|| Secretive(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_is_the_first_line_and_is_not_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("password");
        std::fs::write(&path, "hunter2\nsecond line\n").expect("a file");
        let read = Secret::File(path).read().await.expect("a password");
        assert_eq!(read.0, "hunter2");
        assert_eq!(format!("{read:?}"), "(secret)");
    }

    #[tokio::test]
    async fn a_missing_or_empty_secret_is_named_and_not_repeated() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("password");
        let error = Secret::File(path.clone()).read().await.expect_err("no file");
        assert!(error.to_string().contains("password"), "{error}");
        std::fs::write(&path, "\n").expect("a file");
        assert!(matches!(Secret::File(path).read().await, Err(CredentialsError::Empty(_))));
        let unset = Secret::Environment("NIGHTDESK_TEST_NOT_SET".to_owned()).read().await;
        assert!(matches!(unset, Err(CredentialsError::Environment(_))));
    }

    #[tokio::test]
    async fn a_token_program_must_succeed_and_print_something() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(run(&words("echo a-token")).await.expect("a token").0, "a-token");
        for wrong in ["true", "false", "/nonexistent/program"] {
            assert!(matches!(run(&words(wrong)).await, Err(CredentialsError::Command { .. })), "{wrong}");
        }
    }
}
