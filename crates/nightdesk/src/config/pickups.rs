//! Where complaints are picked up: mailboxes, Maildirs and folders, each a table that may stand as often as needed.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::section::section;

/// What a mailbox is for. It goes with every message as an intake tag, but for `abuse`, which is what is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// The published abuse address (RFC 2142).
    Abuse,
    /// An address that only a trusted feed knows, such as the unpublished one that SpamCop sends to.
    Trusted,
    /// The postmaster's (RFC 2142).
    Postmaster,
    /// The network operations centre's (RFC 2142).
    Noc,
    /// The security team's (RFC 2142).
    Security,
}

impl Role {
    /// The intake tags of what comes to a mailbox of this role.
    pub(crate) fn tags(self) -> Vec<String> {
        let tag = match self {
            Role::Abuse => return Vec::new(),
            Role::Trusted => "trusted",
            Role::Postmaster => "postmaster",
            Role::Noc => "noc",
            Role::Security => "security",
        };
        vec![tag.to_owned()]
    }
}

/// How a mailbox's connection is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MailboxSecurity {
    /// From the first byte.
    Tls,
    /// After STARTTLS, and not without it.
    Starttls,
    /// Not at all.
    Plaintext,
}

section! {
    /// A mailbox that is looked at over IMAP; messages are marked as seen, or moved, once they are on our disk.
    Mailbox {
        /// How it is called in the log and on the pages; absent: the user at the host.
        name: Option<String> = None;
        /// The mail server. Required.
        host: String = String::new();
        /// Its port; absent: 993 for tls, 143 for the others.
        port: Option<u16> = None;
        /// tls, starttls, or plaintext for a server on the same machine.
        security: MailboxSecurity = MailboxSecurity::Tls;
        /// A PEM file with the only certificates to believe, for a server with one of its own making.
        ca: Option<PathBuf> = None;
        /// Who logs in. Required.
        user: String = String::new();
        /// The file whose first line is the password.
        password_file: Option<PathBuf> = None;
        /// Or the environment variable that holds it.
        password_env: Option<String> = None;
        /// Instead of a password: a file with an OAuth 2.0 access token that some other program keeps fresh ...
        token_file: Option<PathBuf> = None;
        /// ... or a program that prints one, such as ["oauth-token", "abuse@example.net"] ...
        token_command: Vec<String> = Vec::new();
        /// ... or the provider's token endpoint, such as https://login.example.net/token, which is asked with:
        oauth_endpoint: Option<String> = None;
        /// the client id of your registration there,
        oauth_client_id: Option<String> = None;
        /// the file with its secret, if it has one,
        oauth_client_secret_file: Option<PathBuf> = None;
        /// the file with the refresh token,
        oauth_refresh_token_file: Option<PathBuf> = None;
        /// and the scope, if the provider wants one.
        oauth_scope: Option<String> = None;
        /// The folder that is looked at.
        folder: String = "INBOX".to_owned();
        /// The folder that messages are moved to once they are on our disk; absent: they are marked as seen.
        done: Option<String> = None;
        /// What it is for: abuse, trusted (an unpublished address for a trusted feed), postmaster, noc or security.
        role: Role = Role::Abuse;
    }
}

section! {
    /// A Maildir to pick mail up from; files move to cur/ once they are on our disk.
    Maildir {
        /// The folder that holds new/, cur/ and tmp/. Required.
        dir: PathBuf = PathBuf::new();
        /// What it is for, as for a mailbox.
        role: Role = Role::Abuse;
    }
}

section! {
    /// A folder where feeds put their files (CSV, JSON, zip, mails); files move to done/ in it once they are on our disk.
    Folder {
        /// The folder. Write files there under a name that ends in .tmp, then rename them. Required.
        dir: PathBuf = PathBuf::new();
        /// What it is for, as for a mailbox.
        role: Role = Role::Abuse;
    }
}

/// The formats lease files are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LeaseFormat {
    /// A CSV with a header.
    Csv,
    /// FreeRADIUS `detail` accounting.
    RadiusDetail,
    /// A Kea lease file (memfile).
    Kea,
    /// The lease file of ISC dhcpd.
    IscDhcpd,
    /// A translator's log of port blocks (Juniper, Cisco, A10, NFWare, 6WIND).
    NatLog,
}

impl From<LeaseFormat> for lease::Format {
    fn from(format: LeaseFormat) -> lease::Format {
        match format {
            LeaseFormat::Csv => lease::Format::Csv,
            LeaseFormat::RadiusDetail => lease::Format::RadiusDetail,
            LeaseFormat::Kea => lease::Format::Kea,
            LeaseFormat::IscDhcpd => lease::Format::IscDhcpd,
            LeaseFormat::NatLog => lease::Format::NatLog,
        }
    }
}

section! {
    /// A lease file that is followed as it grows, through rotation and clean-up; it is never changed.
    LeaseFile {
        /// The file. Required.
        path: PathBuf = PathBuf::new();
        /// csv, radius-detail, kea, isc-dhcpd or nat-log; absent: told by its beginning.
        format: Option<LeaseFormat> = None;
        /// The time zone of a translator's log whose times do not say their own, such as Europe/Berlin.
        zone: Option<String> = None;
        /// How often it is looked at.
        every: super::Span = super::Span::secs(2);
    }
}

impl Mailbox {
    /// How it is called.
    pub(crate) fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("{} at {}", self.user, self.host))
    }

    /// What it logs in with.
    pub(crate) fn credentials(&self) -> Result<sensors::imap::Credentials> {
        use sensors::imap::{Credentials, Refresh, Secret, Token};
        let user = self.user.clone();
        let password = |password| Ok(Credentials::Password { user: user.clone(), password });
        let token = |token| Ok(Credentials::OAuth { user: user.clone(), token });
        let ways = usize::from(self.password_file.is_some())
            + usize::from(self.password_env.is_some())
            + usize::from(self.token_file.is_some())
            + usize::from(!self.token_command.is_empty())
            + usize::from(self.oauth_endpoint.is_some());
        ensure!(
            ways == 1,
            "it needs exactly one of password_file, password_env, token_file, token_command and oauth_endpoint, and has {ways}"
        );
        if let Some(path) = &self.password_file {
            return password(Secret::File(path.clone()));
        }
        if let Some(name) = &self.password_env {
            return password(Secret::Environment(name.clone()));
        }
        if let Some(path) = &self.token_file {
            return token(Token::Secret(Secret::File(path.clone())));
        }
        let Some(endpoint) = self.oauth_endpoint.clone() else {
            return token(Token::Command(self.token_command.clone()));
        };
        ensure!(endpoint.starts_with("https://"), "oauth_endpoint must begin with https://");
        token(Token::Refresh(Refresh {
            endpoint,
            client_id: self.oauth_client_id.clone().context("oauth_client_id is missing")?,
            client_secret: self.oauth_client_secret_file.clone().map(Secret::File),
            refresh_token: Secret::File(
                self.oauth_refresh_token_file.clone().context("oauth_refresh_token_file is missing")?,
            ),
            scope: self.oauth_scope.clone(),
        }))
    }

    /// What is wrong with it.
    pub(super) fn check(&self) -> Result<()> {
        ensure!(!self.host.is_empty(), "host is missing");
        ensure!(!self.user.is_empty(), "user is missing");
        ensure!(!self.folder.is_empty(), "folder is empty; leave it out for INBOX");
        if self.done.as_deref() == Some(self.folder.as_str()) {
            bail!(
                "done is the folder that is looked at; name another, or leave it out to mark messages as seen"
            );
        }
        self.credentials().map(drop)
    }
}
