//! Who may do what: three roles, one right that stands beside them, and a table of what each verb takes.
//!
//! The table is asked by the desk itself, each time, of what the store says now: a page that forgot to ask cannot do
//! more, and a right that was taken away is gone with the next click.

use std::fmt;
use std::str::FromStr;

use case::{Actor, Command, Refusal};
use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::error::{ActError, DeskError, Doing};

/// What somebody is at this desk; each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Reads: a colleague, an auditor, a screen on the wall.
    Viewer,
    /// Works on cases.
    Operator,
    /// Says who else may, and what is kept how long.
    Admin,
}

impl Role {
    /// All, the least first.
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Operator, Role::Admin];

    /// The word in the store, in forms and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Role, String> {
        let found = Role::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| format!("{text:?} is no role; there are viewer, operator and admin"))
    }
}

/// What a verb takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// To be let in at all.
    See,
    /// To change cases.
    Work,
    /// To take something from a customer. No role brings it; it is given by itself.
    CutOff,
    /// To say who may, and what is kept.
    Administer,
}

impl Right {
    /// All of them.
    pub const ALL: [Right; 4] = [Right::See, Right::Work, Right::CutOff, Right::Administer];

    /// What it lets one do, after "may not".
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Right::See => "look at this desk",
            Right::Work => "change cases; that takes the role operator",
            Right::CutOff => "cut lines off; that right is given by itself, whatever the role",
            Right::Administer => "say who may do what; that takes the role admin",
        }
    }
}

/// What one person or token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// What they are.
    pub role: Role,
    /// Whether they may cut lines off.
    pub cuts_off: bool,
}

impl Rights {
    /// Whether these are enough.
    #[must_use]
    pub fn allow(self, right: Right) -> bool {
        match right {
            Right::See => true,
            Right::Work => self.role >= Role::Operator,
            // A viewer with the flag is a mistake, and is held to be a viewer.
            Right::CutOff => self.cuts_off && self.role >= Role::Operator,
            Right::Administer => self.role == Role::Admin,
        }
    }
}

/// What people can have the desk do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Look at cases, evidence and figures.
    Read,
    /// Write a note on a case.
    Note,
    /// Have a line probed now.
    Recheck,
    /// Lift the blocks of a case.
    Release,
    /// End a case as nothing.
    Dismiss,
    /// Take an ended case up again.
    Reopen,
    /// Say that a case is the same as another.
    Merge,
    /// Say that part of a case is another line's.
    Split,
    /// Say who has a case.
    Assign,
    /// Tell SpamCop that its reports are mistaken.
    Innocent,
    /// Confirm a case by hand: blocks follow.
    Confirm,
    /// Let the blocks of a case go to the edge, as the second person.
    Approve,
    /// Say that one looks at a page, or that it needs nobody any more; ring a test.
    AnswerPage,
    /// Settle what no case could take, or file it on a line by hand.
    Inbox,
    /// End a shift with a word to the next.
    HandOver,
    /// Decide who may send mail directly.
    DecideMail,
    /// Try a playbook on what was.
    TryPlaybook,
    /// Say what the desk does by itself.
    ChangePlaybook,
    /// Look at what people did.
    Audit,
    /// Make operators and tokens, give and take roles.
    People,
    /// Hand out or forget what is known of one subscriber.
    Subscribers,
    /// Delete what is older than it may be.
    Retention,
}

/// What each verb takes. A verb that is not here does not exist: [`Verb::needs`] is made from it.
pub const VERBS: [(Verb, Right); 22] = [
    (Verb::Read, Right::See),
    (Verb::Note, Right::Work),
    (Verb::Recheck, Right::Work),
    (Verb::Release, Right::Work),
    (Verb::Dismiss, Right::Work),
    (Verb::Reopen, Right::Work),
    (Verb::Merge, Right::Work),
    (Verb::Split, Right::Work),
    (Verb::Assign, Right::Work),
    (Verb::Innocent, Right::Work),
    (Verb::Confirm, Right::CutOff),
    (Verb::Approve, Right::CutOff),
    (Verb::AnswerPage, Right::Work),
    (Verb::Inbox, Right::Work),
    (Verb::HandOver, Right::Work),
    (Verb::DecideMail, Right::Work),
    (Verb::TryPlaybook, Right::Work),
    (Verb::ChangePlaybook, Right::Administer),
    (Verb::Audit, Right::Administer),
    (Verb::People, Right::Administer),
    (Verb::Subscribers, Right::Administer),
    (Verb::Retention, Right::Administer),
];

impl Verb {
    /// What it takes.
    #[must_use]
    pub fn needs(self) -> Right {
        // What stands in no table takes the most.
        VERBS.iter().find(|(verb, _)| *verb == self).map_or(Right::Administer, |(_, right)| *right)
    }

    /// The verb that has a command followed; none for what only the desk itself says.
    #[must_use]
    pub fn of(command: &Command) -> Option<Verb> {
        Some(match command {
            Command::Note { .. } => Verb::Note,
            Command::Recheck { .. } => Verb::Recheck,
            Command::Release { .. } => Verb::Release,
            Command::Dismiss { .. } => Verb::Dismiss,
            Command::Reopen { .. } => Verb::Reopen,
            Command::Merge { .. } => Verb::Merge,
            Command::Split { .. } => Verb::Split,
            Command::Assign { .. } => Verb::Assign,
            Command::Innocent { .. } => Verb::Innocent,
            Command::Confirm { .. } => Verb::Confirm,
            Command::Approve { .. } => Verb::Approve,
            _ => return None,
        })
    }
}

/// Before the name of a token, where a deed is a token's. No operator's name has a blank in it.
pub(crate) const TOKEN: &str = "token ";

/// Why somebody may not.
#[derive(Debug, thiserror::Error)]
pub enum Forbidden {
    /// They lack the right.
    #[error("{who} may not {}", .right.in_words())]
    Lacks {
        /// Who asked.
        who: String,
        /// What it takes.
        right: Right,
    },
    /// Only the desk itself says that.
    #[error("that is for the desk alone to say")]
    DesksOwn,
    /// Four eyes are two people's.
    #[error("{0} is a program; the second person is a person")]
    NotAPerson(String),
    /// The store could not say.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl Desk {
    /// What a person or token of this name may do now; none for who may not log in.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn rights_of(&self, who: &str) -> Result<Option<Rights>, DeskError> {
        let found = match who.strip_prefix(TOKEN) {
            Some(name) => {
                let token = self.store().token_named(name).await.doing("look up a token")?;
                let now = self.now();
                token
                    .filter(|token| token.revoked.is_none() && token.expires > now)
                    .map(|token| (token.role, token.cuts_off))
            }
            None => {
                let operator = self.store().operator(who).await.doing("look up an operator")?;
                operator.filter(|one| one.retired.is_none()).map(|one| (one.role, one.cuts_off))
            }
        };
        let Some((role, cuts_off)) = found else { return Ok(None) };
        let role = role.parse().map_err(DeskError::Unreadable)?;
        Ok(Some(Rights { role, cuts_off }))
    }

    /// Whether somebody may do that, now.
    ///
    /// # Errors
    /// [`Forbidden`] says why not.
    pub async fn permit(&self, who: &str, verb: Verb) -> Result<(), Forbidden> {
        let right = verb.needs();
        if verb == Verb::Approve && who.starts_with(TOKEN) {
            return Err(Forbidden::NotAPerson(who.to_owned()));
        }
        match self.rights_of(who).await? {
            Some(rights) if rights.allow(right) => Ok(()),
            _ => Err(Forbidden::Lacks { who: who.to_owned(), right }),
        }
    }

    /// Whether whoever asks may have that command followed. The desk itself may.
    ///
    /// # Errors
    /// [`Forbidden`] says why not.
    pub async fn permit_command(&self, actor: &Actor, command: &Command) -> Result<(), Forbidden> {
        let Actor::Operator(who) = actor else { return Ok(()) };
        self.permit(who, Verb::of(command).ok_or(Forbidden::DesksOwn)?).await
    }

    /// A case is given to somebody who can work on it.
    pub(crate) async fn check_assignee(&self, command: &Command) -> Result<(), ActError> {
        let Command::Assign { to: Some(name) } = command else { return Ok(()) };
        match self.rights_of(name.trim()).await? {
            Some(rights) if rights.allow(Right::Work) && !name.starts_with(TOKEN) => Ok(()),
            _ => Err(ActError::Refused(Refusal::NotAName(name.clone()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_those_before_it_may_and_none_brings_the_right_to_cut_off() {
        let may = |role, cuts_off, right| Rights { role, cuts_off }.allow(right);
        for right in [Right::See, Right::Work, Right::Administer] {
            let row = Role::ALL.map(|role| may(role, false, right));
            let sorted = row.is_sorted();
            assert!(sorted && row[2], "{right:?}: {row:?}");
        }
        assert_eq!(Role::ALL.map(|role| may(role, false, Right::CutOff)), [false; 3]);
        assert_eq!(Role::ALL.map(|role| may(role, true, Right::CutOff)), [false, true, true]);
        assert!(!may(Role::Viewer, true, Right::Work) && !may(Role::Operator, true, Right::Administer));
    }

    #[test]
    fn what_takes_something_from_a_customer_takes_the_right_to() {
        let cutting: Vec<Verb> =
            VERBS.into_iter().filter(|(_, right)| *right == Right::CutOff).map(|(verb, _)| verb).collect();
        assert_eq!(cutting, [Verb::Confirm, Verb::Approve]);
    }
}
