//! What an operator may ask of a case, and how a form or a JSON object says it.

use case::{Actor, CaseId, Command, Stage};
use desk::{CaseView, Verb};
use serde::Deserialize;

use crate::App;
use crate::office::OfficeError;
use crate::trouble::Trouble;
use crate::words;

/// The longest reason or note, in bytes: a page of text. Longer ones belong into a file beside the case.
const REASON_LIMIT: usize = 4000;
/// The most ports one recheck may name.
const PORTS_LIMIT: usize = 16;

/// One action as sent.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Wish {
    /// `confirm`, `dismiss`, `release`, `recheck`, `innocent`, `reopen`, `assign` or `note`.
    pub(crate) action: String,
    /// Why; required for each but `assign`.
    #[serde(default)]
    pub(crate) reason: String,
    /// How many events the case had on the page the action was sent from.
    pub(crate) version: u64,
    /// For a recheck: the ports to ask first, with blanks or commas between.
    #[serde(default)]
    pub(crate) ports: String,
    /// For `assign`: whom it is given to, or `me`; nobody where it is empty.
    #[serde(default)]
    pub(crate) to: String,
}

/// What an action is, whatever the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Confirm,
    Dismiss,
    Approve,
    Release,
    Recheck,
    Innocent,
    Reopen,
    Assign,
    Note,
}

impl Action {
    const ALL: [Action; 9] = [
        Action::Confirm,
        Action::Dismiss,
        Action::Approve,
        Action::Release,
        Action::Recheck,
        Action::Innocent,
        Action::Reopen,
        Action::Assign,
        Action::Note,
    ];

    /// Its name in forms and JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Action::Confirm => "confirm",
            Action::Dismiss => "dismiss",
            Action::Approve => "approve",
            Action::Release => "release",
            Action::Recheck => "recheck",
            Action::Innocent => "innocent",
            Action::Reopen => "reopen",
            Action::Assign => "assign",
            Action::Note => "note",
        }
    }

    /// The action of that name.
    pub(crate) fn named(name: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|action| action.name() == name)
    }

    /// The verb of the desk that it is, which says what it takes.
    pub(crate) fn verb(self) -> Verb {
        match self {
            Action::Confirm => Verb::Confirm,
            Action::Dismiss => Verb::Dismiss,
            Action::Approve => Verb::Approve,
            Action::Release => Verb::Release,
            Action::Recheck => Verb::Recheck,
            Action::Innocent => Verb::Innocent,
            Action::Reopen => Verb::Reopen,
            Action::Assign => Verb::Assign,
            Action::Note => Verb::Note,
        }
    }

    /// What is said once it is recorded.
    pub(crate) fn done(self) -> &'static str {
        match self {
            Action::Confirm => "Confirmed. What the playbook orders next follows by itself.",
            Action::Dismiss => "Dismissed. Its blocks, if any, leave the edge with the next reading.",
            Action::Approve => "Approved. The blocks go to the edge with the next reading.",
            Action::Release => "Released. The blocks are lifted and leave the edge with the next reading.",
            Action::Recheck => "Recheck asked. The answer appears in the timeline.",
            Action::Innocent => "SpamCop will be told. The timeline says when it was.",
            Action::Reopen => "Reopened. What is known of it was judged anew.",
            Action::Assign => "Who has it is changed.",
            Action::Note => "Noted.",
        }
    }
}

/// One action as the page of a case offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) action: Action,
    pub(crate) label: &'static str,
    /// What follows, in a few words.
    pub(crate) effect: String,
}

/// What makes sense for a case as it is, the next step first.
pub(crate) fn offers(view: &CaseView) -> Vec<Offer> {
    let standing = view.blocks.iter().filter(|block| block.standing).count();
    let blocks = words::count(standing, "block", "blocks");
    let offer = |action, label, effect: &str| Offer { action, label, effect: effect.to_owned() };
    let recheck = offer(Action::Recheck, "Recheck now", "Probes the line; the answer is kept.");
    let confirm = offer(Action::Confirm, "Confirm by hand", "It is a proxy or relay: blocks follow.");
    let dismiss = offer(Action::Dismiss, "Dismiss", "It is nothing: the case ends.");
    let note = offer(Action::Note, "Add a note", "Into the timeline; changes nothing.");
    let release = Offer {
        action: Action::Release,
        label: "Release the line",
        effect: format!("Lifts {blocks} now; the case stays open."),
    };
    let stands = |offers: Vec<Offer>| -> Vec<Offer> {
        offers.into_iter().filter(|offer| offer.action != Action::Release || standing > 0).collect()
    };
    let approve = Offer {
        action: Action::Approve,
        label: "Approve the blocks",
        effect: "They wait for a second person: not whoever ordered them.".to_owned(),
    };
    let approve = Some(approve).filter(|_| view.blocks.iter().any(|block| block.awaits_second));
    let innocent = offer(
        Action::Innocent,
        "Tell SpamCop: innocent",
        "Says its reports of a web host here are mistaken.",
    );
    let innocent = Some(innocent).filter(|_| view.may_claim_innocence);
    let mut offers = match view.row.stage {
        Stage::HeadsUp | Stage::Watching | Stage::Suspected => {
            stands(vec![recheck, confirm, dismiss, release, note])
        }
        Stage::Confirmed | Stage::Contained => stands(vec![recheck, release, note, dismiss]),
        Stage::Cleaned => stands(vec![recheck, note, release, confirm, dismiss]),
        Stage::Closed | Stage::Dismissed => stands(vec![
            release,
            note,
            offer(Action::Reopen, "Reopen", "What is known of it is judged anew, from heads-up on."),
        ]),
    };
    if let Some(approve) = approve {
        offers.insert(0, approve);
    }
    offers.extend(innocent);
    offers
}

/// Has the wish followed in the operator's name.
pub(crate) async fn follow(app: &App, case: CaseId, wish: &Wish, operator: &str) -> Result<Action, Trouble> {
    let action = Action::named(&wish.action)
        .ok_or_else(|| Trouble::Misread(format!("{:?} is not an action of a case", wish.action)))?;
    let reason = wish.reason.trim().to_owned();
    if reason.is_empty() && action != Action::Assign {
        return Err(OfficeError::Refused(case::Refusal::NoReason).into());
    }
    if reason.len() > REASON_LIMIT {
        return Err(Trouble::Misread(format!("The reason is longer than {REASON_LIMIT} bytes")));
    }
    let actor = || Actor::Operator(operator.to_owned());
    let command = match action {
        Action::Confirm => Command::Confirm { reason: reason.clone() },
        Action::Dismiss => Command::Dismiss { reason: reason.clone() },
        Action::Approve => Command::Approve { by: operator.to_owned() },
        Action::Release => Command::Release { reason: reason.clone() },
        Action::Recheck => Command::Recheck { ports: ports(&wish.ports)? },
        Action::Innocent => Command::Innocent { reason: reason.clone() },
        Action::Reopen => Command::Reopen { reason: reason.clone() },
        Action::Assign => Command::Assign { to: assignee(&wish.to, operator) },
        Action::Note => Command::Note { text: reason.clone() },
    };
    app.office.act_expecting(case, wish.version, command, actor()).await?;
    // What keeps no reason itself has it written beside it.
    let beside = match action {
        Action::Recheck => Some(format!("recheck asked: {reason}")),
        Action::Approve => Some(format!("blocks approved: {reason}")),
        Action::Assign if !reason.is_empty() => Some(reason),
        _ => None,
    };
    if let Some(text) = beside {
        app.office.act(case, Command::Note { text }, actor()).await?;
    }
    Ok(action)
}

/// Whom a form names: `me` is whoever sent it.
pub(crate) fn assignee(to: &str, operator: &str) -> Option<String> {
    match to.trim() {
        "" => None,
        "me" => Some(operator.to_owned()),
        name => Some(name.to_owned()),
    }
}

/// The ports named; none means the case's own.
fn ports(text: &str) -> Result<Vec<u16>, Trouble> {
    let named: Result<Vec<u16>, _> =
        text.split([',', ' ', ';']).filter(|part| !part.is_empty()).map(port).collect();
    match named {
        Ok(ports) if ports.len() <= PORTS_LIMIT => Ok(ports),
        Ok(_) => Err(Trouble::Misread(format!("More than {PORTS_LIMIT} ports were named"))),
        Err(part) => Err(Trouble::Misread(format!("{part:?} is not a port from 1 to 65535"))),
    }
}

fn port(part: &str) -> Result<u16, String> {
    part.parse().ok().filter(|port| *port != 0).ok_or_else(|| part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_with_blanks_or_commas_and_nonsense_is_named() {
        assert_eq!(ports("1080, 8080 3128").unwrap(), [1080, 8080, 3128]);
        assert!(ports("  ").unwrap().is_empty());
        assert!(ports("80 99999").unwrap_err().to_string().contains("99999"));
        assert!(ports("0").is_err());
        assert!(ports(&"1 ".repeat(17)).is_err());
    }
}
