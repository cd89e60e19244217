//! What is not ours is not touched, and what is ours is not pestered.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fall over, and says why"
)]

mod street;

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use case::{Answer, Home, Territory, Verdict};
use probe::{Config, ConfigError, Landing, LandingError, Prober};
use street::{closed_port, config, landing, proxies, question, says, show};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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
        Territory { home: Home::new(["127.1.0.0/16".parse().unwrap()]).unwrap(), never_touch: vec![] };
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
    let target = proxies::socks5(1).await;
    let mut ask = question(target);
    ask.address = "::ffff:127.0.0.1".parse().unwrap();
    assert_eq!(
        show(street::prober(&landing().await, SHORT).ask(&ask, false).await).verdict,
        Verdict::OpenProxy
    );
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
async fn a_stranger_at_the_landing_reads_who_probes_and_whom_to_write_to() {
    let landing = landing().await;
    let page = visit(landing.addresses()[0], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(page.starts_with("HTTP/1.1 404 "), "{page}");
    assert!(page.contains("open proxies") && page.contains("abuse@example.net"), "{page}");
    let unknown = visit(landing.addresses()[0], format!("ND {}\r\n", "0".repeat(32)).as_bytes()).await;
    assert!(unknown.starts_with("HTTP/1.1 404 "), "an unknown nonce opens nothing: {unknown}");
}

async fn visit(landing: SocketAddr, request: &[u8]) -> String {
    let mut stream = tokio::net::TcpStream::connect(landing).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
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
