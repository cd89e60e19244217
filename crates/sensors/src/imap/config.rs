//! How one mailbox is set up, and where every default comes from.

use std::sync::Arc;
use std::time::Duration;

use super::{Credentials, Mailboxes, Roots};
use crate::Tally;

/// How the connection is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Security {
    /// TLS from the first byte (RFC 8314 section 3.2); port 993.
    #[default]
    Tls,
    /// TLS after STARTTLS; port 143. A server that does not offer it is not logged in to.
    StartTls,
    /// None: passwords and mail can be read on the way. For a server on the same machine.
    Plain,
}

impl Security {
    /// The port IANA lists for it.
    #[must_use]
    pub fn usual_port(self) -> u16 {
        match self {
            Security::Tls => 993,
            Security::StartTls | Security::Plain => 143,
        }
    }
}

/// What happens to a message that is on our disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Done {
    /// It is marked `\Seen`.
    #[default]
    Seen,
    /// It is moved to this folder, which is made if need be: by MOVE (RFC 6851), or by COPY and, with UIDPLUS
    /// (RFC 4315), EXPUNGE of just that message.
    Move(String),
}

/// One mailbox.
#[derive(Debug, Clone)]
pub struct Config {
    /// How it is called in the log and on the pages.
    pub name: String,
    /// The server's name, which its certificate must carry.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// TLS or not.
    pub security: Security,
    /// Whose certificates are believed.
    pub roots: Roots,
    /// Who we are.
    pub credentials: Credentials,
    /// The folder that is looked at. Default `INBOX`.
    pub folder: String,
    /// What happens to a message that is on our disk.
    pub done: Done,
    /// The intake tags of all its mail; goes into [`Envelope::tags`](crate::Envelope::tags).
    pub tags: Vec<String>,
    /// The limits.
    pub limits: Limits,
    /// Where events are counted.
    pub tally: Arc<Tally>,
    /// Where this mailbox shows how it is.
    pub mailboxes: Mailboxes,
}

impl Config {
    /// That server over TLS, with the defaults.
    #[must_use]
    pub fn new(name: impl Into<String>, host: impl Into<String>, credentials: Credentials) -> Config {
        Config {
            name: name.into(),
            host: host.into(),
            port: Security::Tls.usual_port(),
            security: Security::Tls,
            roots: Roots::default(),
            credentials,
            folder: "INBOX".to_owned(),
            done: Done::Seen,
            tags: Vec::new(),
            limits: Limits::default(),
            tally: Arc::default(),
            mailboxes: Mailboxes::default(),
        }
    }
}

/// The limits of one mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest message in bytes. Default 25 MB, as for SMTP.
    pub message_bytes: u32,
    /// Messages per look. Default 100; when there are more the next look follows at once.
    pub per_sweep: usize,
    /// How often a server without IDLE is asked. Default 1 minute.
    pub every: Duration,
    /// The least time between two looks that the server asks for. Default 1 second.
    pub gap: Duration,
    /// How long one IDLE lasts. RFC 2177 asks for less than 29 minutes; default 5, so that a connection that a firewall
    /// has forgotten is noticed, and the mail behind it found, within that time.
    pub idle: Duration,
    /// How long connecting and each step of TLS may take. Default 30 seconds.
    pub connect: Duration,
    /// How long the server may say nothing while we wait for it. Default 1 minute.
    pub silence: Duration,
    /// How long one command may take in total. Default 10 minutes: 25 MB at 350 kbit/s.
    pub command: Duration,
    /// The first pause after a failure; it doubles. Default 1 second.
    pub retry: Duration,
    /// The least pause after a refused login, so that no account gets locked by us. Default 1 minute.
    pub retry_refused: Duration,
    /// The longest pause after a failure. Default 15 minutes.
    pub retry_longest: Duration,
    /// After how long a message that could not be taken is tried again. Default 6 hours.
    pub again: Duration,
    /// How long to wait for room in the channel. Default 5 seconds; then the message waits for the next look.
    pub patience: Duration,
    /// How long to wait for the answer "on disk". Default 1 minute; then the message waits for the next look.
    pub answer: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            message_bytes: 25 * 1024 * 1024,
            per_sweep: 100,
            every: Duration::from_secs(60),
            gap: Duration::from_secs(1),
            idle: Duration::from_secs(5 * 60),
            connect: Duration::from_secs(30),
            silence: Duration::from_secs(60),
            command: Duration::from_secs(10 * 60),
            retry: Duration::from_secs(1),
            retry_refused: Duration::from_secs(60),
            retry_longest: Duration::from_secs(15 * 60),
            again: Duration::from_secs(6 * 60 * 60),
            patience: Duration::from_secs(5),
            answer: Duration::from_secs(60),
        }
    }
}
