//! Proxies that the usual checkers miss: asked in other words, behind a password, inside TLS, at a prompt.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fall over, and says why"
)]

mod street;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use case::{Answer, Verdict};
use probe::{Config, Landing, Prober};
use street::{EXIT, ask, config, landing, proxies, question, says, show};
use tokio_rustls::rustls::version::{TLS12, TLS13};

const DEADLINE: Duration = Duration::from_secs(10);

async fn is_proved(target: SocketAddr, protocol: &str) {
    found(&ask(target, DEADLINE).await, protocol);
}

#[track_caller]
fn found(answer: &Answer, protocol: &str) {
    assert_eq!(answer.verdict, Verdict::OpenProxy);
    assert_eq!(answer.protocol.as_deref(), Some(protocol));
    assert_eq!(answer.exit, Some(IpAddr::V4(EXIT)));
}

/// Asks with known passwords switched on.
async fn ask_with_known_logins(target: SocketAddr) -> Answer {
    let settings = Config { known_logins: true, ..config(DEADLINE) };
    let prober = Prober::new(settings, landing().await).unwrap();
    show(prober.ask(&question(target), false).await)
}

#[tokio::test]
async fn http_post_in_absolute_form() {
    is_proved(proxies::http_post().await, "http-post").await;
}

#[tokio::test]
async fn http_in_origin_form_to_the_host_it_names() {
    is_proved(proxies::http_host().await, "http-host").await;
}

#[tokio::test]
async fn connect_that_waits_for_one_more_empty_line() {
    is_proved(proxies::waits_for_an_empty_line().await, "http-connect").await;
}

#[tokio::test]
async fn passwords_that_are_no_passwords() {
    is_proved(proxies::http_any_password().await, "http-connect").await;
    is_proved(proxies::socks5_password(None).await, "socks5").await;
}

#[tokio::test]
async fn a_factory_password_is_tried_only_when_it_is_switched_on() {
    let target = proxies::socks5_password(Some(("root", "root"))).await;
    assert_eq!(ask(target, DEADLINE).await.verdict, Verdict::Closed);
    let answer = ask_with_known_logins(target).await;
    found(&answer, "socks5");
    assert!(says(&answer, "it let in \"root\" with the password \"root\""));
}

#[tokio::test]
async fn a_telnet_prompt_that_takes_host_and_port() {
    is_proved(proxies::wingate().await, "telnet").await;
}

#[tokio::test]
async fn a_routers_telnet_is_entered_only_when_known_passwords_are_switched_on() {
    let target = proxies::cisco().await;
    let answer = ask(target, Duration::from_secs(2)).await;
    assert_eq!(answer.verdict, Verdict::Closed);
    assert!(says(&answer, "it wants a password, and none is tried"));
    found(&ask_with_known_logins(target).await, "telnet");
}

#[tokio::test]
async fn the_same_inside_tls_of_either_version() {
    is_proved(proxies::inside_tls(&TLS13, proxies::socks5(1).await).await, "socks5-tls").await;
    is_proved(proxies::inside_tls(&TLS12, proxies::http_connect("HTTP/1.1").await).await, "http-connect-tls")
        .await;
    is_proved(proxies::inside_tls(&TLS13, proxies::http_get().await).await, "http-get-tls").await;
}

#[tokio::test]
async fn a_web_server_behind_tls_is_closed() {
    let page = street::innocents::always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await;
    let target = proxies::inside_tls(&TLS13, page).await;
    assert_eq!(ask(target, Duration::from_secs(2)).await.verdict, Verdict::Closed);
}

#[tokio::test]
async fn a_proxy_that_goes_to_one_port_only_is_asked_for_each_of_ours() {
    let any: SocketAddr = "127.0.0.2:0".parse().unwrap();
    let landing = Landing::bind(&[any, any, any], "Example Net").await.unwrap();
    for told in landing.addresses() {
        let target = proxies::http_connect_to(told.port()).await;
        let prober = street::prober(&landing, DEADLINE);
        found(&show(prober.ask(&question(target), false).await), "http-connect");
    }
}

#[tokio::test]
async fn a_server_that_promises_for_ever_is_given_up() {
    let target = street::innocents::always("HTTP/1.1 100 Continue\r\n\r\n").await;
    let answer = ask(target, Duration::from_secs(2)).await;
    assert_ne!(answer.verdict, Verdict::OpenProxy);
    assert!(answer.seconds < 6.0, "{} s", answer.seconds);
}
