//! Nobody is called a proxy who is none: no false positive, and "closed" only where it can be known.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fall over, and says why"
)]

mod street;

use std::net::SocketAddr;
use std::time::Duration;

use case::Verdict;
use street::{ask, closed_port, innocents, landing, prober, question, says, show};

const SHORT: Duration = Duration::from_millis(600);

async fn is(target: SocketAddr, verdict: Verdict) -> case::Answer {
    let answer = ask(target, SHORT).await;
    assert_eq!(answer.verdict, verdict);
    assert_eq!((answer.port, &answer.protocol, answer.exit), (None, &None, None));
    answer
}

#[tokio::test]
async fn a_closed_port() {
    let answer = is(closed_port().await, Verdict::Closed).await;
    assert!(says(&answer, "connection refused"));
    assert!(says(&answer, "self-test"), "closed is said only after the landing answered us");
}

#[tokio::test]
async fn an_echo() {
    is(innocents::echo().await, Verdict::Closed).await;
}

#[tokio::test]
async fn a_web_application_that_answers_200_to_anything() {
    is(innocents::always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await, Verdict::Closed).await;
    is(innocents::always("HTTP/1.1 200 OK\r\n\r\n").await, Verdict::Closed).await;
}

#[tokio::test]
async fn a_page_that_reflects_the_request() {
    is(innocents::reflecting_page().await, Verdict::Closed).await;
}

#[tokio::test]
async fn liars_that_say_established_and_tunnel_nothing() {
    let answer = is(innocents::liar().await, Verdict::Closed).await;
    assert!(says(&answer, "it said that the way is open and passed nothing of ours back"));
    is(innocents::liar_that_echoes().await, Verdict::Closed).await;
}

#[tokio::test]
async fn some_other_service_with_a_banner() {
    is(innocents::always("SSH-2.0-OpenSSH_9.2\r\n").await, Verdict::Closed).await;
    is(innocents::babbler().await, Verdict::Closed).await;
}

#[tokio::test]
async fn a_port_forwarded_to_our_own_landing() {
    let landing = landing().await;
    let forward = innocents::fixed_forward(landing.addresses()[0]).await;
    let answer = show(prober(&landing, SHORT).ask(&question(forward), false).await);
    assert_eq!(answer.verdict, Verdict::Closed);
    assert!(says(&answer, "which a forwarded port does too"));
}

#[tokio::test]
async fn a_forward_to_our_own_landing_that_loses_connections_is_no_proxy() {
    for drops in [true, false] {
        let landing = landing().await;
        let forward = innocents::lossy_forward(landing.addresses()[0], drops).await;
        let answer = show(prober(&landing, SHORT).ask(&question(forward), false).await);
        assert_ne!(answer.verdict, Verdict::OpenProxy, "drops {drops}");
    }
}

#[tokio::test]
async fn a_web_server_in_front_of_our_own_landing() {
    let landing = landing().await;
    let front = innocents::reverse_proxy(landing.addresses()[0]).await;
    let answer = show(prober(&landing, SHORT).ask(&question(front), false).await);
    assert_eq!(answer.verdict, Verdict::Closed);
    assert!(says(&answer, "that landed at our listener too"));
}

#[tokio::test]
async fn our_own_landing_itself() {
    let landing = landing().await;
    let answer = show(prober(&landing, SHORT).ask(&question(landing.addresses()[0]), false).await);
    assert_eq!(answer.verdict, Verdict::Closed);
}

#[tokio::test]
async fn a_silent_port_takes_one_deadline_and_tells_nothing() {
    let answer = is(innocents::silent().await, Verdict::Unreachable).await;
    let deadline = SHORT.as_secs_f64();
    assert!(
        (deadline..deadline * 3.0).contains(&answer.seconds),
        "{} s with a deadline of {deadline}",
        answer.seconds
    );
}

#[tokio::test]
async fn a_reset_midway_tells_nothing() {
    let answer = is(innocents::reset_midway().await, Verdict::Unreachable).await;
    assert!(says(&answer, "reset"));
}

#[tokio::test]
async fn nothing_is_called_closed_when_our_own_landing_is_down() {
    let landing = landing().await;
    let dead = closed_port().await;
    let config = probe::Config { landing: vec![dead], ..street::config(SHORT) };
    let prober = probe::Prober::new(config, landing).unwrap();
    let answer = show(prober.ask(&question(closed_port().await), false).await);
    assert_eq!(answer.verdict, Verdict::Unreachable);
    assert!(says(&answer, "the fault is ours"));
}

#[tokio::test]
async fn nothing_is_called_closed_when_somebody_else_sits_at_our_landing() {
    let echo = innocents::echo().await;
    let config = probe::Config { landing: vec![echo], ..street::config(SHORT) };
    let prober = probe::Prober::new(config, landing().await).unwrap();
    let answer = show(prober.ask(&question(closed_port().await), false).await);
    assert_eq!(answer.verdict, Verdict::Unreachable);
    assert!(says(&answer, "something other than our own landing"));
}

#[tokio::test]
async fn a_proxy_too_slow_for_the_deadline_is_not_called_closed() {
    is(innocents::slow_socks5().await, Verdict::Unreachable).await;
}

#[tokio::test]
async fn a_way_that_leads_out_and_not_back_is_neither_proof_nor_closed() {
    let landing = landing().await;
    let one_way = innocents::one_way(landing.addresses()[0]).await;
    let answer = show(prober(&landing, SHORT).ask(&question(one_way), false).await);
    assert_eq!(answer.verdict, Verdict::Unreachable);
    assert!(says(&answer, "its nonce landed at our listener"));
}
