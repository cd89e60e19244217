//! Who may send mail directly: asked by customers, decided here.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use desk::{ExemptionState, MailWish};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::App;
use crate::pages::rows::When;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::{Operator, Visitor};
use crate::words;

/// For how long it is granted at most.
const LONGEST_DAYS: i64 = 366;

#[derive(Template)]
#[template(path = "mail_port.html")]
struct MailPortPage {
    chrome: Chrome,
    dynamic: String,
    relays: String,
    wishes: Vec<Wish>,
}

/// One wish.
struct Wish {
    subscriber: String,
    asked: When,
    reason: String,
    state: String,
    open: bool,
    undecided: bool,
}

/// `GET /mail-port`.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Trouble> {
    let view = app.office.mail_port().await?;
    let now = app.office.now();
    let listed = |nets: &[ipnet::IpNet]| nets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut wishes: Vec<Wish> = view.wishes.iter().map(|wish| row(wish, now)).collect();
    wishes.sort_by_key(|wish| !wish.undecided);
    let page = MailPortPage {
        chrome: Chrome::of(&visitor, "firewall"),
        dynamic: listed(&view.dynamic),
        relays: listed(&view.relays),
        wishes,
    };
    draw(StatusCode::OK, &page)
}

fn row(wish: &MailWish, now: Timestamp) -> Wish {
    let by = wish.decided_by.as_deref().unwrap_or("nobody");
    let state = match (wish.state, wish.until) {
        (ExemptionState::Asked, _) => "asked".to_owned(),
        (ExemptionState::Refused, _) => format!("refused by {by}"),
        (ExemptionState::Granted, Some(until)) if wish.is_open => {
            format!("granted by {by} until {}", words::stamp(until))
        }
        (ExemptionState::Granted, _) => format!("was granted by {by}, and has ended"),
    };
    Wish {
        subscriber: wish.subscriber.to_string(),
        asked: When::new(now, wish.asked),
        reason: wish.reason.clone(),
        state,
        open: wish.is_open,
        undecided: wish.state == ExemptionState::Asked,
    }
}

/// The form of one wish.
#[derive(Deserialize)]
pub(crate) struct Decision {
    subscriber: String,
    /// `grant` or `refuse`.
    decision: String,
    #[serde(default)]
    days: String,
}

/// `POST /mail-port`.
pub(crate) async fn decide(
    State(app): State<App>,
    operator: Operator,
    Form(sent): Form<Decision>,
) -> Result<Response, Trouble> {
    let subscriber = sent.subscriber.parse().map_err(|_| Trouble::Misread("That is no line".to_owned()))?;
    let granted_for = match sent.decision.as_str() {
        "grant" => {
            let days = sent.days.parse::<i64>().ok().filter(|days| (1..=LONGEST_DAYS).contains(days));
            let wrong = || Trouble::Misread(format!("Say for how many days, from 1 to {LONGEST_DAYS}"));
            Some(SignedDuration::from_hours(days.ok_or_else(wrong)? * 24))
        }
        "refuse" => None,
        _ => return Err(Trouble::Misread("The form says neither grant nor refuse".to_owned())),
    };
    app.office.decide_mail(&subscriber, granted_for, &operator.0).await?;
    Ok(Redirect::to("/mail-port").into_response())
}
