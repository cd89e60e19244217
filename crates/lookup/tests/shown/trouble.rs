//! When DNS is slow, dead or hostile.

use std::time::{Duration, Instant};

use lookup::{Config, Handed};

use crate::names::Zone;
use crate::post::{Key, mail};

#[tokio::test]
async fn a_dns_that_does_not_answer_shows_nothing_and_says_so_in_time() {
    let key = Key::of("example.org");
    let zone = Zone { silent: ["*".to_owned()].into(), ..Zone::default() };
    let (authenticator, _) = zone.serve(Config::default()).await;
    let began = Instant::now();
    let shown = authenticator.check(key.sign(&mail("abuse@example.org")).as_bytes(), Handed::default()).await;
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert!(shown.dns_failed && shown.aligned_domain.is_none());
    assert!(shown.why.contains("DNS did not answer"), "{}", shown.why);
    // The next mail of that domain does not wait again.
    let again = authenticator.check(key.sign(&mail("abuse@example.org")).as_bytes(), Handed::default()).await;
    assert_eq!(again.why, "not asked: DNS did not answer just now");
}

#[tokio::test]
async fn many_mails_of_silent_domains_wait_together_and_a_known_reporter_is_asked_about_all_the_same() {
    let own = Key::of("feed.example.org");
    let silent: Vec<Key> = (0..100).map(|n| Key::of(&format!("d{n}.example"))).collect();
    let zone = Zone { silent: silent.iter().map(Key::name).collect(), ..Zone::default() };
    let known = vec!["feed.example.org".to_owned()];
    let config = Config { known, ..Config::default() };
    let (authenticator, _) = zone.txt(&own.name(), own.record()).serve(config).await;
    let began = Instant::now();
    let mut checks = tokio::task::JoinSet::new();
    for (n, key) in silent.iter().enumerate() {
        let (authenticator, mail) = (authenticator.clone(), key.sign(&mail(&format!("a@d{n}.example"))));
        checks.spawn(async move { authenticator.check(mail.as_bytes(), Handed::default()).await });
    }
    let shown = checks.join_all().await;
    assert!(shown.iter().all(|shown| shown.dns_failed));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let feed = own.sign(&mail("reports@feed.example.org"));
    let shown = authenticator.check(feed.as_bytes(), Handed::default()).await;
    assert_eq!(shown.aligned_domain.as_deref(), Some("feed.example.org"), "{}", shown.why);
}

#[tokio::test]
async fn a_huge_key_record_shows_nothing_and_costs_little() {
    let key = Key::of("example.org");
    let zone = Zone::default().txt(&key.name(), format!("v=DKIM1; k=ed25519; p={}", "A".repeat(50_000)));
    let (authenticator, _) = zone.serve(Config::default()).await;
    let began = Instant::now();
    let shown = authenticator.check(key.sign(&mail("abuse@example.org")).as_bytes(), Handed::default()).await;
    assert_eq!(shown.aligned_domain, None, "{}", shown.why);
    assert!(began.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn a_mail_of_a_hundred_signatures_is_not_checked_at_all() {
    let key = Key::of("example.org");
    let (authenticator, zone) = Zone::default().txt(&key.name(), key.record()).serve(Config::default()).await;
    let mut signed = mail("abuse@example.org");
    for _ in 0..100 {
        signed = key.sign(&signed);
    }
    let shown = authenticator.check(signed.as_bytes(), Handed::default()).await;
    assert!(shown.why.contains("more signatures than any honest mail"), "{}", shown.why);
    assert_eq!(zone.asked.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn nothing_like_a_mail_is_no_trouble() {
    let (authenticator, _) = Zone::default().serve(Config::default()).await;
    for bytes in
        [&b""[..], b"\0\xff\r\n\r\n", b"From: a@b\r\n", b"From: \r\n\r\n", b"From: a@[192.0.2.1]\r\n\r\nx"]
    {
        let shown = authenticator.check(bytes, Handed::default()).await;
        assert_eq!(shown.aligned_domain, None);
        assert!(!shown.why.is_empty());
    }
}
