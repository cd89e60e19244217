//! The landing from outside: what strangers get, and how much of it they can have.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fall over, and says why"
)]

mod street;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use probe::{Config, ConfigError, Landing, LandingError, Prober};
use street::{config, landing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SHORT: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_stranger_at_the_landing_reads_who_probes_and_whom_to_write_to() {
    let landing = landing().await;
    let page = visit(landing.addresses()[0], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("Content-Type: text/html"), "{page}");
    assert!(page.contains("open proxies") && page.contains("abuse@example.net"), "{page}");
    let relayed = b"GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n";
    let page = visit(landing.addresses()[0], relayed).await;
    assert!(page.starts_with("HTTP/1.1 404 "), "we are no proxy ourselves: {page}");
    let unknown = visit(landing.addresses()[0], format!("ND {}\r\n", "0".repeat(32)).as_bytes()).await;
    assert!(unknown.starts_with("HTTP/1.1 404 "), "an unknown nonce opens nothing: {unknown}");
}

#[tokio::test]
async fn what_the_operator_calls_himself_is_text_on_the_page_and_no_markup() {
    let landing = Landing::bind(&["127.0.0.1:0".parse().unwrap()], "<b>A & B</b>").await.unwrap();
    let page = visit(landing.addresses()[0], b"GET / HTTP/1.1\r\n\r\n").await;
    assert!(page.contains("&lt;b&gt;A &amp; B&lt;/b&gt;") && !page.contains("<b>"), "{page}");
}

async fn visit(landing: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(landing).await.unwrap();
    drop(stream.write_all(request).await);
    let mut page = Vec::new();
    // A full landing resets the connection: that is an empty page.
    stream.read_to_end(&mut page).await.map_or(String::new(), |_| String::from_utf8(page).unwrap())
}

/// Closing over what is still under way sends a reset, and a reset can overtake the answer.
#[tokio::test]
async fn a_stranger_who_is_still_sending_is_not_reset_after_the_answer() {
    let landing = landing().await;
    let mut stream = TcpStream::connect(landing.addresses()[0]).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    assert!(page.ends_with("</html>\n"), "{page:?}");
    for _ in 0..3 {
        stream.write_all(b"more of it").await.expect("the connection was reset");
    }
}

#[tokio::test]
async fn a_landing_that_cannot_be_is_refused_with_the_reason() {
    assert!(matches!(Landing::bind(&[], "x").await, Err(LandingError::NoAddress)));
    let taken = landing().await;
    let error = Landing::bind(taken.addresses(), "x").await.unwrap_err();
    assert!(error.to_string().contains(&taken.addresses()[0].to_string()), "{error}");
    let wildcard = Landing::bind(&["0.0.0.0:0".parse().unwrap()], "x").await.unwrap();
    assert!(matches!(Prober::new(config(SHORT), wildcard.clone()), Err(ConfigError::Wildcard(_))));
    let told = Config { landing: vec!["198.51.100.1:0".parse().unwrap()], ..config(SHORT) };
    assert!(matches!(Prober::new(told, wildcard.clone()), Err(ConfigError::NoPort(_))));
    let named =
        Config { landing: taken.addresses().to_vec(), landing_name: Some("a\r\nb".into()), ..config(SHORT) };
    assert!(matches!(Prober::new(named, wildcard), Err(ConfigError::Name(_))));
}

#[tokio::test]
async fn a_dropped_landing_stops_listening() {
    let landing = landing().await;
    let address = landing.addresses()[0];
    drop(landing);
    // The listener's task ends when the runtime next looks at it.
    for _ in 0..1000 {
        if TcpListener::bind(address).is_ok() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{address} is still taken");
}

#[tokio::test]
async fn one_visitor_cannot_take_every_seat() {
    let landing = landing().await;
    let address = landing.addresses()[0];
    let mut held = Vec::new();
    for _ in 0..64 {
        held.push(TcpStream::connect(address).await.unwrap());
    }
    assert_eq!(visit(address, b"x").await, "", "the 65th is let go without a word");
    drop(held);
    let patience = std::time::Instant::now() + Duration::from_secs(5);
    while !visit(address, b"x").await.starts_with("HTTP/1.1 404 ") {
        assert!(std::time::Instant::now() < patience, "the seats did not come back");
    }
}

#[tokio::test(start_paused = true)]
async fn a_visitor_who_says_nothing_is_greeted_and_let_go() {
    let landing = landing().await;
    let began = tokio::time::Instant::now();
    let mut stream = TcpStream::connect(landing.addresses()[0]).await.unwrap();
    let mut heard = String::new();
    let limit = Duration::from_secs(3600);
    let reading = tokio::time::timeout(limit, stream.read_to_string(&mut heard)).await;
    assert!(reading.expect("it is kept for ever").is_ok());
    assert!(heard.starts_with("220 nightdesk-landing "), "{heard:?}");
    assert!(began.elapsed() <= Duration::from_secs(12), "it was kept for {:?}", began.elapsed());
}
