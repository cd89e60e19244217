use case::{Playbook, Territory};
use lease::Home;
use store::{Delivery, Spool, Store};

use super::*;
use crate::clock::Clock;
use crate::settings::{Answers, Reporters, Settings, TrustedResults};

async fn desk(dir: &std::path::Path) -> Desk {
    let url = format!("sqlite://{}", dir.join("nightdesk.db").display());
    let settings = Settings {
        territory: Territory {
            home: Home::new(vec!["203.0.113.0/24".parse().expect("a prefix")]).expect("a home"),
            never_touch: Vec::new(),
        },
        playbook: Playbook::default(),
        clock_skew: SignedDuration::ZERO,
        mail: None,
        subscriber_mail: None,
        reporters: Reporters::default(),
        trusted_results: TrustedResults::default(),
        answers: Answers::default(),
    };
    let store = Store::open(&url).await.expect("a store");
    let spool = Spool::open(&dir.join("spool")).expect("a spool");
    Desk::open(settings, store, spool, Clock::standing_at(Timestamp::UNIX_EPOCH)).await.expect("a desk")
}

/// Puts a mail in and says what became of it.
async fn outcome(desk: &Desk, mail: &str) -> String {
    let delivery = Delivery {
        id: format!("m-{}", mail.len()),
        source: "imap".to_owned(),
        envelope: serde_json::json!({}),
        received: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(3),
        bytes: mail.as_bytes().to_vec(),
    };
    desk.store().append(&[delivery]).await.expect("appends");
    desk.read_log().await.expect("reads");
    let rows = desk.store().intake(&store::IntakeFilter::default(), 1, 0).await.expect("lists");
    rows.first().map(|row| row.outcome.clone()).unwrap_or_default()
}

#[tokio::test]
async fn only_our_own_mail_come_back_whole_is_a_self_check() {
    let dir = tempfile::tempdir().expect("a folder");
    let desk = desk(dir.path()).await;
    let nonce = token::fresh().expect("a number");
    let mark = token::sign(&desk.self_check_key().await.expect("a key"), &nonce).expect("a mark");
    desk.store().begin_self_check(&nonce, "abuse@example.net", desk.now()).await.expect("begins");
    let ours = format!("From: abuse@example.net\r\n{}: {mark}\r\n\r\nx\r\n", token::HEADER);

    let bounce =
        format!("From: postmaster@example.net\r\nSubject: Undelivered\r\n\r\nNot delivered:\r\n\r\n{ours}");
    assert_ne!(outcome(&desk, &bounce).await, "self-check", "a bounce is no return");
    let forged = ours.replace(&mark, &format!("{nonce}.{}", "0".repeat(64)));
    assert_ne!(outcome(&desk, &forged).await, "self-check");
    let checks = desk.store().self_checks("abuse@example.net", 9).await.expect("lists");
    assert_eq!(checks.first().and_then(|check| check.returned), None);

    let relayed = format!("Received: from relay.example.net\r\n\tby mx.example.net\r\n{ours}");
    assert_eq!(outcome(&desk, &relayed).await, "self-check");
    let checks = desk.store().self_checks("abuse@example.net", 9).await.expect("lists");
    let back = checks.first().expect("the check");
    assert_eq!((back.returned.map(|at| at.as_second()), back.via.as_deref()), (Some(3), Some("imap")));
}
