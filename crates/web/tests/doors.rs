//! The doors: what every answer carries, what is refused, and that nothing foreign comes alive.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod fake;
mod walk;

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, Method, Request, StatusCode, header};
use fake::{CSRF, Night, TRIES};
use walk::{Browser, field};
use web::Config;

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Everything that can be read, with an evidence id filled in.
async fn readable(browser: &Browser) -> Vec<String> {
    let case = browser.get("/case/ND-17").await.text;
    let raw = case
        .split("href=\"")
        .filter_map(|part| part.split('"').next())
        .find(|href| href.ends_with("/raw"))
        .unwrap();
    let css = case
        .split("href=\"")
        .filter_map(|part| part.split('"').next())
        .find(|href| href.ends_with(".css"))
        .unwrap();
    let fixed = [
        "/",
        "/?page=2",
        "/case/ND-17",
        "/case/ND-41",
        "/why",
        "/why/ND-17",
        "/why/203.0.113.7",
        "/intake",
        "/intake?outcome=orphan",
        "/login",
        "/healthz",
        "/api/v1/session",
        "/api/v1/front",
        "/api/v1/cases",
        "/api/v1/cases/ND-17",
        "/api/v1/cases/ND-17/why",
        "/me",
        "/operators",
        "/tokens",
        "/audit",
        "/api/v1/audit",
        "/nowhere",
        "/case/ND-0",
        "/assets/nothing.css",
    ];
    let mut all: Vec<String> = fixed.map(str::to_owned).to_vec();
    all.extend([raw.to_owned(), raw.trim_end_matches("/raw").to_owned(), css.to_owned()]);
    all
}

#[tokio::test]
async fn every_answer_carries_the_policy() {
    let browser = Browser::logged_in(Night::usual());
    for path in readable(&browser).await {
        let answer = browser.get(&path).await;
        assert_eq!(answer.header(header::CONTENT_SECURITY_POLICY), CSP, "{path}");
        assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(answer.header(header::REFERRER_POLICY), "same-origin", "{path}");
        assert!(!answer.headers.contains_key(header::STRICT_TRANSPORT_SECURITY), "{path}");
        let kept = answer.header(header::CACHE_CONTROL);
        assert_eq!(
            kept.contains("immutable"),
            path.ends_with(".css") && answer.status == StatusCode::OK,
            "{path}: {kept}"
        );
    }
}

#[tokio::test]
async fn no_page_holds_a_script_or_a_style_of_its_own() {
    let browser = Browser::logged_in(Night::usual());
    for path in readable(&browser).await {
        let answer = browser.get(&path).await;
        if !answer
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
        {
            continue;
        }
        let text = answer.text.to_ascii_lowercase();
        assert_eq!(text.matches("<script").count(), text.matches("<script src=\"/assets/").count(), "{path}");
        for bad in ["<style", " style=", " onclick", " onload", "javascript:", "http://", "https://"] {
            assert!(!text.contains(bad), "{path} holds {bad}");
        }
    }
}

#[tokio::test]
async fn what_others_wrote_is_text_wherever_it_is_shown() {
    let payloads = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "'><svg/onload=alert(1)>",
        "</textarea></pre><iframe src=javascript:alert(1)>",
        "<a href=\"javascript:alert(1)\" hx-get=\"/logout\" hx-trigger=\"load\">x</a>",
        "{{ 7*7 }}<b data-hx-post=/logout>",
    ];
    for payload in payloads {
        let browser = Browser::logged_in(Night::hostile(payload));
        for path in readable(&browser).await {
            let answer = browser.get(&path).await;
            let is_page = answer
                .headers
                .get(header::CONTENT_TYPE)
                .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
            let lower = answer.text.to_ascii_lowercase();
            if !is_page {
                continue;
            }
            for alive in [
                "<script>",
                "<img",
                "<svg/",
                "<iframe",
                "<a href=\"javascript",
                "hx-get=\"/logout",
                "<b data-hx",
            ] {
                assert!(!lower.contains(alive), "{path} shows {payload} as {alive}");
            }
        }
        let shown = browser.get("/case/ND-17").await.text;
        assert!(shown.contains("&#60;") || shown.contains("&lt;"), "{payload} is not shown at all");
    }
}

#[tokio::test]
async fn what_was_typed_comes_back_as_text() {
    let browser = Browser::logged_in(Night::usual());
    let sent = format!(
        "csrf={CSRF}&version=11&action=note&reason=%3C%2Ftextarea%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E&ports=%22%3E%3Cimg+src=x%3E"
    );
    let page = browser.post("/case/ND-17/act", &sent).await.text;
    assert!(page.contains("alert(1)") && !page.contains("<script>alert") && !page.contains("<img"));
    let login = Browser::stranger(Night::usual());
    let csrf = field(&login.get("/login").await.text, "csrf");
    let page = login
        .post("/login", &format!("csrf={csrf}&name=%22%3E%3Cscript%3E&password=x&next=%22%3E%3Cb%3E"))
        .await
        .text;
    assert!(!page.contains("<script>") && !page.contains("<b>"));
}

#[tokio::test]
async fn characters_that_turn_the_reading_direction_are_written_out() {
    let browser = Browser::logged_in(Night::hostile("safe\u{202E}lived\u{2066}"));
    for path in ["/", "/case/ND-17", "/why/ND-17", "/intake"] {
        let page = browser.get(path).await.text;
        assert!(page.contains("safe[U+202E]lived[U+2066]") && !page.contains('\u{202E}'), "{path}");
    }
}

#[tokio::test]
async fn raw_bytes_are_a_download_whatever_they_pretend_to_be() {
    let browser = Browser::logged_in(Night::hostile("<html><script>alert(1)</script>"));
    let raw = readable(&browser).await.into_iter().find(|path| path.ends_with("/raw")).unwrap();
    let answer = browser.get(&raw).await;
    assert_eq!(answer.text, "<html><script>alert(1)</script>");
    assert_eq!(answer.header(header::CONTENT_TYPE), "text/plain; charset=utf-8");
    assert!(answer.header(header::CONTENT_DISPOSITION).starts_with("attachment; filename=\"evidence-"));
    assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
}

#[tokio::test]
async fn strangers_read_nothing_of_the_night() {
    let paths = readable(&Browser::logged_in(Night::usual())).await;
    let stranger = Browser::stranger(Night::usual());
    for path in paths {
        let answer = stranger.get(&path).await;
        assert!(!answer.text.contains("203.0.113.7") && !answer.text.contains("line-20417"), "{path}");
        if path.starts_with("/api/") {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        }
    }
    let by_htmx = Request::get("/").header("hx-request", "true").body(Body::empty()).unwrap();
    assert_eq!(
        stranger.send(by_htmx).await.header(HeaderName::from_static("hx-redirect")),
        "/login?next=%2F"
    );
}

#[tokio::test]
async fn a_form_from_elsewhere_or_from_nowhere_changes_nothing() {
    let form = format!("csrf={CSRF}&version=12&action=note&reason=x");
    let refused: [&[(&str, &str)]; 7] = [
        &[],
        &[("origin", "https://example.org")],
        &[("origin", "null")],
        &[("origin", "http://desk.example.net.example.org")],
        &[("origin", "http://desk.example.net"), ("sec-fetch-site", "cross-site")],
        &[("origin", "http://desk.example.net"), ("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
    ];
    let browser = Browser::logged_in(Night::usual());
    let send = async |headers: &[(&str, &str)]| {
        let request = headers
            .iter()
            .fold(browser.form("/case/ND-17/act"), |request, (name, value)| request.header(*name, *value));
        browser.send(request.body(Body::from(form.clone())).unwrap()).await
    };
    for headers in refused {
        let answer = send(headers).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
        assert!(browser.night().state().acted.is_empty(), "{headers:?}");
    }
    let ours: [&[(&str, &str)]; 2] = [
        &[("origin", "http://desk.example.net"), ("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "same-origin")],
    ];
    assert_eq!(send(ours[0]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(send(ours[1]).await.status, StatusCode::CONFLICT, "the first one moved the case on");
}

#[tokio::test]
async fn over_https_cookies_are_bound_to_us_and_plain_origins_are_foreign() {
    let browser = Browser::with(Night::usual(), Config { https: true, ..Config::default() });
    let page = browser.get("/login").await;
    assert!(
        page.header(header::SET_COOKIE).contains("; Secure")
            && page.header(header::SET_COOKIE).contains("HttpOnly; SameSite=Lax")
    );
    assert_eq!(page.header(header::STRICT_TRANSPORT_SECURITY), "max-age=31536000");
    let form = format!("csrf={}&theme=dark", field(&page.text, "csrf"));
    assert_eq!(browser.post("/theme", &form).await.status, StatusCode::FORBIDDEN);
    let request =
        browser.form("/theme").header("origin", "https://desk.example.net").body(Body::from(form)).unwrap();
    assert_eq!(browser.send(request).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn after_too_many_tries_the_next_is_not_looked_at_and_when_is_said() {
    let browser = Browser::stranger(Night::usual());
    let csrf = field(&browser.get("/login").await.text, "csrf");
    for _ in 0..TRIES {
        let answer = browser.post("/login", &format!("csrf={csrf}&name=robin&password=guess")).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let answer =
        browser.post("/login", &format!("csrf={csrf}&name=robin&password=correct+horse+battery")).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header(header::RETRY_AFTER), "840");
    assert!(answer.text.contains("Wait 14 min"));
}

#[tokio::test]
async fn the_login_form_is_tied_to_the_browser_that_read_it() {
    let browser = Browser::stranger(Night::usual());
    let answer = browser.post("/login", "csrf=&name=robin&password=correct+horse+battery").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    browser.get("/login").await;
    let other = field(&Browser::stranger(Night::usual()).get("/login").await.text, "csrf");
    let answer =
        browser.post("/login", &format!("csrf={other}&name=robin&password=correct+horse+battery")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn too_much_and_the_wrong_way_are_refused_in_plain_words() {
    let browser = Browser::logged_in(Night::usual());
    let much = format!("csrf={CSRF}&version=12&action=note&reason={}", "x".repeat(70_000));
    assert_eq!(browser.post("/case/ND-17/act", &much).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let delete = Request::builder()
        .method(Method::DELETE)
        .uri("/case/ND-17")
        .header("origin", "http://desk.example.net");
    let answer = browser.send(delete.header("x-csrf-token", CSRF).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(answer.text.contains("Not that way"));
    let answer = browser.post("/case/ND-17/act", &format!("csrf={CSRF}")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn reading_never_changes_anything() {
    let browser = Browser::logged_in(Night::usual());
    for path in ["/case/ND-17/act?action=release&reason=x&version=12", "/logout", "/theme?theme=dark"] {
        assert!(browser.get(path).await.status.is_client_error(), "{path}");
    }
    for path in readable(&browser).await {
        browser.get(&path).await;
    }
    assert!(browser.night().state().acted.is_empty());
}

#[tokio::test]
async fn a_program_acts_with_a_token_and_is_told_the_new_version() {
    let browser = Browser::logged_in(Night::usual());
    let session: serde_json::Value =
        serde_json::from_str(&browser.get("/api/v1/session").await.text).unwrap();
    let send = async |token: &str, version: u64| {
        let body = serde_json::json!({ "action": "release", "reason": "owner called", "version": version });
        let request = Request::post("/api/v1/cases/ND-17/actions")
            .header(header::CONTENT_TYPE, "application/json")
            .header("origin", "http://desk.example.net")
            .header("x-csrf-token", token);
        browser.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let refused = send("wrong", 12).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.header(header::CONTENT_TYPE), "application/problem+json");
    assert!(refused.text.contains(r#""status":403"#), "{}", refused.text);
    let done = send(session["csrf"].as_str().unwrap(), 12).await;
    assert_eq!(done.text, r#"{"case":"ND-17","done":"release","version":13}"#);
    assert_eq!(send(session["csrf"].as_str().unwrap(), 12).await.status, StatusCode::CONFLICT);
    let cases: serde_json::Value =
        serde_json::from_str(&browser.get("/api/v1/cases?q=ND-17").await.text).unwrap();
    assert_eq!(cases["rows"][0]["blocks"], 2);
    assert_eq!(cases["total"], 1);
}

#[tokio::test]
async fn health_is_what_the_store_says() {
    let browser = Browser::stranger(Night::usual());
    assert_eq!(browser.get("/healthz").await.text, r#"{"health":"ok"}"#);
    browser.night().state().broken = true;
    assert_eq!(browser.get("/healthz").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_desk_that_never_answers_is_given_up() {
    let night = Night::usual();
    night.state().stuck = true;
    let browser =
        Browser::with(night, Config { request_timeout: Duration::from_millis(50), ..Config::default() });
    let answer = browser.get("/healthz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text.contains("took too long"));
}
