//! What a probe is asked, and what it answers.

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::LookFor;

/// One question to one of our own addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Question {
    /// The address to ask.
    pub address: IpAddr,
    /// The ports to ask, most telling first; never empty, at most 32.
    pub ports: Vec<u16>,
    /// What to look for.
    pub look_for: LookFor,
}

/// Where mail servers listen that strangers use: for other mail servers (RFC 5321), for submission (RFC 6409) and for
/// submission inside TLS (RFC 8314).
pub const MAIL_PORTS: [u16; 3] = [25, 587, 465];

/// What a probe found, in the words of `check --json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Our nonce came back through it and landed at our own listener.
    OpenProxy,
    /// A mail of ours was delivered through it.
    OpenRelay,
    /// Something answered, and nothing relayed.
    Closed,
    /// Nothing answered, or we could not tell (the landing path failed, a tarpit, a reset): no verdict either way.
    Unreachable,
    /// The address is not ours, is on the never-touch list, or was asked too recently.
    RefusedByPolicy,
}

impl Verdict {
    /// The name as it stands in JSON and on pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::OpenProxy => "open-proxy",
            Verdict::OpenRelay => "open-relay",
            Verdict::Closed => "closed",
            Verdict::Unreachable => "unreachable",
            Verdict::RefusedByPolicy => "refused-by-policy",
        }
    }

    /// Whether it proves an open proxy or relay.
    #[must_use]
    pub fn is_proof(self) -> bool {
        matches!(self, Verdict::OpenProxy | Verdict::OpenRelay)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One line of a probe's transcript; foreign bytes are already escaped to printable ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Milliseconds since the probe began.
    pub at_ms: u64,
    /// The port and method it belongs to, such as `48613 http-connect`; `landing` for what landed.
    pub on: String,
    /// What was sent, received or noticed.
    pub text: String,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The question.
    pub question: Question,
    /// The finding over all its ports.
    pub verdict: Verdict,
    /// The port that proved it.
    pub port: Option<u16>,
    /// The method that proved it: `http-connect`, `http-get`, `http-post`, `http-host`, `socks4`, `socks4a`, `socks5`,
    /// `telnet`, each with `-tls` where it was inside TLS; `smtp`, `smtp-starttls`, `smtps`, `smtp-auth`.
    pub protocol: Option<String>,
    /// The address the relayed connection came from, as our landing listener saw it.
    pub exit: Option<IpAddr>,
    /// When the probe began.
    pub started: Timestamp,
    /// How long it took.
    pub seconds: f64,
    /// All that was said, in order of time.
    pub transcript: Vec<Line>,
}
