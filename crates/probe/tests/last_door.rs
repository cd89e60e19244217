//! What is not ours is not touched, and what is ours is not pestered.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fall over, and says why"
)]

mod street;

use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

use case::{Answer, Home, Question, Territory, Verdict};
use probe::{Config, Prober};
use street::{closed_port, config, landing, proxies, question, says, show};

const SHORT: Duration = Duration::from_secs(2);

/// Asks a listening port from a prober with this territory; whether anything was sent is seen at the listener.
async fn ask_from(territory: Territory, operator: bool) -> (Answer, bool) {
    let listener = TcpListener::bind("127.0.0.9:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let prober =
        Prober::new(Config { territory, ..config(Duration::from_millis(300)) }, landing().await).unwrap();
    let answer = show(prober.ask(&question(listener.local_addr().unwrap()), operator).await);
    let touched = !matches!(listener.accept(), Err(error) if error.kind() == ErrorKind::WouldBlock);
    (answer, touched)
}

#[tokio::test]
async fn an_address_that_is_not_home_gets_no_packet_even_for_an_operator() {
    let elsewhere =
        Territory { home: Home::new(["127.1.0.0/16".parse().unwrap()]).unwrap(), never_touch: vec![].into() };
    let (answer, touched) = ask_from(elsewhere, true).await;
    assert_eq!((answer.verdict, touched), (Verdict::RefusedByPolicy, false));
    assert!(says(&answer, "not in the home prefixes"));
}

#[tokio::test]
async fn an_address_on_the_never_touch_list_gets_no_packet() {
    let mut territory = street::territory();
    let (_, touched) = ask_from(territory.clone(), true).await;
    assert!(touched, "without the list it is touched: the test sees packets");
    territory.never_touch.push("127.0.0.9/32".parse().unwrap());
    let (answer, touched) = ask_from(territory, true).await;
    assert_eq!((answer.verdict, touched), (Verdict::RefusedByPolicy, false));
    assert!(says(&answer, "never-touch"));
}

#[tokio::test]
async fn a_second_probe_within_the_gap_needs_an_operator() {
    let prober = street::prober(&landing().await, SHORT);
    let ask = question(closed_port().await);
    assert_eq!(prober.ask(&ask, false).await.verdict, Verdict::Closed);
    let refused = show(prober.ask(&ask, false).await);
    assert_eq!(refused.verdict, Verdict::RefusedByPolicy);
    assert!(says(&refused, "no operator asks"));
    assert_eq!(prober.ask(&ask, true).await.verdict, Verdict::Closed);
}

#[tokio::test]
async fn a_question_without_a_port_is_refused_and_does_not_count_as_a_probe() {
    let prober = street::prober(&landing().await, SHORT);
    let mut ask = question(closed_port().await);
    let port = ask.ports.pop().unwrap();
    assert_eq!(prober.ask(&ask, false).await.verdict, Verdict::RefusedByPolicy);
    ask.ports = vec![0, port];
    assert_eq!(prober.ask(&ask, false).await.verdict, Verdict::Closed);
}

#[tokio::test]
async fn an_address_written_as_ipv6_is_the_ipv4_address_it_carries() {
    let prober = street::prober(&landing().await, SHORT);
    let plain = question(proxies::socks5(1).await);
    let mapped = Question { address: "::ffff:127.0.0.1".parse().unwrap(), ..plain.clone() };
    assert_eq!(show(prober.ask(&mapped, false).await).verdict, Verdict::OpenProxy);
    assert_eq!(prober.ask(&plain, false).await.verdict, Verdict::RefusedByPolicy, "it was probed just now");
}

#[tokio::test]
async fn no_more_than_32_ports_are_asked() {
    let mut ask = question(closed_port().await);
    // Ports of the privileged range: nothing of the test's own listens there.
    ask.ports = (900..940).collect();
    let answer = show(street::prober(&landing().await, SHORT).ask(&ask, false).await);
    let knocks = answer.transcript.iter().filter(|line| line.on.ends_with(" connect")).count();
    assert_eq!(knocks, 32);
    assert!(says(&answer, "8 are left out"));
}

#[tokio::test]
async fn a_dropped_question_ends_its_connections() {
    let (left, mut leaving) = tokio::sync::mpsc::channel(64);
    let target = street::innocents::door_keeper(left).await;
    let prober = street::prober(&landing().await, Duration::from_secs(60));
    let ask = question(target);
    let asking = tokio::time::timeout(Duration::from_millis(200), prober.ask(&ask, false)).await;
    assert!(asking.is_err(), "the port is silent: the question was still open");
    for _ in 0..7 {
        tokio::time::timeout(Duration::from_secs(5), leaving.recv()).await.unwrap().unwrap();
    }
}
