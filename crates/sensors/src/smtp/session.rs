//! The conversation as a plain value: bytes in, steps out.

use super::{Config, Protocol, Recipients};

/// What a session needs to know of its [`Config`].
#[derive(Debug, Clone)]
pub struct Profile {
    /// What is spoken.
    pub protocol: Protocol,
    /// Our own name.
    pub hostname: String,
    /// Who mail is accepted for.
    pub recipients: Recipients,
    /// Whether STARTTLS is offered.
    pub starttls: bool,
    /// See [`Limits::message_bytes`](super::Limits::message_bytes).
    pub message_bytes: usize,
    /// See [`Limits::command_bytes`](super::Limits::command_bytes).
    pub command_bytes: usize,
    /// See [`Limits::recipients`](super::Limits::recipients).
    pub max_recipients: usize,
    /// See [`Limits::errors`](super::Limits::errors).
    pub errors: usize,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send these bytes: one reply, complete with CRLF.
    Say(Vec<u8>),
    /// Hand this message on, then tell the session with [`Session::settle`]; until then it takes no step.
    Deliver(Message),
    /// Send nothing more in plain text, negotiate TLS, then call [`Session::secured`]. What was heard in between is lost.
    StartTls,
    /// Close the connection. Nothing follows.
    Close,
}

/// A complete message with its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The name given in EHLO, HELO or LHLO.
    pub helo: String,
    /// The reverse path; empty for the null sender.
    pub mail_from: String,
    /// The accepted recipients as given.
    pub rcpt_to: Vec<String>,
    /// Their intake tags, each once.
    pub tags: Vec<String>,
    /// The message with transparency dots removed.
    pub bytes: Vec<u8>,
    /// Its longest line in bytes, without the CRLF.
    pub longest_line: usize,
}

/// What became of a message, as the session answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 250 2.0.0.
    OnDisk,
    /// 452 4.3.1.
    Full,
    /// 451 4.3.0.
    Failed,
    /// 451 4.3.2.
    Busy,
}

/// One conversation.
#[derive(Debug)]
pub struct Session {}

impl Session {
    /// A new conversation; its first step is the greeting.
    #[must_use]
    pub fn new(_profile: std::sync::Arc<Profile>) -> Session {
        Session {}
    }
    /// Takes in what the client sent. Call [`step`](Session::step) until it returns `None` before reading more.
    pub fn hear(&mut self, _bytes: &[u8]) {}
    /// The next thing to do, or `None` when more input (or [`settle`](Session::settle), [`secured`](Session::secured)) is needed.
    pub fn step(&mut self) -> Option<Step> {
        None
    }
    /// Tells what became of the message of the last [`Step::Deliver`].
    pub fn settle(&mut self, _outcome: Outcome) {}
    /// Tells that TLS is up: all that was said before is forgotten (RFC 3207 4.2).
    pub fn secured(&mut self) {}
}

impl From<&Config> for Profile {
    fn from(config: &Config) -> Profile {
        Profile {
            protocol: config.protocol,
            hostname: config.hostname.clone(),
            recipients: config.recipients.clone(),
            starttls: config.tls.is_some(),
            message_bytes: config.limits.message_bytes,
            command_bytes: config.limits.command_bytes,
            max_recipients: config.limits.recipients,
            errors: config.limits.errors,
        }
    }
}
