//! Who may do what, and what was done.

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::Json;

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Make an operator, or give one a new password (from NIGHTDESK_PASSWORD, or made and printed); or, with an option,
    /// change what one may do.
    Set {
        /// The login name.
        name: String,
        /// viewer, operator or admin. A new one is an operator; the first of all an admin who may cut off.
        #[arg(long, value_name = "ROLE")]
        role: Option<desk::Role>,
        /// Whether they may cut lines off.
        #[arg(long, value_name = "TRUE|FALSE")]
        cuts_off: Option<bool>,
    },
    /// List operators with what each may do.
    List {
        #[command(flatten)]
        json: Json,
    },
    /// Let somebody no longer log in; ends their sessions and takes the tokens they made back.
    Retire {
        /// The login name.
        name: String,
    },
    /// Let somebody who was retired log in again.
    Back {
        /// The login name.
        name: String,
    },
    /// Take somebody's second factor away, whose device is gone.
    ResetSecondFactor {
        /// The login name.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token for a program that asks the API, and print it; it is shown once.
    Make {
        /// What it is for; what it does is done in this name.
        name: String,
        /// viewer, operator or admin.
        #[arg(long, value_name = "ROLE", default_value = "viewer")]
        role: desk::Role,
        /// Whether it may cut lines off.
        #[arg(long)]
        cuts_off: bool,
        /// How long it is good for, at most 366d.
        #[arg(long = "for", value_name = "LENGTH", default_value = "90d")]
        lasts: crate::config::Span,
    },
    /// List tokens with their roles, ends and last uses.
    List {
        #[command(flatten)]
        json: Json,
    },
    /// Take a token back: it is good for nothing from here on.
    Revoke {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Only what this person or token did.
    #[arg(long, value_name = "NAME")]
    pub(crate) who: Option<String>,
    /// Only deeds of this kind, such as released or log-in.
    #[arg(long, value_name = "DEED")]
    pub(crate) deed: Option<String>,
    /// Only on this case, line or operator.
    #[arg(long, value_name = "WHAT")]
    pub(crate) about: Option<String>,
    /// Not before, such as 2026-11-23T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,
    /// Before.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Timestamp>,
    /// How many are printed at most, the newest first.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    pub(crate) most: usize,
    /// Do not walk the whole log to see whether it is whole.
    #[arg(long)]
    pub(crate) no_walk: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}
