//! Who may log in, and what each may do.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use desk::{NewPassword, Person, Rights, Role};
use serde::Deserialize;

use crate::App;
use crate::office::OfficeError;
use crate::pages::rows::When;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::{Operator, Visitor};
use crate::words;

#[derive(Template)]
#[template(path = "operators.html")]
struct OperatorsPage {
    chrome: Chrome,
    rows: Vec<Row>,
    roles: [&'static str; 3],
    problem: Option<String>,
    /// Whose password was made, and which: shown this once.
    made: Option<(String, String)>,
}

/// One operator.
struct Row {
    name: String,
    role: &'static str,
    cuts_off: bool,
    vouched_by: Option<String>,
    second_factor: Option<When>,
    retired: Option<When>,
}

/// `GET /operators`.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Trouble> {
    draw(StatusCode::OK, &page(&app, &visitor).await?)
}

async fn page(app: &App, visitor: &Visitor) -> Result<OperatorsPage, Trouble> {
    let now = app.office.now();
    let row = |one: Person| Row {
        name: one.name,
        role: one.rights.role.name(),
        cuts_off: one.rights.cuts_off,
        vouched_by: one.vouched_by.map(|by| words::plain(&by)),
        second_factor: one.second_factor.map(|at| When::new(now, at)),
        retired: one.retired.map(|at| When::new(now, at)),
    };
    let rows = app.doorkeeper.people().await?.into_iter().map(row).collect();
    let mut chrome = Chrome::of(visitor, "operators");
    chrome.back = "/operators".to_owned();
    Ok(OperatorsPage { chrome, rows, roles: Role::ALL.map(Role::name), problem: None, made: None })
}

/// What is to become of one operator.
#[derive(Deserialize)]
pub(crate) struct Change {
    name: String,
    /// `make`, `rights`, `password`, `retire`, `back` or `reset-second-factor`.
    change: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    cuts_off: Option<String>,
}

impl Change {
    pub(crate) fn rights(role: &str, cuts_off: Option<&str>) -> Result<Rights, Trouble> {
        let role = role.parse().map_err(Trouble::Misread)?;
        Ok(Rights { role, cuts_off: cuts_off.is_some() })
    }
}

/// `POST /operators`.
pub(crate) async fn change(
    State(app): State<App>,
    visitor: Visitor,
    Operator(by): Operator,
    Form(sent): Form<Change>,
) -> Result<Response, Trouble> {
    let (door, name) = (&app.doorkeeper, sent.name.trim());
    let rights = || Change::rights(&sent.role, sent.cuts_off.as_deref());
    let outcome = match sent.change.as_str() {
        "make" => door.set_person(name, NewPassword::Made, Some(rights()?), &by).await,
        "password" => door.set_person(name, NewPassword::Made, None, &by).await,
        "rights" => door.set_rights(name, rights()?, &by).await.map(|()| None),
        "retire" => door.retire(name, true, &by).await.map(|()| None),
        "back" => door.retire(name, false, &by).await.map(|()| None),
        "reset-second-factor" => door.reset_second_factor(name, &by).await.map(|()| None),
        other => return Err(Trouble::Misread(format!("{other:?} is nothing that becomes of an operator"))),
    };
    match outcome {
        Ok(None) => Ok(Redirect::to("/operators").into_response()),
        Ok(Some(password)) => {
            let made = Some((words::plain(name), password));
            draw(StatusCode::OK, &OperatorsPage { made, ..page(&app, &visitor).await? })
        }
        Err(OfficeError::CannotSay(why)) => {
            let problem = Some(words::sentence(&why));
            draw(StatusCode::UNPROCESSABLE_ENTITY, &OperatorsPage { problem, ..page(&app, &visitor).await? })
        }
        Err(other) => Err(other.into()),
    }
}
