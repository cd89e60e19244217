//! What arrived, and what became of it: the inbox of what no case could take.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use case::EvidenceId;
use desk::{CheckView, IntakeView, LeaseSourcesView, MailboxView};
use serde::Deserialize;

use crate::App;
use crate::pages::{Chrome, draw, page_number};
use crate::trouble::Trouble;
use crate::visitor::{Operator, Visitor};
use crate::words;

/// How many rows the desk gives a page.
const PER_PAGE: usize = 50;

/// What can be asked for: its name, how it is shown, and what it means.
const OUTCOMES: [(&str, &str, &str); 11] = [
    (
        "inbox",
        "Inbox",
        "What no case could take and nobody has settled: of our addresses but of no line, or of several; or not to be read. \
         Those without a lease are looked at again every minute for a week.",
    ),
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
    /// How many messages wait, where they can be settled here.
    inbox: Option<u64>,
    /// What was done just now.
    done: Option<String>,
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
    waits: bool,
    settled: Option<String>,
}

/// `?outcome=…&page=…`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    page: String,
    #[serde(default)]
    done: String,
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
    let inbox = matches!(name, "inbox" | "orphan" | "unreadable") && visitor.may(desk::Right::Work);
    let page = IntakePage {
        inbox: inbox.then_some(front.inbox.waiting).filter(|waiting| *waiting > 0),
        done: done(&asked.done),
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

/// What `?done=settled-3` or `?done=filed-1` says.
fn done(text: &str) -> Option<String> {
    let (what, count) = text.split_once('-')?;
    let count = words::count(count.parse().ok()?, "message", "messages");
    match what {
        "settled" => Some(format!("Settled {count}.")),
        "filed" => Some(format!("Filed {count} on the line.")),
        _ => None,
    }
}

/// What the form of the inbox sends. A browser sends every selected message under the same name.
#[derive(Debug, Default)]
struct Settling {
    what: String,
    messages: Vec<EvidenceId>,
    line: String,
    reason: String,
}

impl Settling {
    fn read(body: &str) -> Result<Settling, Trouble> {
        let mut settling = Settling::default();
        for (name, value) in form_urlencoded::parse(body.as_bytes()) {
            match &*name {
                "do" => settling.what = value.into_owned(),
                "line" => settling.line = value.into_owned(),
                "reason" => settling.reason = value.into_owned(),
                "message" => {
                    let id =
                        value.parse().map_err(|_| Trouble::Misread("no message has that name".to_owned()))?;
                    settling.messages.push(id);
                }
                _ => {}
            }
        }
        if settling.messages.is_empty() && settling.what != "settle-all" {
            return Err(Trouble::Misread("No message is selected: tick some, or settle all".to_owned()));
        }
        Ok(settling)
    }
}

/// `POST /intake`: settles what waits in the inbox, or files it on a line.
pub(crate) async fn settle(
    State(app): State<App>,
    Operator(operator): Operator,
    body: String,
) -> Result<Response, Trouble> {
    let sent = Settling::read(&body)?;
    let done = match sent.what.as_str() {
        "file" => {
            for message in &sent.messages {
                app.office.file_by_hand(*message, &sent.line, &operator, &sent.reason).await?;
            }
            format!("filed-{}", sent.messages.len())
        }
        "settle" => format!(
            "settled-{}",
            app.office.settle_inbox(Some(&sent.messages), &operator, &sent.reason).await?
        ),
        "settle-all" => format!("settled-{}", app.office.settle_inbox(None, &operator, &sent.reason).await?),
        other => return Err(Trouble::Misread(format!("{other:?} is nothing the inbox does"))),
    };
    Ok(Redirect::to(&format!("/intake?outcome=inbox&done={done}")).into_response())
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
        waits: row.settled.is_none() && matches!(row.outcome.as_str(), "orphan" | "unreadable"),
        settled: row.settled.as_ref().map(|(at, by, why)| {
            format!("settled by {} at {} UTC: {}", words::plain(by), words::stamp(*at), words::plain(why))
        }),
    }
}
