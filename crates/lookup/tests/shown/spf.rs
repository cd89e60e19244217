//! Where a mail may come from.

use lookup::{Authentication, Config, Handed};

use crate::names::Zone;
use crate::post::mail;

async fn handed(zone: Zone, peer: &str, mail_from: &str) -> Authentication {
    let (authenticator, _) = zone.serve(Config::default()).await;
    let handed = Handed {
        peer: Some(peer.parse().expect("an address")),
        helo: Some("mx.example.org"),
        mail_from: Some(mail_from),
    };
    authenticator.check(mail("abuse@example.org").as_bytes(), handed).await
}

fn zone() -> Zone {
    Zone::default()
        .txt("example.org", "v=spf1 ip4:192.0.2.0/24 -all")
        .txt("evil.example", "v=spf1 +all")
        .txt("mx.example.org", "v=spf1 ip4:192.0.2.25 -all")
}

#[tokio::test]
async fn the_authors_own_server_shows_the_author() {
    let shown = handed(zone(), "192.0.2.9", "bounce@example.org").await;
    assert_eq!(shown.aligned_domain.as_deref(), Some("example.org"), "{}", shown.why);
    assert_eq!(shown.why, "example.org by SPF of example.org");
}

#[tokio::test]
async fn a_pass_for_somebody_else_or_a_failure_does_not() {
    let other = handed(zone(), "203.0.113.9", "x@evil.example").await;
    assert_eq!((other.spf.as_deref(), other.aligned_domain), (Some("evil.example"), None), "{}", other.why);
    let fails = handed(zone(), "203.0.113.9", "x@example.org").await;
    assert_eq!((fails.spf, fails.aligned_domain), (None, None), "{}", fails.why);
}

#[tokio::test]
async fn a_bounce_is_shown_by_the_name_of_its_server() {
    let shown = handed(zone(), "192.0.2.25", "").await;
    assert_eq!(shown.aligned_domain.as_deref(), Some("example.org"), "{}", shown.why);
}

#[tokio::test]
async fn a_record_that_costs_more_than_ten_questions_shows_nothing() {
    let links = (0..12).map(|n| format!("include:s{n}.example.org ")).collect::<String>();
    let mut costly = Zone::default().txt("example.org", format!("v=spf1 {links}ip4:192.0.2.0/24 -all"));
    for n in 0..12 {
        costly = costly.txt(&format!("s{n}.example.org"), "v=spf1 ip4:198.51.100.1 ?all");
    }
    let (authenticator, zone) = costly.serve(Config::default()).await;
    let peer = Some("192.0.2.9".parse().expect("an address"));
    let handed = Handed { peer, helo: None, mail_from: Some("x@example.org") };
    let shown = authenticator.check(mail("abuse@example.org").as_bytes(), handed).await;
    assert_eq!(shown.aligned_domain, None, "{}", shown.why);
    let asked = zone.asked.load(std::sync::atomic::Ordering::Relaxed);
    assert!(asked <= 12, "asked {asked} times");
}
