//! What a forwarder saw before it changed the mail.

use lookup::{Authentication, Config, Handed};
use mail_auth::arc::ArcSealer;
use mail_auth::common::headers::HeaderWriter;
use mail_auth::{ArcOutput, AuthenticatedMessage, AuthenticationResults};

use crate::names::Zone;
use crate::post::{Key, mail};

/// What a list passes on: it saw `results`, put its footer below and sealed both.
fn forwarded(sealer: &Key, domain: &str, results: &str) -> String {
    let changed = format!("{}-- \r\nsent through the list\r\n", mail("abuse@example.org"));
    let seen = AuthenticatedMessage::parse(changed.as_bytes()).expect("a mail");
    let sealing = ArcSealer::from_key(sealer.key()).domain(domain).selector("s").headers(["From", "Subject"]);
    // The name of the host is written as it is given: with the results behind it.
    let words = format!("lists.example.net; {results}");
    let told = AuthenticationResults::new(&words);
    let header = sealing.seal(&seen, &told, &ArcOutput::default()).expect("a seal").to_header();
    assert!(header.contains(results), "{header}");
    format!("{header}{changed}")
}

async fn shown(key: &Key, mail: &str, sealers: &[&str]) -> Authentication {
    let trusted_sealers = sealers.iter().map(|&name| name.to_owned()).collect();
    let zone = Zone::default().txt(&key.name(), key.record());
    let (authenticator, _) = zone.serve(Config { trusted_sealers, ..Config::default() }).await;
    authenticator.check(mail.as_bytes(), Handed::default()).await
}

#[tokio::test]
async fn a_named_sealers_word_counts_and_a_strangers_does_not() {
    let key = Key::of("lists.example.net");
    let mail = forwarded(&key, "lists.example.net", "dkim=pass header.d=example.org");
    let named = shown(&key, &mail, &["lists.example.net"]).await;
    assert_eq!(named.aligned_domain.as_deref(), Some("example.org"), "{}", named.why);
    assert_eq!(named.arc.as_deref(), Some("lists.example.net"));
    for sealers in [&[][..], &["other.example"], &["example.net"]] {
        let stranger = shown(&key, &mail, sealers).await;
        assert_eq!(stranger.aligned_domain, None, "{}", stranger.why);
    }
}

#[tokio::test]
async fn a_seal_over_a_failure_or_a_mail_changed_since_shows_nothing() {
    let key = Key::of("lists.example.net");
    let failed = forwarded(&key, "lists.example.net", "dkim=fail header.d=example.org");
    assert_eq!(shown(&key, &failed, &["lists.example.net"]).await.aligned_domain, None);
    let good = forwarded(&key, "lists.example.net", "dkim=pass header.d=example.org");
    let changed = good.replace("port 3128", "port 3129");
    assert_eq!(shown(&key, &changed, &["lists.example.net"]).await.aligned_domain, None);
    let reworded = failed.replace("dkim=fail", "dkim=pass");
    assert_eq!(shown(&key, &reworded, &["lists.example.net"]).await.aligned_domain, None);
}
