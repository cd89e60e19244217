//! Every address, and whether it is public.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};

use desk::Right;

use crate::{App, api, assets, customer, guard, headers, metrics, page_link, pages, trouble, visitor};

type Route = (&'static str, MethodRouter<App>);

/// What anybody may read.
fn public_reads() -> Vec<Route> {
    vec![
        ("/healthz", get(api::health)),
        ("/metrics", get(metrics::show)),
        ("/login", get(pages::login::show)),
        ("/login/code", get(pages::login::ask_code)),
        ("/firewall/{file}", get(pages::firewall::file)),
        ("/c/{token}", get(customer::show)),
        ("/ack/{page}/{ring}/{mark}", get(page_link::show)),
    ]
}

/// What anybody may send.
fn public_writes() -> Vec<Route> {
    vec![
        ("/login", post(pages::login::enter)),
        ("/login/code", post(pages::login::code)),
        ("/theme", post(pages::login::theme)),
        ("/c/{token}", post(customer::press)),
        ("/ack/{page}/{ring}/{mark}", post(page_link::press)),
    ]
}

/// What operators read.
fn reads() -> Vec<Route> {
    vec![
        ("/", get(pages::queue::show)),
        ("/case/{case}", get(pages::case::show)),
        ("/case/{case}/refile", get(pages::refile::show)),
        ("/bulk", get(pages::bulk::show)),
        ("/bulk/{order}", get(pages::bulk::one)),
        ("/why", get(pages::why::find)),
        ("/why/{what}", get(pages::why::show)),
        ("/exposure", get(pages::exposure::show)),
        ("/timeline", get(pages::timeline::find)),
        ("/timeline/{address}", get(pages::timeline::show)),
        ("/intake", get(pages::intake::show)),
        ("/oncall", get(pages::duty::show)),
        ("/oncall/{page}", get(pages::duty::one)),
        ("/noc", get(pages::noc::show)),
        ("/handover", get(pages::handover::show)),
        ("/api/v1/handover", get(pages::handover::api)),
        ("/reporters", get(pages::reporters::show)),
        ("/numbers", get(pages::numbers::show)),
        ("/traps", get(pages::traps::show)),
        ("/firewall", get(pages::firewall::show)),
        ("/mail-port", get(pages::mail_port::show)),
        ("/playbook", get(pages::playbook::show)),
        ("/playbook/trial", get(pages::playbook_trial::show)),
        ("/runbooks", get(pages::runbooks::list)),
        ("/runbooks/{name}", get(pages::runbooks::show)),
        ("/evidence/{id}", get(pages::evidence::show)),
        ("/evidence/{id}/raw", get(pages::evidence::raw)),
        ("/api/v1/session", get(api::session)),
        ("/api/v1/openapi.json", get(api::openapi::show)),
        ("/api/v1/inbox", get(api::inbox::show)),
        ("/api/v1/front", get(api::front)),
        ("/api/v1/cases", get(api::cases)),
        ("/api/v1/bulk", get(api::bulk::list)),
        ("/api/v1/bulk/preview", get(api::bulk::preview)),
        ("/api/v1/bulk/{order}", get(api::bulk::one)),
        ("/api/v1/reporters", get(api::reporters)),
        ("/api/v1/oncall", get(pages::duty::api)),
        ("/api/v1/numbers", get(pages::numbers::json)),
        ("/api/v1/numbers/{table}", get(pages::numbers::file)),
        ("/api/v1/cases/{case}", get(api::case)),
        ("/api/v1/cases/{case}/why", get(api::why)),
    ]
}

/// What operators send.
fn writes() -> Vec<Route> {
    vec![
        ("/case/{case}/act", post(pages::case::act)),
        ("/case/{case}/merge", post(pages::refile::merge)),
        ("/case/{case}/split", post(pages::refile::split)),
        ("/bulk", post(pages::bulk::order)),
        ("/bulk/{order}", post(pages::bulk::undo)),
        ("/api/v1/inbox", post(api::inbox::settle)),
        ("/api/v1/bulk", post(api::bulk::order)),
        ("/api/v1/bulk/{order}/undo", post(api::bulk::undo)),
        ("/intake", post(pages::intake::settle)),
        ("/handover", post(pages::handover::hand_over)),
        ("/api/v1/handover", post(pages::handover::api_hand_over)),
        ("/mail-port", post(pages::mail_port::decide)),
        ("/oncall", post(pages::duty::test)),
        ("/oncall/{page}", post(pages::duty::answer)),
        ("/playbook/try", post(pages::playbook::begin)),
        ("/api/v1/cases/{case}/actions", post(api::act)),
    ]
}

/// What everybody reads who is let in about themselves, and what they send: theirs whatever their role.
fn own_reads() -> Vec<Route> {
    vec![("/me", get(pages::me::show))]
}

fn own_writes() -> Vec<Route> {
    vec![
        ("/logout", post(pages::login::leave)),
        ("/me/password", post(pages::me::password)),
        ("/me/second-factor", post(pages::me::second_factor)),
    ]
}

/// What admins read.
fn admin_reads() -> Vec<Route> {
    vec![
        ("/operators", get(pages::operators::show)),
        ("/tokens", get(pages::tokens::show)),
        ("/audit", get(pages::audit::show)),
        ("/audit.csv", get(pages::audit::csv)),
        ("/api/v1/audit", get(api::audit)),
    ]
}

/// What admins send.
fn admin_writes() -> Vec<Route> {
    vec![
        ("/operators", post(pages::operators::change)),
        ("/tokens", post(pages::tokens::change)),
        ("/audit/walk", post(pages::audit::walk)),
        ("/playbook/live", post(pages::playbook_trial::make_live)),
    ]
}

/// Every list of routes, whether it changes anything, and what it takes; none where anybody may.
fn lists() -> Vec<(Vec<Route>, bool, Option<Right>)> {
    vec![
        (public_reads(), false, None),
        (public_writes(), true, None),
        (own_reads(), false, Some(Right::See)),
        (own_writes(), true, Some(Right::See)),
        (reads(), false, Some(Right::See)),
        (writes(), true, Some(Right::Work)),
        (admin_reads(), false, Some(Right::Administer)),
        (admin_writes(), true, Some(Right::Administer)),
    ]
}

/// One address of the pages and the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// Its path, with `{name}` where something is to be filled in.
    pub path: &'static str,
    /// Whether it changes anything: it takes POST, otherwise GET.
    pub writes: bool,
    /// What it takes; none where anybody may.
    pub needs: Option<Right>,
}

/// Every address there is, for whoever wants to try them all.
#[must_use]
pub fn addresses() -> Vec<Address> {
    let of = |(routes, writes, needs): (Vec<Route>, bool, Option<Right>)| {
        routes.into_iter().map(move |(path, _)| Address { path, writes, needs })
    };
    lists().into_iter().flat_map(of).collect()
}

/// All of it, behind the doors.
pub(crate) fn all(app: App) -> Router {
    let routed = |routes: Vec<Route>, needs: Option<Right>| {
        let router =
            routes.into_iter().fold(Router::new(), |router, (path, method)| router.route(path, method));
        match needs {
            Some(right) => router.route_layer(from_fn_with_state(right, visitor::who_may)),
            None => router,
        }
    };
    let all = lists().into_iter();
    let all = all.fold(Router::new(), |all, (routes, _, needs)| all.merge(routed(routes, needs)));
    // The last layer named is the first door a request meets.
    let pages = all
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
    use desk::{Rights, Role};

    use crate::fake::{API_TOKEN, CSRF, Night, TOKEN};

    fn filled(path: &str) -> String {
        path.replace("{case}", "ND-17")
            .replace("{id}", "0")
            .replace("{order}", "1")
            .replace("{file}", "x.nft")
            .replace("{name}", "beacon")
            .replace("{table}", "clocks.csv")
            .replace("{token}", &"0".repeat(64))
            .replace("{page}", "P-3")
            .replace("{ring}", "1")
            .replace("{mark}", &"0".repeat(20))
    }

    fn paths(writes: bool) -> Vec<String> {
        addresses().iter().filter(|one| one.writes == writes).map(|one| filled(one.path)).collect()
    }

    async fn ask(night: &Night, method: Method, path: &str, headers: &[(&str, &str)]) -> StatusCode {
        let mut request = Request::builder().method(method).uri(path).header("host", "desk.example.net");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let router = crate::router(night.clone(), crate::Config::default());
        router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
    }

    async fn status(method: Method, path: &str, origin: Option<&str>, token: Option<&str>) -> StatusCode {
        let night = Night::usual().with_session();
        let cookie = format!("nightdesk={TOKEN}");
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        headers.extend(token.map(|token| ("x-csrf-token", token)));
        let status = ask(&night, method, path, &headers).await;
        assert!(night.state().acted.is_empty(), "{path} acted");
        status
    }

    #[tokio::test]
    async fn no_address_takes_a_write_without_our_origin_and_the_token() {
        let ours = Some("http://desk.example.net");
        let writes = paths(true);
        assert!(writes.len() >= 10);
        for path in writes {
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                for (origin, token) in [
                    (ours, None),
                    (ours, Some("wrong")),
                    (ours, Some("")),
                    (None, Some(CSRF)),
                    (Some("null"), Some(CSRF)),
                    (Some("https://desk.example.org"), Some(CSRF)),
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
        let writes = paths(true);
        for path in paths(false) {
            if writes.contains(&path) {
                continue;
            }
            let status = status(Method::POST, &path, Some("http://desk.example.net"), Some(CSRF)).await;
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
    }

    /// Every address, as everybody: each role with and without the right to cut off, by session and by token.
    #[tokio::test]
    async fn every_address_lets_in_exactly_who_may() {
        let mut tried = 0;
        for Address { path, writes, needs } in addresses() {
            let method = if writes { Method::POST } else { Method::GET };
            for rights in
                Role::ALL.into_iter().flat_map(|role| [false, true].map(|cuts_off| Rights { role, cuts_off }))
            {
                let night = Night::usual().with_session().with_rights(rights);
                let session = format!("nightdesk={TOKEN}");
                let bearer = format!("Bearer {API_TOKEN}");
                let by_session = [
                    ("cookie", session.as_str()),
                    ("origin", "http://desk.example.net"),
                    ("x-csrf-token", CSRF),
                ];
                let by_token = [("authorization", bearer.as_str())];
                let ways: &[&[(&str, &str)]] =
                    if path.starts_with("/api/") { &[&by_session, &by_token] } else { &[&by_session] };
                for headers in ways {
                    let status = ask(&night, method.clone(), &filled(path), headers).await;
                    let may = needs.is_none_or(|right| rights.allow(right));
                    assert_eq!(
                        status != StatusCode::FORBIDDEN,
                        may,
                        "{path} {rights:?} {headers:?}: {status}"
                    );
                    assert_ne!(status, StatusCode::UNAUTHORIZED, "{path} {rights:?} {headers:?}");
                    tried += 1;
                }
            }
            if needs.is_some() {
                let night = Night::usual();
                let bearer = [("authorization", "Bearer nightdesk_wrong"), ("x-csrf-token", CSRF)];
                for headers in [&[][..], &bearer[..]] {
                    let status = ask(&night, method.clone(), &filled(path), headers).await;
                    let refused = matches!(
                        status,
                        StatusCode::UNAUTHORIZED | StatusCode::SEE_OTHER | StatusCode::FORBIDDEN
                    );
                    assert!(refused, "a stranger at {path}: {status}");
                }
            }
        }
        assert!(tried > 250, "{tried}");
    }
}
