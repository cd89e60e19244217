//! Signatures.

use lookup::{Authentication, Config, Handed};

use crate::names::Zone;
use crate::post::{Key, mail};

async fn shown(zone: Zone, mail: &str) -> Authentication {
    let (authenticator, _) = zone.serve(Config::default()).await;
    authenticator.check(mail.as_bytes(), Handed::default()).await
}

fn published(key: &Key) -> Zone {
    Zone::default().txt(&key.name(), key.record())
}

#[tokio::test]
async fn a_valid_signature_of_the_authors_domain_shows_it_even_without_a_policy() {
    let key = Key::of("example.org");
    let shown = shown(published(&key), &key.sign(&mail("Reports <abuse@reports.example.org>"))).await;
    assert_eq!(shown.aligned_domain.as_deref(), Some("reports.example.org"), "{}", shown.why);
    assert_eq!((shown.dkim.as_slice(), shown.dmarc.as_str()), (&["example.org".to_owned()][..], "none"));
    assert_eq!(shown.why, "reports.example.org by DKIM of example.org");
}

#[tokio::test]
async fn what_another_program_signed_with_rsa_is_shown_too() {
    let bytes =
        include_str!("../fixtures/signed-with-dkimpy.eml").replace("\r\n", "\n").replace('\n', "\r\n");
    let record = include_str!("../fixtures/rsa1.feed.example.org.txt").trim();
    let zone = Zone::default().txt("rsa1._domainkey.feed.example.org", record);
    let shown = shown(zone, &bytes).await;
    assert_eq!(shown.aligned_domain.as_deref(), Some("feed.example.org"), "{}", shown.why);
}

#[tokio::test]
async fn a_changed_body_or_subject_shows_nothing() {
    let key = Key::of("example.org");
    let signed = key.sign(&mail("abuse@example.org"));
    for (from, to) in [("port 3128", "port 3129"), ("Subject: Open", "Subject: 0pen")] {
        let shown = shown(published(&key), &signed.replace(from, to)).await;
        assert_eq!(shown.aligned_domain, None, "{}", shown.why);
        assert!(shown.why.starts_with("nothing shows it to be from example.org: DKIM "), "{}", shown.why);
    }
}

#[tokio::test]
async fn somebody_elses_signature_speaks_for_themselves_only() {
    for other in ["evil.example", "example.org.evil.example", "examp1e.org"] {
        let key = Key::of(other);
        let shown = shown(published(&key), &key.sign(&mail("abuse@example.org"))).await;
        assert_eq!(shown.aligned_domain, None, "{other}: {}", shown.why);
        assert_eq!(shown.dkim, [other], "the signature itself is valid");
    }
}

#[tokio::test]
async fn neighbours_under_one_public_suffix_are_strangers() {
    let key = Key::of("evil.co.uk");
    let shown = shown(published(&key), &key.sign(&mail("abuse@good.co.uk"))).await;
    assert_eq!(shown.aligned_domain, None, "{}", shown.why);
}

#[tokio::test]
async fn the_authors_signature_counts_among_two() {
    let (own, list) = (Key::of("example.org"), Key::of("list.example"));
    let zone = published(&own).txt(&list.name(), list.record());
    let shown = shown(zone, &list.sign(&own.sign(&mail("abuse@example.org")))).await;
    assert_eq!(shown.dkim, ["example.org", "list.example"]);
    assert_eq!(shown.aligned_domain.as_deref(), Some("example.org"));
}

#[tokio::test]
async fn a_signature_that_leaves_the_subject_out_is_not_enough() {
    let key = Key::of("example.org");
    let signed = key.sign_fields(&mail("abuse@example.org"), &["From", "Date"], 0);
    let shown = shown(published(&key), &signed).await;
    assert_eq!(shown.aligned_domain, None, "{}", shown.why);
}

#[tokio::test]
async fn an_expired_signature_shows_nothing() {
    // The end is looked at before the signature is: one that is moved to the past shows what an old mail would.
    let key = Key::of("example.org");
    let signed = key.sign_fields(&mail("abuse@example.org"), &["From", "Subject"], 1000);
    let end = signed.split("x=").nth(1).and_then(|rest| rest.split(';').next()).expect("an end").to_owned();
    let shown = shown(published(&key), &signed.replace(&format!("x={end}"), "x=1000000000")).await;
    assert_eq!(shown.aligned_domain, None);
    assert!(shown.why.contains("xpired"), "{}", shown.why);
}

#[tokio::test]
async fn a_second_from_or_subject_put_on_top_makes_it_worth_nothing() {
    let key = Key::of("example.org");
    let signed = key.sign(&mail("abuse@example.org"));
    for extra in ["From: other@example.org\r\n", "Subject: other\r\n"] {
        let shown = shown(published(&key), &format!("{extra}{signed}")).await;
        assert_eq!(shown.aligned_domain, None, "{extra}");
        assert!(shown.why.contains("more than one From or Subject"), "{}", shown.why);
    }
}

#[tokio::test]
async fn the_authors_policy_can_ask_for_more() {
    let key = Key::of("example.org");
    let signed = key.sign(&mail("abuse@reports.example.org"));
    let strict = published(&key).txt("_dmarc.reports.example.org", "v=DMARC1; p=reject; adkim=s; aspf=s");
    let refused = shown(strict, &signed).await;
    assert_eq!((refused.aligned_domain, refused.dmarc.as_str()), (None, "fail"), "{}", refused.why);
    let relaxed = published(&key).txt("_dmarc.example.org", "v=DMARC1; p=reject");
    let passed = shown(relaxed, &signed).await;
    assert_eq!(passed.dmarc, "pass");
    assert_eq!(passed.why, "reports.example.org by DKIM of example.org, as its DMARC policy asks");
}
