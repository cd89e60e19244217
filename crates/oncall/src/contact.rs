//! How somebody is reached.

use std::fmt;
use std::path::PathBuf;

use crate::Severity;

/// One way to reach somebody, and for how pressing a page it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// How.
    pub way: Way,
    /// The least severity it rings for.
    pub least: Severity,
}

/// A way to reach somebody. Where a service wants a secret, it stands in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// A mail with everything in it.
    Mail {
        /// To whom.
        address: String,
    },
    /// A short message through a gateway that takes it as mail: plain text, 160 letters at most.
    Sms {
        /// The gateway's address for the telephone.
        address: String,
    },
    /// An incoming webhook of Slack, or of one of the services that take the same (Mattermost, Rocket.Chat).
    Slack {
        /// Its URL, which is its secret.
        url: String,
    },
    /// A room of a Matrix homeserver.
    Matrix {
        /// The homeserver.
        url: String,
        /// The room's id.
        room: String,
        /// The file that holds the access token.
        token_file: PathBuf,
    },
    /// `PagerDuty` by its events (version 2).
    PagerDuty {
        /// Where they are taken.
        url: String,
        /// The file that holds the integration's routing key.
        token_file: PathBuf,
    },
    /// A topic of an ntfy server.
    Ntfy {
        /// The topic's URL.
        url: String,
        /// The file that holds the access token, where the topic wants one.
        token_file: Option<PathBuf>,
    },
    /// Any other service: `{"text": …}` and the fields of the page, as JSON.
    Webhook {
        /// Where it is posted to.
        url: String,
        /// The file that holds a bearer token, where the service wants one.
        token_file: Option<PathBuf>,
    },
    /// A program, with the text on its standard input. No shell is involved.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
    },
}

impl Way {
    /// The word the file uses.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Way::Mail { .. } => "mail",
            Way::Sms { .. } => "sms",
            Way::Slack { .. } => "slack",
            Way::Matrix { .. } => "matrix",
            Way::PagerDuty { .. } => "pagerduty",
            Way::Ntfy { .. } => "ntfy",
            Way::Webhook { .. } => "webhook",
            Way::Command { .. } => "command",
        }
    }

    /// The URL it posts to, for those that do.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Way::Slack { url }
            | Way::Matrix { url, .. }
            | Way::PagerDuty { url, .. }
            | Way::Ntfy { url, .. }
            | Way::Webhook { url, .. } => Some(url),
            Way::Mail { .. } | Way::Sms { .. } | Way::Command { .. } => None,
        }
    }
}

/// The way as pages and logs name it: of a URL the host alone, since the rest may be a secret.
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Mail { address } | Way::Sms { address } => write!(f, "{} {address}", self.kind()),
            Way::Matrix { url, room, .. } => write!(f, "matrix {} {room}", host(url)),
            Way::Command { command } => {
                write!(f, "command {}", command.first().map_or("", String::as_str))
            }
            Way::Slack { url }
            | Way::PagerDuty { url, .. }
            | Way::Ntfy { url, .. }
            | Way::Webhook { url, .. } => {
                write!(f, "{} {}", self.kind(), host(url))
            }
        }
    }
}

/// The host of a URL, with its port; without a name and password before it.
fn host(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}
