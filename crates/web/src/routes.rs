//! Every address, and whether it is public.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};

use crate::{App, api, assets, guard, headers, pages, trouble, visitor};

type Route = (&'static str, MethodRouter<App>);

/// What anybody may read.
fn public_reads() -> Vec<Route> {
    vec![("/healthz", get(api::health)), ("/login", get(pages::login::show))]
}

/// What anybody may send.
fn public_writes() -> Vec<Route> {
    vec![("/login", post(pages::login::enter)), ("/theme", post(pages::login::theme))]
}

/// What operators read.
fn reads() -> Vec<Route> {
    vec![
        ("/", get(pages::queue::show)),
        ("/case/{case}", get(pages::case::show)),
        ("/why", get(pages::why::find)),
        ("/why/{what}", get(pages::why::show)),
        ("/intake", get(pages::intake::show)),
        ("/evidence/{id}", get(pages::evidence::show)),
        ("/evidence/{id}/raw", get(pages::evidence::raw)),
        ("/api/v1/session", get(api::session)),
        ("/api/v1/front", get(api::front)),
        ("/api/v1/cases", get(api::cases)),
        ("/api/v1/cases/{case}", get(api::case)),
        ("/api/v1/cases/{case}/why", get(api::why)),
    ]
}

/// What operators send.
fn writes() -> Vec<Route> {
    vec![
        ("/logout", post(pages::login::leave)),
        ("/case/{case}/act", post(pages::case::act)),
        ("/api/v1/cases/{case}/actions", post(api::act)),
    ]
}

/// All of it, behind the doors.
pub(crate) fn all(app: App) -> Router {
    let routed = |routes: Vec<Route>| {
        routes.into_iter().fold(Router::new(), |router, (path, method)| router.route(path, method))
    };
    let operators = routed(reads()).merge(routed(writes())).route_layer(from_fn(visitor::operators_only));
    // The last layer named is the first door a request meets.
    let pages = routed(public_reads())
        .merge(routed(public_writes()))
        .merge(operators)
        .fallback(|| async { trouble::Trouble::NotFound("page") })
        .layer(from_fn_with_state(app.clone(), guard::on_every_request))
        .layer(from_fn(trouble::on_every_failure))
        .layer(from_fn_with_state(app.clone(), visitor::on_every_page))
        .layer(DefaultBodyLimit::max(guard::BODY_LIMIT));
    Router::new()
        .route("/assets/{served}", get(assets::get))
        .merge(pages)
        .layer(from_fn_with_state(app.clone(), headers::on_every_answer))
        .with_state(app)
}

#[cfg(test)]
pub(crate) fn paths_that_change_something() -> Vec<&'static str> {
    public_writes().into_iter().chain(writes()).map(|(path, _)| path).collect()
}
