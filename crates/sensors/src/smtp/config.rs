//! How the mail server is set up, and where every default comes from.

use std::sync::Arc;
use std::time::Duration;

use super::{Certificate, Recipients};
use crate::{How, Tally};

/// Which of the two protocols a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// RFC 5321: EHLO or HELO, one reply per message.
    #[default]
    Smtp,
    /// RFC 2033: LHLO, one reply per recipient.
    Lmtp,
}

impl Protocol {
    /// The way in that a message through this protocol is filed under.
    #[must_use]
    pub fn how(self) -> How {
        match self {
            Protocol::Smtp => How::Smtp,
            Protocol::Lmtp => How::Lmtp,
        }
    }
}

/// One listener.
#[derive(Debug, Clone)]
pub struct Config {
    /// What is spoken.
    pub protocol: Protocol,
    /// Our own name, given in the greeting; a fully qualified domain name (RFC 5321 4.2).
    pub hostname: String,
    /// Who mail is accepted for; never empty, by construction.
    pub recipients: Recipients,
    /// With a certificate STARTTLS is offered; without one it is not.
    pub tls: Option<Certificate>,
    /// The limits.
    pub limits: Limits,
    /// Where events are counted; give every sensor the same one.
    pub tally: Arc<Tally>,
}

impl Config {
    /// A listener with default limits, no TLS and counts of its own.
    #[must_use]
    pub fn new(protocol: Protocol, hostname: impl Into<String>, recipients: Recipients) -> Config {
        Config {
            protocol,
            hostname: hostname.into(),
            recipients,
            tls: None,
            limits: Limits::default(),
            tally: Arc::default(),
        }
    }
}

/// The limits of one listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest message in bytes as delivered; announced by SIZE (RFC 1870). Default 25 MB (26 214 400), above what
    /// the large mailbox providers send.
    pub message_bytes: usize,
    /// Longest command line in bytes with its CRLF. Default 1000: RFC 5321 4.5.3.1.4 asks for 512, its extensions
    /// for up to about 450 more. Lines of a message are limited only by the message.
    pub command_bytes: usize,
    /// Recipients of one message. Default 100, the least RFC 5321 4.5.3.1.8 allows.
    pub recipients: usize,
    /// Sessions at the same time. Default 200.
    pub connections: usize,
    /// Sessions at the same time from one client: an IPv4 address or an IPv6 /64. Default 50, half of what Postfix
    /// allows processes in total. Does not apply to a Unix socket.
    pub connections_per_client: usize,
    /// Refused commands since the last accepted message after which a session is ended. Default 20, as Postfix's
    /// hard error limit.
    pub errors: usize,
    /// How long a client may take for its next command line, pause within a message, or not read our reply. Default
    /// 5 minutes, the least RFC 5321 4.5.3.2.7 allows.
    pub idle: Duration,
    /// What takes the place of `idle` while three quarters of `connections` are taken, so that silent clients cannot
    /// keep the others out. Default 10 seconds, as Postfix under stress.
    pub idle_when_crowded: Duration,
    /// How long a session may last in total. Default 1 hour: 25 MB at 60 kbit/s.
    pub session: Duration,
    /// How long to wait for room in the channel before 451 4.3.2. Default 5 seconds.
    pub patience: Duration,
    /// How long to wait for the answer "on disk" before 451 4.3.0. Default 1 minute; the client waits 10
    /// (RFC 5321 4.5.3.2.6).
    pub answer: Duration,
    /// Memory for messages being received or waiting to be on disk, over all sessions. Over it a message is refused
    /// with 452 4.3.1. Default 128 MB (buffers grow by doubling, so up to twice that is taken from the system); never
    /// less than one message of `message_bytes`.
    pub memory_bytes: usize,
    /// How long sessions get to finish after `stop`. Default 10 seconds.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            message_bytes: 25 * 1024 * 1024,
            command_bytes: 1000,
            recipients: 100,
            connections: 200,
            connections_per_client: 50,
            errors: 20,
            idle: Duration::from_secs(5 * 60),
            idle_when_crowded: Duration::from_secs(10),
            session: Duration::from_secs(60 * 60),
            patience: Duration::from_secs(5),
            answer: Duration::from_secs(60),
            memory_bytes: 128 * 1024 * 1024,
            farewell: Duration::from_secs(10),
        }
    }
}
