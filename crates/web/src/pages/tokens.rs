//! Tokens that programs ask the API with.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use desk::{ApiToken, Role, TokenWish};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::App;
use crate::office::OfficeError;
use crate::pages::operators::Change as OfOperator;
use crate::pages::rows::When;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::{Operator, Visitor};
use crate::words;

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    chrome: Chrome,
    rows: Vec<Row>,
    roles: [&'static str; 3],
    problem: Option<String>,
    made: Option<String>,
}

/// One token.
struct Row {
    name: String,
    role: String,
    cuts_off: bool,
    made_by: String,
    state: String,
    good: bool,
    last_used: Option<When>,
}

fn row(token: ApiToken, now: Timestamp) -> Row {
    let good = token.revoked.is_none() && token.expires > now;
    let state = match token.revoked {
        Some(at) => format!("taken back {}", words::ago(now, at)),
        None if good => format!("until {}", words::stamp(token.expires)),
        None => format!("ended {}", words::ago(now, token.expires)),
    };
    Row {
        name: token.name,
        role: token.role,
        cuts_off: token.cuts_off,
        made_by: words::plain(&token.made_by),
        state,
        good,
        last_used: token.last_used.map(|at| When::new(now, at)),
    }
}

/// `GET /tokens`.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Trouble> {
    draw(StatusCode::OK, &page(&app, &visitor).await?)
}

async fn page(app: &App, visitor: &Visitor) -> Result<TokensPage, Trouble> {
    let now = app.office.now();
    let mut rows: Vec<Row> = app.doorkeeper.tokens().await?.into_iter().map(|one| row(one, now)).collect();
    rows.sort_by_key(|row| !row.good);
    let mut chrome = Chrome::of(visitor, "operators");
    chrome.back = "/tokens".to_owned();
    Ok(TokensPage { chrome, rows, roles: Role::ALL.map(Role::name), problem: None, made: None })
}

/// What is to become of a token.
#[derive(Deserialize)]
pub(crate) struct Change {
    name: String,
    /// `make` or `revoke`.
    change: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    cuts_off: Option<String>,
    #[serde(default)]
    days: String,
}

/// `POST /tokens`.
pub(crate) async fn change(
    State(app): State<App>,
    visitor: Visitor,
    Operator(by): Operator,
    Form(sent): Form<Change>,
) -> Result<Response, Trouble> {
    let name = sent.name.trim();
    let outcome = match sent.change.as_str() {
        "make" => {
            let days: i64 =
                sent.days.trim().parse().map_err(|_| Trouble::Misread("Say for how many days".to_owned()))?;
            let wish = TokenWish {
                name: name.to_owned(),
                rights: OfOperator::rights(&sent.role, sent.cuts_off.as_deref())?,
                lasts: SignedDuration::from_hours(days.clamp(0, 100_000) * 24),
            };
            app.doorkeeper.make_token(&wish, &by).await.map(Some)
        }
        "revoke" => app.doorkeeper.revoke_token(name, &by).await.map(|()| None),
        other => return Err(Trouble::Misread(format!("{other:?} is nothing that becomes of a token"))),
    };
    match outcome {
        Ok(None) => Ok(Redirect::to("/tokens").into_response()),
        Ok(made) => draw(StatusCode::OK, &TokensPage { made, ..page(&app, &visitor).await? }),
        Err(OfficeError::CannotSay(why)) => {
            let problem = Some(words::sentence(&why));
            draw(StatusCode::UNPROCESSABLE_ENTITY, &TokensPage { problem, ..page(&app, &visitor).await? })
        }
        Err(other) => Err(other.into()),
    }
}
