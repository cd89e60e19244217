//! Who asks, and how they like to see it.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use desk::{Right, Rights, Session};

use crate::App;
use crate::cookies::{self, Stay};
use crate::office::OfficeError;
use crate::trouble::Trouble;

/// The cookie that holds the theme.
pub(crate) const THEME_COOKIE: &str = "theme";
/// The cookie that ties the login form to this browser before there is a session.
pub(crate) const FORM_COOKIE: &str = "nightdesk-form";

/// The session cookie's name. `__Host-` makes the browser refuse it from a neighbour domain or without `Secure`
/// (RFC 6265bis section 4.1.3.2).
pub(crate) fn session_cookie(https: bool) -> &'static str {
    if https { "__Host-nightdesk" } else { "nightdesk" }
}

/// Light, dark, or as the system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    Auto,
    Light,
    Dark,
}

impl Theme {
    /// The name in the cookie, in forms and in the page's `data-theme`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme of that name; anything else is `Auto`.
    pub(crate) fn named(name: &str) -> Theme {
        [Theme::Light, Theme::Dark].into_iter().find(|theme| theme.name() == name).unwrap_or(Theme::Auto)
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// The operator, when logged in.
    pub(crate) operator: Option<String>,
    /// What they may do, when logged in.
    pub(crate) rights: Option<Rights>,
    /// Whether it is a program with a token: no browser sends that by itself, so nothing can be forged.
    pub(crate) by_token: bool,
    /// What every form must send back: the session's, or before login this browser's own. Empty when there is none.
    pub(crate) form_token: String,
    /// Whether the browser sent a session that no longer is one.
    pub(crate) was_logged_in: bool,
    /// How they like it.
    pub(crate) theme: Theme,
    /// The path and query asked for, to come back to.
    pub(crate) here: String,
}

impl Visitor {
    /// The operator's login name; empty for a stranger.
    pub(crate) fn name(&self) -> &str {
        self.operator.as_deref().unwrap_or_default()
    }
}

/// Finds out who asks. When the desk cannot say, nobody is logged in and the request ends here.
pub(crate) async fn on_every_page(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let mut visitor = stranger(&request);
    let token = cookies::find(request.headers(), session_cookie(app.config.https)).map(str::to_owned);
    let sent = token_sent(&request);
    visitor.by_token = sent.is_some();
    let known = tokio::time::timeout(app.config.request_timeout, whose(&app, token.as_deref(), sent)).await;
    let failed = match known {
        Ok(Ok(Some(session))) => {
            visitor.operator = Some(session.operator);
            visitor.rights = Some(session.rights);
            visitor.form_token = session.csrf;
            None
        }
        Ok(Ok(None)) => {
            visitor.was_logged_in = token.is_some();
            None
        }
        Ok(Err(error)) => Some(Trouble::from(error)),
        Err(_) => Some(Trouble::TooSlow),
    };
    let new_form_cookie = match visitor.by_token {
        true => None,
        false => give_form_token(&mut visitor, app.config.https),
    };
    request.extensions_mut().insert(visitor.clone());
    let mut response = match failed {
        None => next.run(request).await,
        Some(trouble) => crate::trouble::draw(&trouble, &visitor, request.uri().path()),
    };
    if let Some(cookie) = new_form_cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Whose request it is. One that brings a token is the token's or nobody's, whatever cookie it brings besides.
async fn whose(
    app: &App,
    cookie: Option<&str>,
    token: Option<String>,
) -> Result<Option<Session>, OfficeError> {
    match (token, cookie) {
        (Some(token), _) => app.doorkeeper.use_token(&token).await,
        (None, Some(cookie)) => app.office.session(cookie).await,
        (None, None) => Ok(None),
    }
}

/// The bearer token (RFC 6750 section 2.1) of a request to the API; pages take none.
fn token_sent(request: &Request) -> Option<String> {
    if !request.uri().path().starts_with("/api/") {
        return None;
    }
    let sent = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = sent.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

fn stranger(request: &Request) -> Visitor {
    let headers = request.headers();
    let here = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    Visitor {
        operator: None,
        rights: None,
        by_token: false,
        form_token: form_cookie(headers),
        was_logged_in: false,
        theme: cookies::find(headers, THEME_COOKIE).map_or(Theme::Auto, Theme::named),
        here,
    }
}

/// This browser's own form token; only what we could have given out counts.
fn form_cookie(headers: &HeaderMap) -> String {
    let looks_ours = |value: &&str| value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    cookies::find(headers, FORM_COOKIE).filter(looks_ours).unwrap_or_default().to_owned()
}

/// Gives a stranger without a form token a new one; with no randomness there is none, and forms are refused.
fn give_form_token(visitor: &mut Visitor, https: bool) -> Option<axum::http::HeaderValue> {
    if !visitor.form_token.is_empty() {
        return None;
    }
    let mut bytes = [0u8; 32];
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::error!(%error, "the system gave no random bytes; nobody can log in");
        return None;
    }
    visitor.form_token = hex::encode(bytes);
    cookies::set(FORM_COOKIE, &visitor.form_token, &Stay::Session, https)
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Trouble;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Trouble> {
        parts.extensions.get::<Visitor>().cloned().ok_or(Trouble::NotLoggedIn)
    }
}

/// An operator: a visitor who is logged in.
pub(crate) struct Operator(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for Operator {
    type Rejection = Trouble;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Trouble> {
        let visitor = parts.extensions.get::<Visitor>();
        visitor.and_then(|visitor| visitor.operator.clone()).map(Operator).ok_or(Trouble::NotLoggedIn)
    }
}

/// Lets only those through who may; laid around every route that is not named as public.
pub(crate) async fn who_may(
    State(right): State<Right>,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Response {
    match visitor.rights {
        Some(rights) if rights.allow(right) => next.run(request).await,
        Some(_) => Trouble::Forbidden(right).into_response(),
        None => Trouble::NotLoggedIn.into_response(),
    }
}

impl Visitor {
    /// Whether a page should offer what takes this right; the desk asks again.
    pub(crate) fn may(&self, right: Right) -> bool {
        self.rights.is_some_and(|rights| rights.allow(right))
    }
}
