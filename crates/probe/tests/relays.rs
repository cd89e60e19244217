//! A relay is what has delivered a mail of ours, in whatever form it was addressed; nothing else is.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fall over, and says why"
)]

mod street;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use case::{Answer, LookFor, Question, Verdict};
use probe::{Config, Landing, Prober};
use street::mail_servers::{Vice, mail_server};
use street::{EXIT, closed_port, config, landing, says, show};

/// How long a mail server may take here. It is waited a sixth of it for a mail to land.
const PATIENCE: Duration = Duration::from_secs(4);

fn settings() -> Config {
    Config {
        relay_deadline: PATIENCE,
        landing_domain: Some("landing.example.net".to_owned()),
        ..config(Duration::from_secs(2))
    }
}

async fn ask_with(settings: Config, landing: &Landing, target: SocketAddr, look_for: LookFor) -> Answer {
    let prober = Prober::new(settings, landing.clone()).unwrap();
    let question = Question { address: target.ip(), ports: vec![target.port()], look_for };
    show(prober.ask(&question, true).await)
}

async fn ask(vice: Vice) -> Answer {
    let landing = landing().await;
    let target = mail_server(vice, landing.addresses()[0]).await;
    ask_with(settings(), &landing, target, LookFor::OpenRelay).await
}

async fn relays(vice: Vice, form: &str) {
    let answer = ask(vice).await;
    assert_eq!(answer.verdict, Verdict::OpenRelay);
    assert_eq!((answer.protocol.as_deref(), answer.exit), (Some("smtp"), Some(IpAddr::V4(EXIT))));
    assert!(answer.port.is_some());
    assert!(says(&answer, &format!("the mail of form {form} landed from {EXIT}")));
}

#[tokio::test]
async fn one_that_relays_for_everybody() {
    relays(Vice::RelaysAll, "T@D from F@D").await;
}

#[tokio::test]
async fn one_that_relays_what_is_hidden_in_the_local_part() {
    relays(Vice::PercentHack, "T%D@S from F@D").await;
    relays(Vice::PercentHackWithoutPatience, "T%D@S from F@D").await;
}

#[tokio::test]
async fn one_that_lets_us_in_once_is_not_called_closed() {
    let answer = ask(Vice::HasEnough).await;
    assert_eq!(answer.verdict, Verdict::Unreachable);
    assert!(says(&answer, "34 forms of address could not be asked"));
}

#[tokio::test]
async fn one_that_trusts_senders_of_its_own_name() {
    relays(Vice::TrustsItsOwn, "T@D from F@S").await;
}

#[tokio::test]
async fn one_that_puts_strangers_off_first() {
    relays(Vice::PutsOffFirst, "T@D from F@D").await;
}

#[tokio::test]
async fn a_closed_one_is_closed() {
    let answer = ask(Vice::None).await;
    assert_eq!((answer.verdict, answer.port), (Verdict::Closed, None));
    assert!(says(&answer, "T@D@") || says(&answer, "@>"), "all forms were tried");
}

#[tokio::test]
async fn a_250_to_the_recipient_is_no_relay() {
    assert_eq!(ask(Vice::RefusesAtData).await.verdict, Verdict::Closed);
}

#[tokio::test]
async fn a_250_to_the_mail_is_neither_a_relay_nor_a_closed_door_until_hours_have_passed() {
    let answer = ask(Vice::Sink).await;
    assert_eq!(answer.verdict, Verdict::Unreachable);
    assert!(says(&answer, "none has landed yet"));
}

#[tokio::test]
async fn mails_that_come_back_to_their_sender_were_not_relayed() {
    let answer = ask(Vice::Bounces).await;
    assert_eq!(answer.verdict, Verdict::Closed);
    assert!(says(&answer, "came back as undeliverable"));
}

#[tokio::test]
async fn a_mail_port_forwarded_to_our_own_landing_is_no_relay() {
    let landing = landing().await;
    let target = street::innocents::fixed_forward(landing.addresses()[0]).await;
    let answer = ask_with(settings(), &landing, target, LookFor::OpenRelay).await;
    assert_eq!(answer.verdict, Verdict::Closed);
    assert!(says(&answer, "the greeting of our own landing"));
}

#[tokio::test]
async fn a_weak_password_is_tried_only_when_it_is_switched_on() {
    let landing = landing().await;
    let target = mail_server(Vice::WeakLogin, landing.addresses()[0]).await;
    let closed = ask_with(settings(), &landing, target, LookFor::OpenRelay).await;
    assert_eq!(closed.verdict, Verdict::Closed);
    let on = Config { known_logins: true, ..settings() };
    let open = ask_with(on, &landing, target, LookFor::OpenRelay).await;
    assert_eq!((open.verdict, open.protocol.as_deref()), (Verdict::OpenRelay, Some("smtp-auth")));
}

#[tokio::test]
async fn a_mail_that_lands_after_the_answer_is_told_by_the_next_one() {
    let landing = landing().await;
    let target = mail_server(Vice::Sink, landing.addresses()[0]).await;
    let first = ask_with(settings(), &landing, target, LookFor::OpenRelay).await;
    assert_eq!(first.verdict, Verdict::Unreachable);
    let rcpt = first.transcript.iter().find_map(|line| line.text.strip_prefix("sent RCPT TO:<"));
    let rcpt = rcpt.and_then(|rest| rest.split('>').next()).unwrap();
    // The server hands the mail on at last, as it was given to it.
    let said = [
        "EHLO mail.example.net".to_owned(),
        "MAIL FROM:<nd-probe@landing.example.net>".to_owned(),
        format!("RCPT TO:<{rcpt}>"),
        "DATA".to_owned(),
        format!("To: {rcpt}\r\n\r\nlate\r\n."),
        "QUIT".to_owned(),
    ];
    street::say_all(landing.addresses()[0], &said).await;
    let second = ask_with(settings(), &landing, target, LookFor::OpenRelay).await;
    assert_eq!(second.verdict, Verdict::OpenRelay);
}

#[tokio::test]
async fn either_is_asked_for_what_it_speaks() {
    let landing = landing().await;
    let relay = mail_server(Vice::RelaysAll, landing.addresses()[0]).await;
    let answer = ask_with(settings(), &landing, relay, LookFor::ProxyOrRelay).await;
    assert_eq!(answer.verdict, Verdict::OpenRelay);
    let proxy = street::proxies::socks5(1).await;
    let answer = ask_with(settings(), &landing, proxy, LookFor::ProxyOrRelay).await;
    assert_eq!(answer.verdict, Verdict::OpenProxy);
    let nothing = ask_with(settings(), &landing, closed_port().await, LookFor::ProxyOrRelay).await;
    assert_eq!(nothing.verdict, Verdict::Closed);
}

#[tokio::test]
async fn what_is_no_mail_server_is_no_relay() {
    let landing = landing().await;
    let page = street::innocents::always("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let answer = ask_with(settings(), &landing, page, LookFor::OpenRelay).await;
    assert_ne!(answer.verdict, Verdict::OpenRelay);
    let babbler = street::innocents::babbler().await;
    assert_eq!(ask_with(settings(), &landing, babbler, LookFor::OpenRelay).await.verdict, Verdict::Closed);
}
