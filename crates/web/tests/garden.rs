//! The walled garden, as browsers and telephones without JavaScript get it.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use case::CaseId;
use desk::{GardenAnswer, GardenGuest, GardenOutcome, GardenSeen, GardenWhat};
use tower::ServiceExt;
use web::{Garden, GardenConfig, Soon};

const LINE: &str = "198.51.100.7";

/// One contained line, at [`LINE`].
#[derive(Clone)]
struct Plot(Arc<Mutex<State>>);

struct State {
    guest: GardenGuest,
    answer: GardenAnswer,
    tests: usize,
    wishes: Vec<String>,
}

fn contained() -> Plot {
    let at = "2026-11-23T03:12:00Z".parse().unwrap();
    let guest = GardenGuest {
        subscriber: Some("line-7".parse().unwrap()),
        contained: Some(CaseId(17)),
        until: Some(at),
        seen: vec![GardenSeen { at, what: GardenWhat::OpenProxy, port: Some(48_613) }],
        last: None,
        releases_left: 2,
        mail_open: false,
        mail_asked: false,
        firewall: None,
    };
    Plot(Arc::new(Mutex::new(State { guest, answer: GardenAnswer::Begun, tests: 0, wishes: Vec::new() })))
}

fn nobody() -> GardenGuest {
    GardenGuest {
        subscriber: None,
        contained: None,
        until: None,
        seen: Vec::new(),
        last: None,
        releases_left: 2,
        mail_open: false,
        mail_asked: false,
        firewall: None,
    }
}

impl Plot {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap());
    }

    async fn ask(
        &self,
        request: axum::http::request::Builder,
        body: &str,
        from: &str,
    ) -> (StatusCode, HeaderMap, String) {
        let config = GardenConfig {
            url: Some("http://garden.example.net/".to_owned()),
            proxies: vec!["192.0.2.80/32".parse().unwrap()],
            contact: "+49 30 000000".to_owned(),
        };
        let mut request =
            request.header("host", "garden.example.net").body(Body::from(body.to_owned())).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(from.parse().unwrap(), 40_000)));
        let response = web::garden(self.clone(), config).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        (parts.status, parts.headers, text)
    }

    async fn get(&self, path: &str, language: &str) -> (StatusCode, HeaderMap, String) {
        self.ask(Request::get(path).header(header::ACCEPT_LANGUAGE, language), "", LINE).await
    }

    async fn press(&self, path: &str, form: &str, origin: &str) -> (StatusCode, HeaderMap, String) {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, origin);
        self.ask(request, form, LINE).await
    }
}

impl Garden for Plot {
    fn guest(&self, address: IpAddr) -> Soon<'_, GardenGuest> {
        let known = address.to_string() == LINE;
        let guest = if known { self.0.lock().unwrap().guest.clone() } else { nobody() };
        Box::pin(async move { Ok(guest) })
    }

    fn test(&self, _: IpAddr) -> Soon<'_, GardenAnswer> {
        let mut state = self.0.lock().unwrap();
        state.tests += 1;
        let answer = state.answer;
        Box::pin(async move { Ok(answer) })
    }

    fn promise(&self, _: IpAddr) -> Soon<'_, bool> {
        let mut state = self.0.lock().unwrap();
        let is_out = state.guest.firewall.take().is_some();
        Box::pin(async move { Ok(is_out) })
    }

    fn ask_for_mail<'a>(&'a self, _: IpAddr, reason: &'a str) -> Soon<'a, bool> {
        self.0.lock().unwrap().wishes.push(reason.to_owned());
        Box::pin(async move { Ok(true) })
    }
}

#[tokio::test]
async fn a_contained_customer_reads_what_was_seen_in_their_own_language() {
    for (language, words) in [
        ("en", "Our own test connection came out again through your line (port 48613)"),
        ("de-AT,en;q=0.5", "Unsere eigene Testverbindung"),
        ("fr", "Notre propre connexion"),
        ("es", "Nuestra propia conexi"),
        ("tr", "Kendi deneme"),
        ("nl", "Onze eigen testverbinding"),
        ("pl", "Our own test connection"),
    ] {
        let (status, headers, page) = contained().get("/", language).await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains(words) && page.contains("ND-17") && page.contains("+49 30 000000"), "{page}");
        assert!(!page.contains("<script"));
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    }
    let (_, _, page) = contained().get("/?lang=tr", "de").await;
    assert!(page.contains(r#"lang="tr""#) && page.contains("Kendi deneme"));
}

#[tokio::test]
async fn the_button_begins_a_test_and_the_page_says_what_came_of_it() {
    let plot = contained();
    let (status, headers, _) = plot.press("/test", "lang=de", "http://garden.example.net").await;
    assert_eq!(
        (status, headers[header::LOCATION].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/?lang=de&said=#test")
    );
    let at = "2026-11-23T03:20:00Z".parse().unwrap();
    plot.change(|state| state.guest.last = Some((at, GardenOutcome::Running)));
    let (_, _, running) = plot.get("/", "en").await;
    assert!(running.contains("http-equiv=\"refresh\"") && !running.contains("Test my line now"));
    plot.change(|state| state.guest.last = Some((at, GardenOutcome::StillOpen)));
    let (_, _, open) = plot.get("/", "en").await;
    assert!(open.contains("still came out through your line") && open.contains("Test my line now"));
    plot.change(|state| {
        state.guest.last = Some((at, GardenOutcome::Released));
        state.guest.contained = None;
    });
    let (_, _, free) = plot.get("/", "en").await;
    assert!(free.contains("Your line is clean. The block has ended.") && !free.contains("Test my line now"));
}

#[tokio::test]
async fn after_two_releases_a_person_looks() {
    let plot = contained();
    plot.change(|state| {
        state.guest.releases_left = 0;
        state.answer = GardenAnswer::Person;
    });
    let (_, _, page) = plot.get("/", "en").await;
    assert!(page.contains("a person has to look at it") && !page.contains("Test my line now"));
}

#[tokio::test]
async fn another_site_presses_no_button() {
    let plot = contained();
    for origin in ["http://evil.example", "null", "https://garden.example.net.evil.example"] {
        let (status, _, _) = plot.press("/test", "lang=en", origin).await;
        let refused = status == StatusCode::FORBIDDEN;
        assert!(refused || origin == "null", "{origin}");
    }
    plot.change(|state| assert!(state.tests <= 1, "only a browser that says nothing is let through"));
}

#[tokio::test]
async fn systems_that_look_for_a_portal_find_it_only_while_there_is_one() {
    let plot = contained();
    for path in ["/generate_204", "/hotspot-detect.html", "/connecttest.txt", "/some/page?x=1"] {
        let (status, headers, _) = plot.get(path, "en").await;
        assert_eq!(
            (status, headers[header::LOCATION].to_str().unwrap()),
            (StatusCode::FOUND, "http://garden.example.net/")
        );
    }
    let (_, headers, said) = plot.get("/captive-portal/api", "en").await;
    assert_eq!(headers[header::CONTENT_TYPE], "application/captive+json");
    assert!(said.contains(r#""captive":true"#) && said.contains("user-portal-url"));
    plot.change(|state| state.guest.contained = None);
    assert_eq!(plot.get("/generate_204", "en").await.0, StatusCode::NO_CONTENT);
    assert!(plot.get("/hotspot-detect.html", "en").await.2.contains("Success"));
    assert!(plot.get("/captive-portal/api", "en").await.2.contains(r#""captive":false"#));
}

#[tokio::test]
async fn a_line_is_known_by_its_address_and_by_no_word_of_its_own() {
    let plot = contained();
    let forwarded = || Request::get("/").header("x-forwarded-for", LINE);
    let (_, _, stranger) = plot.ask(forwarded(), "", "203.0.113.9").await;
    assert!(!stranger.contains("ND-17"), "anybody can write that header");
    let (_, _, known) = plot.ask(forwarded(), "", "192.0.2.80").await;
    assert!(known.contains("ND-17"), "our own proxy says for whom it asks");
}

#[tokio::test]
async fn a_customer_asks_to_send_mail() {
    let plot = contained();
    plot.press("/mail", "lang=en&reason=+", "http://garden.example.net").await;
    plot.press("/mail", "lang=en&reason=my+own+server", "http://garden.example.net").await;
    plot.change(|state| assert_eq!(state.wishes, ["my own server"]));
    plot.change(|state| state.guest.mail_asked = true);
    assert!(plot.get("/", "en").await.2.contains("You have asked us to open port 25"));
}

/// A page under somebody else's name would be theirs again once the line is let out, in the middle of the test.
#[tokio::test]
async fn whoever_asks_for_another_site_is_sent_to_the_garden_by_its_own_name() {
    let garden = contained();
    let asked = |host: &str, path: &str| {
        let mut request = Request::get(path).header("host", host).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(LINE.parse().unwrap(), 40_000)));
        let url = Some("http://garden.example.net/".to_owned());
        let config = GardenConfig { url, ..GardenConfig::default() };
        web::garden(garden.clone(), config).oneshot(request)
    };
    let sent = asked("www.example.org", "/").await.unwrap();
    assert_eq!(sent.status(), StatusCode::FOUND);
    assert_eq!(sent.headers()[header::LOCATION], "http://garden.example.net/?here=1");
    assert_eq!(sent.headers()[header::CONNECTION], "close", "the connection outlives the garden");
    for (host, path) in [("garden.example.net", "/"), ("behind.example.net", "/?here=1")] {
        assert_eq!(
            asked(host, path).await.unwrap().status(),
            StatusCode::OK,
            "{host}{path} goes in a circle"
        );
    }
}

#[tokio::test]
async fn a_line_that_is_here_for_its_firewall_is_told_so_and_let_out_by_its_word() {
    let plot = contained();
    let since = "2026-11-20T03:12:00Z".parse().unwrap();
    plot.change(|state| {
        state.guest.contained = None;
        state.guest.firewall = Some(desk::FirewallInGarden { since, promises_left: 1 });
    });
    let (_, _, page) = plot.get("/", "de").await;
    assert!(page.contains("Die Firewall Ihres Anschlusses ist aus") && page.contains("2026-11-20"), "{page}");
    let (_, _, captive) = plot.get("/captive-portal/api", "en").await;
    assert!(captive.contains("\"captive\":true"), "{captive}");
    let (status, _, _) = plot.press("/firewall", "lang=de", "http://elsewhere.example.org").await;
    assert_eq!(status, StatusCode::FORBIDDEN, "another site speaks for the customer");
    plot.press("/firewall", "lang=de", "http://garden.example.net").await;
    assert!(!plot.get("/", "en").await.2.contains("The firewall of your line is off"));
    plot.change(|state| state.guest.firewall = Some(desk::FirewallInGarden { since, promises_left: 0 }));
    let (_, _, page) = plot.get("/", "en").await;
    assert!(page.contains("a person has to look at it") && !page.contains("action=\"/firewall\""));
}
