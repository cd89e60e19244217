//! The HTTP intake, code by code.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use sensors::http::{Config, Token, router};
use sensors::{Acceptance, Delivery, How, Refusal};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::stand::{SOON, disk, soon};

/// SHA-256 of "abc", FIPS 180-2 appendix B.1.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn config() -> Config {
    let mut config = Config::new(vec![Token::new("feed", ABC).unwrap()]);
    config.body_bytes = 1000;
    config
}

fn report(token: &str, kind: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/api/v1/reports").header("content-type", kind);
    request.header("authorization", token).body(body.into()).unwrap()
}

async fn send(config: Config, says: Acceptance, request: Request<Body>) -> Response<Body> {
    let (deliveries, _kept) = disk(says);
    let answered: Result<_, Infallible> = router(config, deliveries).oneshot(request).await;
    answered.unwrap()
}

async fn json(response: Response<Body>) -> serde_json::Value {
    serde_json::from_slice(&to_bytes(response.into_body(), 10_000).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_report_is_202_with_the_id_it_has_on_disk() {
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let config = config();
    let tally = Arc::clone(&config.tally);
    let request = report("bearer abc", "Text/Plain; charset=utf-8", "a\nb\r\n\0");
    let response = router(config, deliveries).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let delivery = soon(kept.recv()).await.unwrap();
    assert_eq!(json(response).await, serde_json::json!({ "id": delivery.id }));
    assert_eq!((delivery.bytes.as_slice(), delivery.how), (&b"a\nb\r\n\0"[..], How::Http));
    assert_eq!(delivery.envelope.authenticated_as.as_deref(), Some("feed"));
    assert_eq!(delivery.envelope.content_type.as_deref(), Some("Text/Plain; charset=utf-8"));
    assert_eq!(tally.accepted(How::Http), 1);
}

#[tokio::test]
async fn every_refusal_has_its_code_and_its_words() {
    let cases = [
        (report("Bearer wrong", "text/plain", "x"), 401, "unauthorised", Refusal::Unauthorised),
        (report("Basic abc", "text/plain", "x"), 401, "unauthorised", Refusal::Unauthorised),
        (report("Bearer abc", "text/html", "x"), 415, "media-type", Refusal::WrongMediaType),
        (report("Bearer abc", "multipart/form-data", "x"), 415, "media-type", Refusal::WrongMediaType),
        (report("Bearer abc", "text/plain", vec![b'x'; 1001]), 413, "too-large", Refusal::TooLarge),
        (report("Bearer abc", "message/rfc822", ""), 400, "empty", Refusal::Unreadable),
    ];
    for (request, status, code, reason) in cases {
        let config = config();
        let tally = Arc::clone(&config.tally);
        let response = send(config, Acceptance::OnDisk, request).await;
        assert_eq!(response.status(), status, "{code}");
        assert_eq!(response.headers().contains_key("www-authenticate"), status == 401);
        let words = json(response).await;
        assert_eq!(words["error"], code);
        assert!(words["message"].as_str().unwrap().contains(' '), "{words}");
        assert_eq!((tally.refused(reason), tally.accepted(How::Http)), (1, 0));
    }
    let exact = report("Bearer abc", "text/plain", vec![b'x'; 1000]);
    assert_eq!(send(config(), Acceptance::OnDisk, exact).await.status(), 202);
}

#[tokio::test]
async fn a_request_without_token_or_type_is_refused() {
    let bare = Request::post("/api/v1/reports").body(Body::from("x")).unwrap();
    assert_eq!(send(config(), Acceptance::OnDisk, bare).await.status(), 401);
    let typeless =
        Request::post("/api/v1/reports").header("authorization", "Bearer abc").body(Body::from("x")).unwrap();
    assert_eq!(send(config(), Acceptance::OnDisk, typeless).await.status(), 415);
    let mut compressed = report("Bearer abc", "text/plain", "x");
    compressed.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(send(config(), Acceptance::OnDisk, compressed).await.status(), 415);
    let nobody = Config::new(Vec::new());
    assert_eq!(send(nobody, Acceptance::OnDisk, report("Bearer ", "text/plain", "x")).await.status(), 401);
}

#[tokio::test]
async fn what_is_not_on_disk_is_503_with_a_time_to_come_back() {
    for (says, code, seconds) in
        [(Acceptance::Full, "disk-full", "300"), (Acceptance::Failed, "not-written", "60")]
    {
        let response = send(config(), says, report("Bearer abc", "text/plain", "x")).await;
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], seconds);
        assert_eq!(json(response).await["error"], code);
    }
    let (deliveries, _never_read) = mpsc::channel::<Delivery>(1);
    let _taken_up = deliveries.clone().reserve_owned().await.unwrap();
    let mut busy = config();
    busy.patience = Duration::from_millis(50);
    let response = router(busy, deliveries).oneshot(report("Bearer abc", "text/plain", "x")).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()),
        (503, "10")
    );
}

#[tokio::test]
async fn more_reports_at_once_than_allowed_are_503_and_the_place_comes_back() {
    let (deliveries, mut taken) = mpsc::channel::<Delivery>(1);
    let mut config = config();
    config.at_once = 1;
    let router = router(config, deliveries);
    let first = tokio::spawn(router.clone().oneshot(report("Bearer abc", "text/plain", "first")));
    let delivery = soon(taken.recv()).await.unwrap();
    let second = router.clone().oneshot(report("Bearer abc", "text/plain", "second")).await.unwrap();
    assert_eq!(second.status(), 503);
    delivery.ack.send(Acceptance::OnDisk).unwrap();
    assert_eq!(first.await.unwrap().unwrap().status(), 202);
    let third = tokio::spawn(router.oneshot(report("Bearer abc", "text/plain", "third")));
    soon(taken.recv()).await.unwrap().ack.send(Acceptance::OnDisk).unwrap();
    assert_eq!(third.await.unwrap().unwrap().status(), 202);
}

/// Sends a raw request to a real server and returns the status line.
async fn over_the_wire(config: Config, deliveries: mpsc::Sender<Delivery>, request: &[u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let service = router(config, deliveries).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    let mut client = TcpStream::connect(at).await.unwrap();
    client.write_all(request).await.unwrap();
    let mut answer = vec![0; 12];
    timeout(SOON, client.read_exact(&mut answer)).await.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

const CHUNKED: &str = "POST /api/v1/reports HTTP/1.1\r\nHost: desk.example.net\r\nAuthorization: Bearer abc\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";

#[tokio::test]
async fn a_body_without_announced_length_is_taken_and_limited_all_the_same() {
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let request = format!("{CHUNKED}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    assert_eq!(over_the_wire(config(), deliveries, request.as_bytes()).await, "HTTP/1.1 202");
    let delivery = soon(kept.recv()).await.unwrap();
    assert_eq!(
        (delivery.bytes.as_slice(), delivery.envelope.peer),
        (&b"abcde"[..], Some("127.0.0.1".parse().unwrap()))
    );
    let (deliveries, _kept) = disk(Acceptance::OnDisk);
    let chunk = format!("258\r\n{}\r\n", "x".repeat(600));
    let request = format!("{CHUNKED}{chunk}{chunk}0\r\n\r\n");
    assert_eq!(over_the_wire(config(), deliveries, request.as_bytes()).await, "HTTP/1.1 413");
}

#[tokio::test]
async fn a_body_that_stalls_or_is_garbled_is_not_taken() {
    for (rest, answer) in [("3\r\nab", "HTTP/1.1 408"), ("zz\r\n", "HTTP/1.1 400")] {
        let (deliveries, _kept) = disk(Acceptance::OnDisk);
        let mut config = config();
        config.body_time = Duration::from_millis(100);
        let tally = Arc::clone(&config.tally);
        assert_eq!(over_the_wire(config, deliveries, format!("{CHUNKED}{rest}").as_bytes()).await, answer);
        assert_eq!((tally.refused(Refusal::Unreadable), tally.accepted(How::Http)), (1, 0));
    }
}

#[tokio::test]
async fn a_feeds_file_comes_with_its_name() {
    for (kind, path, disposition, name) in [
        ("text/csv", "/api/v1/reports?name=2026-01-02-open_proxy.csv", "", Some("2026-01-02-open_proxy.csv")),
        ("application/zip", "/api/v1/reports", "attachment; filename=\"a b.zip\"", Some("a b.zip")),
        ("application/json", "/api/v1/reports", "", None),
    ] {
        let (deliveries, mut kept) = disk(Acceptance::OnDisk);
        let request = Request::post(path)
            .header("content-type", kind)
            .header("content-disposition", disposition)
            .header("authorization", "Bearer abc");
        let response = router(config(), deliveries).oneshot(request.body(Body::from("x")).unwrap()).await;
        assert_eq!(response.unwrap().status(), StatusCode::ACCEPTED, "{kind}");
        let delivery = soon(kept.recv()).await.unwrap();
        assert_eq!(delivery.envelope.file_name.as_deref(), name);
        assert_eq!(delivery.envelope.content_type.as_deref(), Some(kind));
    }
}
