//! What is one's own: the password, and the second factor.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use qrcode::{Color, QrCode};
use serde::Deserialize;

use crate::App;
use crate::cookies;
use crate::office::OfficeError;
use crate::pages::login::peer;
use crate::pages::{Chrome, draw};
use crate::trouble::{Trouble, too_many};
use crate::visitor::{Operator, Visitor, session_cookie};
use crate::words;

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    chrome: Chrome,
    name: String,
    role: &'static str,
    cuts_off: bool,
    vouched_by: Option<String>,
    enrolling: Option<Enrolling>,
    codes_left: Option<u64>,
    /// Shown this once.
    codes: Vec<String>,
    problem: Option<String>,
    done: Option<&'static str>,
}

/// A second factor that waits for its first code.
struct Enrolling {
    picture: Picture,
    secret: String,
}

/// A QR code as the path of an SVG, in squares.
struct Picture {
    size: usize,
    path: String,
}

impl Picture {
    fn of(text: &str) -> Option<Picture> {
        // The quiet zone is four squares wide (ISO/IEC 18004 section 5.3.8).
        const QUIET: usize = 4;
        let code = QrCode::new(text).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (at, colour) in code.to_colors().into_iter().enumerate() {
            if colour == Color::Dark {
                path.push_str(&format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET));
            }
        }
        Some(Picture { size: width + 2 * QUIET, path })
    }
}

/// `GET /me`.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Trouble> {
    draw(StatusCode::OK, &page(&app, &visitor).await?)
}

async fn page(app: &App, visitor: &Visitor) -> Result<MePage, Trouble> {
    let name = visitor.operator.clone().ok_or(Trouble::NotLoggedIn)?;
    let rights = visitor.rights.ok_or(Trouble::NotLoggedIn)?;
    let known = app.doorkeeper.people().await?.into_iter().find(|one| one.name == name);
    let enrolling = app.doorkeeper.enrolment(&name).await?;
    let enrolling = enrolling
        .and_then(|one| Picture::of(&one.uri).map(|picture| Enrolling { picture, secret: one.secret }));
    let mut chrome = Chrome::of(visitor, "me");
    chrome.back = "/me".to_owned();
    Ok(MePage {
        chrome,
        role: rights.role.name(),
        cuts_off: rights.cuts_off,
        vouched_by: known.and_then(|one| one.vouched_by).map(|by| words::plain(&by)),
        enrolling,
        codes_left: app.doorkeeper.recovery_codes_left(&name).await?,
        codes: Vec::new(),
        problem: None,
        done: None,
        name: words::plain(&name),
    })
}

/// What went wrong in words that stand on the page; anything else is a page of its own.
fn said(error: OfficeError) -> Result<String, Trouble> {
    match error {
        OfficeError::CannotSay(why) => Ok(words::sentence(&why)),
        OfficeError::WrongCode => {
            Ok("That code is not right, or was used already. Wait for the next one.".to_owned())
        }
        OfficeError::TooManyTries { retry_after } => Ok(too_many(retry_after)),
        other => Err(other.into()),
    }
}

async fn again(app: &App, visitor: &Visitor, error: OfficeError) -> Result<Response, Trouble> {
    let status = Trouble::from(said_status(&error)).status();
    let problem = said(error)?;
    let page = MePage { problem: Some(problem), ..page(app, visitor).await? };
    draw(status, &page)
}

/// The same kind of error without its text, for its status.
fn said_status(error: &OfficeError) -> OfficeError {
    match error {
        OfficeError::WrongCode => OfficeError::WrongCode,
        OfficeError::TooManyTries { retry_after } => OfficeError::TooManyTries { retry_after: *retry_after },
        _ => OfficeError::CannotSay(String::new()),
    }
}

/// The password form.
#[derive(Deserialize)]
pub(crate) struct NewPassword {
    old: String,
    new: String,
}

/// `POST /me/password`.
pub(crate) async fn password(
    State(app): State<App>,
    visitor: Visitor,
    Operator(name): Operator,
    headers: HeaderMap,
    Form(sent): Form<NewPassword>,
) -> Result<Response, Trouble> {
    let session = cookies::find(&headers, session_cookie(app.config.https)).unwrap_or_default();
    match app.doorkeeper.change_password(&name, session, &sent.old, &sent.new).await {
        Ok(()) => {
            let done = Some("Your password is changed, and all your other sessions have ended.");
            draw(StatusCode::OK, &MePage { done, ..page(&app, &visitor).await? })
        }
        Err(error) => again(&app, &visitor, error).await,
    }
}

/// The form of the second factor.
#[derive(Deserialize)]
pub(crate) struct SecondFactor {
    /// `begin`, `finish` or `end`.
    step: String,
    #[serde(default)]
    code: String,
}

/// `POST /me/second-factor`.
pub(crate) async fn second_factor(
    State(app): State<App>,
    visitor: Visitor,
    Operator(name): Operator,
    extensions: Extensions,
    Form(sent): Form<SecondFactor>,
) -> Result<Response, Trouble> {
    let door = &app.doorkeeper;
    let outcome = match sent.step.as_str() {
        "begin" => door.begin_enrolment(&name).await.map(|()| None),
        "finish" => door.finish_enrolment(&name, &sent.code).await.map(Some),
        "end" => door.end_own_second_factor(&name, &sent.code, peer(&extensions)).await.map(|()| None),
        _ => return Err(Trouble::Misread("The form says neither begin, finish nor end".to_owned())),
    };
    match outcome {
        Ok(Some(codes)) => draw(StatusCode::OK, &MePage { codes, ..page(&app, &visitor).await? }),
        Ok(None) => Ok(Redirect::to("/me").into_response()),
        Err(error) => again(&app, &visitor, error).await,
    }
}

#[cfg(test)]
mod tests {
    use super::Picture;

    #[test]
    fn a_picture_has_its_finder_patterns_and_a_quiet_zone() {
        let picture =
            Picture::of("otpauth://totp/nightdesk:robin?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
        let far = picture.size - 4 - 7;
        for corner in ["M4 4h".to_owned(), format!("M{far} 4h"), format!("M4 {far}h")] {
            assert!(picture.path.contains(&corner), "{corner}");
        }
        assert!(!picture.path.contains("M3 ") && !picture.path.contains("M0 "));
    }
}
