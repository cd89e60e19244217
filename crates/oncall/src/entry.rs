//! What happened to a page: the only thing that changes it, and the only thing that is kept of it.

use std::fmt;

use case::CaseId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Name, Reason, Severity};

/// One thing that happened to a page. Old entries are read for ever: fields may be added with a default, never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub enum Entry {
    /// It was opened.
    Opened {
        /// Why.
        reason: Reason,
        /// How pressing it is.
        severity: Severity,
        /// What further pages are told together with it.
        bundle: String,
    },
    /// Something to look at; the first at once, more while nobody has acknowledged.
    Joined {
        /// The case, where it is of one.
        case: Option<CaseId>,
        /// What, in words.
        what: String,
    },
    /// A step of the policy: these are to be rung.
    Stepped {
        /// Its number, counted on over all repeats since the page was opened or came back.
        step: u32,
        /// Who, by which way.
        rings: Vec<Ring>,
        /// Whom it should have rung and why not.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        nobody: Vec<String>,
    },
    /// What became of a ring, once that is final.
    Rung {
        /// Which.
        ring: u32,
        /// Why it was not delivered; `None` when it was.
        failure: Option<String>,
    },
    /// Somebody looks at it.
    Acknowledged {
        /// Who.
        by: String,
        /// How they said so.
        via: Via,
        /// The ring they answered, where that is known.
        ring: Option<u32>,
    },
    /// It was acknowledged and nothing has happened since: it rings again from the first step.
    CameBack {
        /// Why, in words.
        why: String,
    },
    /// The clock was put back: what it waits for is counted from here.
    ClockWentBack,
    /// It needs nobody any more.
    Resolved {
        /// Who said so; `None` when it follows from its cases.
        by: Option<String>,
        /// Why, in words.
        why: String,
    },
}

/// How somebody acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// By the link in the page.
    Link,
    /// By answering the mail.
    Mail,
    /// On the desk's own pages.
    Web,
    /// By a command.
    Command,
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Via::Link => "by the link",
            Via::Mail => "by mail",
            Via::Web => "on the page",
            Via::Command => "by command",
        })
    }
}

/// Somebody to be rung by one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// Its number within the page, from 1.
    pub number: u32,
    /// Who.
    pub person: Name,
    /// By which way, as [`crate::Way`] is shown.
    pub way: String,
}

/// An entry with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// Its number within the page, from 1 without gaps.
    pub version: u32,
    /// When, by the clock of the desk.
    pub at: Timestamp,
    /// What.
    pub entry: Entry,
}
