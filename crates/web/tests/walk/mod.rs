//! A browser without JavaScript: it keeps cookies, sends forms as its own pages would, and reads.

#![allow(dead_code, missing_docs, unreachable_pub, missing_debug_implementations)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, Method, Request, StatusCode, header};
use tower::ServiceExt;
use web::Config;

use crate::fake::{Night, TOKEN};

pub struct Browser {
    night: Night,
    router: axum::Router,
    cookies: Mutex<BTreeMap<String, String>>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: HeaderName) -> &str {
        self.headers.get(&name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers)).to_str().unwrap()
    }
}

impl Browser {
    pub fn stranger(night: Night) -> Browser {
        Browser::with(night, Config::default())
    }

    pub fn with(night: Night, config: Config) -> Browser {
        let router = web::router(night.clone(), config);
        Browser { night, router, cookies: Mutex::default() }
    }

    pub fn logged_in(night: Night) -> Browser {
        let browser = Browser::stranger(night.with_session());
        browser.cookies.lock().unwrap().insert("nightdesk".to_owned(), TOKEN.to_owned());
        browser
    }

    pub fn night(&self) -> &Night {
        &self.night
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// A form as one of our own pages sends it.
    pub async fn post(&self, path: &str, form: &str) -> Answer {
        self.send(
            self.form(path).header("origin", "http://desk.example.net").body(form.to_owned().into()).unwrap(),
        )
        .await
    }

    /// Presses a button of a page of ours: sends its form with the token that stands in it.
    pub async fn press(&self, path: &str, page: &str, form: &str) -> Answer {
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        let token = rest.split('"').next().unwrap();
        self.post(path, &format!("csrf={token}&{form}")).await
    }

    /// A form request without anything that says where it came from.
    pub fn form(&self, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
    }

    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        request.headers_mut().entry(header::HOST).or_insert("desk.example.net".parse().unwrap());
        let line = self
            .cookies
            .lock()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>();
        if !line.is_empty() {
            request.headers_mut().insert(header::COOKIE, line.join("; ").parse().unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        let text = String::from_utf8_lossy(&to_bytes(body, 1 << 22).await.unwrap()).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    fn keep(&self, cookie: &str) {
        let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        let mut cookies = self.cookies.lock().unwrap();
        if cookie.contains("Max-Age=0") {
            cookies.remove(name);
        } else {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// The value of a hidden field of a page.
pub fn field(page: &str, name: &str) -> String {
    let after =
        page.split(&format!(r#"name="{name}" value=""#)).nth(1).unwrap_or_else(|| panic!("no field {name}"));
    after.split('"').next().unwrap().to_owned()
}
