//! Every address, and whether it is public.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};

use crate::{App, api, assets, guard, headers, metrics, pages, trouble, visitor};

type Route = (&'static str, MethodRouter<App>);

/// What anybody may read.
fn public_reads() -> Vec<Route> {
    vec![
        ("/healthz", get(api::health)),
        ("/metrics", get(metrics::show)),
        ("/login", get(pages::login::show)),
    ]
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
        ("/reporters", get(pages::reporters::show)),
        ("/evidence/{id}", get(pages::evidence::show)),
        ("/evidence/{id}/raw", get(pages::evidence::raw)),
        ("/api/v1/session", get(api::session)),
        ("/api/v1/front", get(api::front)),
        ("/api/v1/cases", get(api::cases)),
        ("/api/v1/reporters", get(api::reporters)),
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
mod tests {
    use axum::body::Body;
    use axum::http::{Method, Request, StatusCode};
    use tower::ServiceExt;

    use super::*;
    use crate::fake::{CSRF, Night, TOKEN};

    fn paths(routes: Vec<Route>) -> Vec<String> {
        routes.into_iter().map(|(path, _)| path.replace("{case}", "ND-17").replace("{id}", "0")).collect()
    }

    async fn status(method: Method, path: &str, origin: Option<&str>, token: Option<&str>) -> StatusCode {
        let night = Night::usual().with_session();
        let mut request = Request::builder().method(method).uri(path).header("host", "desk.example.net");
        request = request.header("cookie", format!("nightdesk={TOKEN}"));
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        if let Some(token) = token {
            request = request.header("x-csrf-token", token);
        }
        let router = crate::router(night.clone(), crate::Config::default());
        let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert!(night.state().acted.is_empty(), "{path} acted");
        answer.status()
    }

    #[tokio::test]
    async fn no_address_takes_a_write_without_our_origin_and_the_token() {
        let ours = Some("http://desk.example.net");
        let writes = [paths(public_writes()), paths(writes())].concat();
        assert!(writes.len() >= 5);
        for path in writes {
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                for (origin, token) in [
                    (ours, None),
                    (ours, Some("wrong")),
                    (ours, Some("")),
                    (None, Some(CSRF)),
                    (Some("null"), Some(CSRF)),
                ] {
                    let status = status(method.clone(), &path, origin, token).await;
                    assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path} {origin:?} {token:?}");
                }
            }
            let let_through = status(Method::POST, &path, ours, Some(CSRF)).await;
            assert_ne!(
                let_through,
                StatusCode::FORBIDDEN,
                "{path} lets nobody through: the refusals above prove nothing"
            );
        }
    }

    #[tokio::test]
    async fn an_address_listed_as_a_read_takes_no_write_at_all() {
        let writes = [paths(public_writes()), paths(writes())].concat();
        for path in [paths(public_reads()), paths(reads())].concat() {
            if writes.contains(&path) {
                continue;
            }
            let status = status(Method::POST, &path, Some("http://desk.example.net"), Some(CSRF)).await;
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
    }
}
