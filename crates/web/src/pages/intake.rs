//! What arrived, and what became of it: the inbox of what no case could take.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use desk::{CheckView, IntakeView, LeaseSourcesView, MailboxView};
use serde::Deserialize;

use crate::App;
use crate::pages::{Chrome, draw, page_number};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::words;

/// How many rows the desk gives a page.
const PER_PAGE: usize = 50;

/// What can be asked for: its name, how it is shown, and what it means.
const OUTCOMES: [(&str, &str, &str); 10] = [
    ("", "All", "Everything that was accepted, newest first."),
    (
        "orphan",
        "Orphans",
        "They speak of our addresses, but no subscriber was found, or several. A person decides.",
    ),
    ("unreadable", "Unreadable", "Nothing could be made of them. Their bytes are kept."),
    ("not-a-report", "Not reports", "Read, and no complaint found in them: answers, newsletters, tests."),
    ("foreign", "Foreign", "They complain of addresses that are not ours."),
    ("case", "On a case", "They went to a case."),
    (
        "sign",
        "Signs",
        "Seen in our own flow records, and filed on a case unless an operator dismissed the same before.",
    ),
    (
        "unattributed",
        "Nobody’s signs",
        "Seen in our own flow records on an address that no lease names. They are looked at again for a week.",
    ),
    (
        "trap",
        "At our traps",
        "A line of ours came to spare addresses, with completed handshakes; filed on its case.",
    ),
    ("self-check", "Self-checks", "The desk's own mails to its addresses, come back."),
];

#[derive(Template)]
#[template(path = "intake.html")]
struct IntakePage {
    chrome: Chrome,
    tabs: Vec<Tab>,
    meaning: &'static str,
    mailboxes: Vec<MailboxLine>,
    leases: Vec<LeaseLine>,
    checks: Vec<CheckLine>,
    rows: Vec<Arrived>,
    page: usize,
    previous: Option<String>,
    next: Option<String>,
}

/// One choice of outcome.
struct Tab {
    label: &'static str,
    href: String,
    chosen: bool,
}

/// How one mailbox is.
struct MailboxLine {
    name: String,
    tags: String,
    last_look: Option<(String, String)>,
    messages: u64,
    left: u64,
    errors: u64,
    trouble: Option<String>,
}

/// How one source of leases is.
struct LeaseLine {
    name: String,
    taken: u64,
    refused: u64,
    lost: u64,
    /// What the numbers leave out.
    note: String,
}

/// How one thing stands that the self-check looks at.
struct CheckLine {
    subject: String,
    works: bool,
    since: (String, String),
    checked: (String, String),
    note: String,
}

/// One message.
struct Arrived {
    id: String,
    short: String,
    machine: String,
    stamp: String,
    source: String,
    outcome: String,
    note: String,
    subject: Option<String>,
    cases: Vec<String>,
}

/// `?outcome=…&page=…`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    page: String,
}

/// `GET /intake`.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let (name, _, meaning) = OUTCOMES
        .into_iter()
        .find(|(name, _, _)| *name == asked.outcome)
        .ok_or_else(|| Trouble::Misread(format!("{:?} is not an outcome of the intake", asked.outcome)))?;
    let number = page_number(&asked.page);
    let rows = app.office.intake((!name.is_empty()).then_some(name), number).await?;
    let front = app.office.front().await?;
    let link = |page: usize| format!("/intake?outcome={name}&page={page}");
    let page = IntakePage {
        chrome: Chrome::of(&visitor, "intake"),
        tabs: OUTCOMES.iter().map(|(tab, label, _)| self::tab(tab, label, *tab == name)).collect(),
        meaning,
        previous: (number > 1).then(|| link(number.saturating_sub(1))),
        next: (rows.len() >= PER_PAGE).then(|| link(number.saturating_add(1))),
        page: number,
        mailboxes: front.mailboxes.iter().map(mailbox_line).collect(),
        leases: lease_lines(&front.lease_sources),
        checks: front.checks.iter().map(check_line).collect(),
        rows: rows.iter().map(arrived).collect(),
    };
    draw(StatusCode::OK, &page)
}

fn tab(name: &str, label: &'static str, chosen: bool) -> Tab {
    let href = if name.is_empty() { "/intake".to_owned() } else { format!("/intake?outcome={name}") };
    Tab { label, href, chosen }
}

fn mailbox_line(one: &MailboxView) -> MailboxLine {
    MailboxLine {
        name: words::plain(&one.name),
        tags: words::plain(&one.tags.join(" ")),
        last_look: one.last_look.map(|at| (words::machine(at), words::stamp(at))),
        messages: one.messages,
        left: one.left,
        errors: one.errors,
        trouble: one.trouble.as_deref().map(words::plain),
    }
}

fn lease_lines(sources: &LeaseSourcesView) -> Vec<LeaseLine> {
    let accounting = sources.accounting.as_ref().map(|one| LeaseLine {
        name: format!("RADIUS accounting at {}", words::plain(&one.listen)),
        taken: one.answered,
        refused: one.forged.saturating_add(one.malformed).saturating_add(one.strangers),
        lost: one.unanswered,
        note: format!(
            "refused: {} with another secret, {} malformed, {} of strangers",
            one.forged, one.malformed, one.strangers
        ),
    });
    let translators = sources.translators.as_ref().map(|one| LeaseLine {
        name: "Port blocks of translators".to_owned(),
        taken: one.events,
        refused: one.passed_over.saturating_add(one.unusable),
        lost: one.gaps,
        note: format!("{} blocks held now", one.held),
    });
    accounting.into_iter().chain(translators).collect()
}

fn check_line(one: &CheckView) -> CheckLine {
    CheckLine {
        subject: words::plain(&one.subject),
        works: one.works,
        since: (words::machine(one.since), words::stamp(one.since)),
        checked: (words::machine(one.checked), words::stamp(one.checked)),
        note: words::plain(&one.note),
    }
}

fn arrived(row: &IntakeView) -> Arrived {
    Arrived {
        id: row.id.to_string(),
        short: row.id.short(),
        machine: words::machine(row.received),
        stamp: words::stamp(row.received),
        source: words::plain(&row.source),
        outcome: words::plain(&row.outcome),
        note: words::plain(&row.note),
        subject: row.subject.as_deref().map(words::plain),
        cases: row.cases.iter().map(ToString::to_string).collect(),
    }
}
