//! Mails of relay tests that are under way.

use store::RelayMail;

use super::at;
use crate::stand::Stand;

pub(crate) async fn a_mail_under_way_outlives_a_restart_and_its_time_does_not(stand: Stand) {
    let store = stand.open().await;
    let mail = |nonce: &str, expires| RelayMail {
        nonce: nonce.to_owned(),
        target: "[2001:db8::25]:25".parse().expect("an address"),
        form: "T@D from F@D".to_owned(),
        expires: at(expires),
        taken: None,
        landed: None,
        bounced: None,
    };
    let all = [mail("a", 100), mail("b", 200), mail("c", 300)];
    store.keep_relay_mails(&all, &[]).await.expect("keeps");
    let landed = RelayMail {
        taken: Some(at(10)),
        landed: Some("192.0.2.9".parse().expect("an address")),
        ..mail("b", 200)
    };
    store.keep_relay_mails(std::slice::from_ref(&landed), &["c".to_owned()]).await.expect("keeps");
    drop(store);
    let store = stand.open().await;
    assert_eq!(store.relay_mails(at(99)).await.expect("reads"), [mail("a", 100), landed.clone()]);
    assert_eq!(store.relay_mails(at(100)).await.expect("reads"), [landed]);
}
