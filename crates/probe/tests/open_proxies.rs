//! Every way of relaying is found, named, and proved with the address it comes out at.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fall over, and says why"
)]

mod street;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use case::Verdict;
use probe::Landing;
use street::{EXIT, ask, landing, prober, proxies, question, says, show};

/// What an open proxy must be answered with, and how fast: the deadline is ten times as long.
async fn is_proved(target: SocketAddr, protocol: &str) {
    let answer = ask(target, Duration::from_secs(10)).await;
    assert_eq!(answer.verdict, Verdict::OpenProxy);
    assert_eq!(answer.port, Some(target.port()));
    assert_eq!(answer.protocol.as_deref(), Some(protocol));
    assert_eq!(answer.exit, Some(IpAddr::V4(EXIT)));
    assert!(answer.seconds < 1.0, "a prompt proxy took {} s", answer.seconds);
    assert!(says(&answer, &format!("from {EXIT}")), "the transcript says where it came out");
}

#[tokio::test]
async fn http_connect_1_0() {
    is_proved(proxies::http_connect("HTTP/1.0").await, "http-connect").await;
}

#[tokio::test]
async fn http_connect_1_1_with_host() {
    is_proved(proxies::http_connect("HTTP/1.1").await, "http-connect").await;
}

#[tokio::test]
async fn http_get_in_absolute_form() {
    is_proved(proxies::http_get().await, "http-get").await;
}

#[tokio::test]
async fn http_get_that_is_handed_on_as_it_came_without_waiting_for_a_host_that_does_not_exist() {
    is_proved(proxies::http_get_as_it_came().await, "http-get").await;
}

#[tokio::test]
async fn socks4_by_address() {
    is_proved(proxies::socks4(false).await, "socks4").await;
}

#[tokio::test]
async fn socks4a_by_name() {
    is_proved(proxies::socks4(true).await, "socks4a").await;
}

#[tokio::test]
async fn socks5_by_ipv4_address_waiting_for_each_reply() {
    is_proved(proxies::socks5(1).await, "socks5").await;
}

#[tokio::test]
async fn socks5_by_name_alone() {
    is_proved(proxies::socks5(3).await, "socks5").await;
}

#[tokio::test]
async fn socks5_to_a_landing_on_ipv6() {
    let landing = match Landing::bind(&["[::1]:0".parse().unwrap()], "Example Net").await {
        Ok(landing) => landing,
        Err(error) => return eprintln!("SKIPPED: no IPv6 on loopback here: {error}"),
    };
    let target = proxies::socks5(4).await;
    let answer = show(prober(&landing, Duration::from_secs(10)).ask(&question(target), false).await);
    assert_eq!(answer.verdict, Verdict::OpenProxy);
    assert_eq!(answer.exit, Some("::1".parse().unwrap()));
}

#[tokio::test]
async fn the_odd_port_is_found_among_closed_and_silent_ones_without_waiting_for_them() {
    let landing = landing().await;
    let open = proxies::socks5(1).await.port();
    let mut ask = question(street::innocents::silent().await);
    ask.ports.extend([street::closed_port().await.port(), open, open, 0]);
    let answer = show(prober(&landing, Duration::from_secs(10)).ask(&ask, false).await);
    assert_eq!((answer.verdict, answer.port), (Verdict::OpenProxy, Some(open)));
    assert!(answer.seconds < 1.0, "the silent port's deadline was waited for: {} s", answer.seconds);
}
