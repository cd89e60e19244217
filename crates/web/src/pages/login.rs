//! In, out, and the theme.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use askama::Template;
use axum::Form;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use desk::NewSession;
use serde::Deserialize;

use crate::App;
use crate::cookies::{self, Stay};
use crate::office::OfficeError;
use crate::pages::{Chrome, draw};
use crate::trouble::{Trouble, too_many};
use crate::visitor::{FORM_COOKIE, THEME_COOKIE, Theme, Visitor, session_cookie};
use crate::words;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    chrome: Chrome,
    next: String,
    name: String,
    problem: Option<String>,
    ended: bool,
}

/// What the address of the login page says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Coming {
    #[serde(default)]
    next: String,
    #[serde(default)]
    ended: String,
}

/// `GET /login`.
pub(crate) async fn show(visitor: Visitor, Query(coming): Query<Coming>) -> Result<Response, Trouble> {
    if visitor.operator.is_some() {
        return Ok(Redirect::to(our_own(&coming.next)).into_response());
    }
    let page = LoginPage {
        chrome: Chrome::of(&visitor, ""),
        next: our_own(&coming.next).to_owned(),
        name: String::new(),
        problem: None,
        ended: !coming.ended.is_empty(),
    };
    draw(StatusCode::OK, &page)
}

/// The login form.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /login`.
pub(crate) async fn enter(
    State(app): State<App>,
    visitor: Visitor,
    extensions: Extensions,
    headers: HeaderMap,
    Form(sent): Form<Credentials>,
) -> Result<Response, Trouble> {
    let https = app.config.https;
    let (problem, status, retry_after) =
        match app.office.log_in(&sent.name, &sent.password, peer(&extensions)).await {
            Ok(session) => {
                end_any_before(&app, &headers).await?;
                return Ok(with_session(&session, &sent.next, https));
            }
            Err(OfficeError::WrongPassword) => (
                "That name and password do not go together. Check the name, then type the password again."
                    .to_owned(),
                StatusCode::UNAUTHORIZED,
                None,
            ),
            Err(OfficeError::TooManyTries { retry_after }) => {
                (too_many(retry_after), StatusCode::TOO_MANY_REQUESTS, Some(retry_after.as_secs().max(1)))
            }
            Err(other) => return Err(other.into()),
        };
    let mut chrome = Chrome::of(&visitor, "");
    chrome.back = "/login".to_owned();
    let next = our_own(&sent.next).to_owned();
    let page = LoginPage { chrome, next, name: sent.name, problem: Some(problem), ended: false };
    let mut response = draw(status, &page)?;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// A session of its own for each log-in: what the browser held before is worth nothing afterwards.
async fn end_any_before(app: &App, headers: &HeaderMap) -> Result<(), Trouble> {
    if let Some(token) = cookies::find(headers, session_cookie(app.config.https)) {
        app.office.log_out(token).await?;
    }
    Ok(())
}

/// On to where they were going, or first to the code.
pub(crate) fn with_session(session: &NewSession, next: &str, https: bool) -> Response {
    let next = our_own(next);
    let to = match session.waits {
        true => format!("/login/code?next={}", words::for_query(next)),
        false => next.to_owned(),
    };
    let mut response = Redirect::to(&to).into_response();
    let stay = Stay::Until(session.expires);
    add(response.headers_mut(), cookies::set(session_cookie(https), &session.token, &stay, https));
    if !session.waits {
        add(response.headers_mut(), cookies::set(FORM_COOKIE, "", &Stay::Gone, https));
    }
    response
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    chrome: Chrome,
    next: String,
    problem: Option<String>,
}

/// `GET /login/code`.
pub(crate) async fn ask_code(visitor: Visitor, Query(coming): Query<Coming>) -> Result<Response, Trouble> {
    if visitor.operator.is_some() {
        return Ok(Redirect::to(our_own(&coming.next)).into_response());
    }
    let next = our_own(&coming.next).to_owned();
    draw(StatusCode::OK, &CodePage { chrome: Chrome::of(&visitor, ""), next, problem: None })
}

/// The form of the code.
#[derive(Deserialize)]
pub(crate) struct Code {
    code: String,
    #[serde(default)]
    next: String,
}

/// `POST /login/code`.
pub(crate) async fn code(
    State(app): State<App>,
    visitor: Visitor,
    extensions: Extensions,
    headers: HeaderMap,
    Form(sent): Form<Code>,
) -> Result<Response, Trouble> {
    let token = cookies::find(&headers, session_cookie(app.config.https)).unwrap_or_default();
    let (problem, status) = match app.doorkeeper.second_factor(token, &sent.code, peer(&extensions)).await {
        Ok(session) => return Ok(with_session(&session, &sent.next, app.config.https)),
        Err(OfficeError::WrongCode) => (
            "That code is not right, or was used already. Wait for the next one, then type it.".to_owned(),
            StatusCode::UNAUTHORIZED,
        ),
        Err(OfficeError::TooManyTries { retry_after }) => {
            (too_many(retry_after), StatusCode::TOO_MANY_REQUESTS)
        }
        // It took too long: from the beginning, without a scare.
        Err(OfficeError::CannotSay(_)) => return Ok(Redirect::to("/login?ended=1").into_response()),
        Err(other) => return Err(other.into()),
    };
    let mut chrome = Chrome::of(&visitor, "");
    chrome.back = "/login/code".to_owned();
    let next = our_own(&sent.next).to_owned();
    draw(status, &CodePage { chrome, next, problem: Some(problem) })
}

/// `POST /logout`.
pub(crate) async fn leave(State(app): State<App>, headers: HeaderMap) -> Result<Response, Trouble> {
    let name = session_cookie(app.config.https);
    if let Some(token) = cookies::find(&headers, name) {
        app.office.log_out(token).await?;
    }
    let mut response = Redirect::to("/login").into_response();
    add(response.headers_mut(), cookies::set(name, "", &Stay::Gone, app.config.https));
    Ok(response)
}

/// The theme form.
#[derive(Deserialize)]
pub(crate) struct Taste {
    theme: String,
    #[serde(default)]
    back: String,
}

/// `POST /theme`.
pub(crate) async fn theme(State(app): State<App>, Form(taste): Form<Taste>) -> Response {
    let mut response = Redirect::to(our_own(&taste.back)).into_response();
    let theme = Theme::named(&taste.theme).name();
    add(response.headers_mut(), cookies::set(THEME_COOKIE, theme, &Stay::Year, app.config.https));
    response
}

fn add(headers: &mut HeaderMap, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// Who connected. Without it (a test, a socket without addresses) all tries count as one stranger's.
pub(crate) fn peer(extensions: &Extensions) -> IpAddr {
    extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip().to_canonical())
}

/// The path if it is one of ours; anything a browser could read as another site becomes the queue.
fn our_own(path: &str) -> &str {
    let other_site = path.starts_with("//") || path.contains('\\') || path.chars().any(char::is_control);
    let loops = path.starts_with("/login") || path.starts_with("/logout") || path.ends_with("/act");
    if path.starts_with('/') && !other_site && !loops { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::our_own;

    #[test]
    fn nobody_is_sent_to_another_site_after_login() {
        assert_eq!(our_own("/case/ND-17?x=1"), "/case/ND-17?x=1");
        for elsewhere in
            ["https://example.net/", "//example.net", "/\\example.net", "/\t/example.net", "", "case"]
        {
            assert_eq!(our_own(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
