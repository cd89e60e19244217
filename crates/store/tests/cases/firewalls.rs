//! The firewalls of the lines, and who may send mail directly.

use case::CaseId;
use store::{ExemptionRow, FirewallRow, GardenTest};

use super::at;
use crate::stand::Stand;

pub(crate) fn row(subscriber: &str, state: &str) -> FirewallRow {
    FirewallRow {
        subscriber: subscriber.parse().expect("a subscriber"),
        profile: "closed".to_owned(),
        server: "{}".to_owned(),
        number: 1,
        token: format!("token-{subscriber}"),
        address: Some("198.51.100.7".parse().expect("an address")),
        net: Some("198.51.100.0/24".to_owned()),
        record: "{}".to_owned(),
        state: state.to_owned(),
        since: Some(at(5)),
        step: None,
        stepped: None,
        updated: at(9),
    }
}

pub(crate) async fn a_firewall_is_replaced_counted_and_found_by_its_link(stand: Stand) {
    let store = stand.open().await;
    for (subscriber, state) in [("line-1", "in force"), ("line-2", "in force"), ("line-3", "not in force")] {
        store.put_firewall(&row(subscriber, state)).await.expect("puts");
    }
    let changed =
        FirewallRow { number: 2, step: Some("reminder".to_owned()), ..row("line-2", "not in force") };
    store.put_firewall(&changed).await.expect("puts");
    assert_eq!(store.firewall_line(&changed.subscriber).await.expect("reads"), Some(changed.clone()));
    assert_eq!(store.firewall_of_token("token-line-2").await.expect("reads"), Some(changed));
    assert_eq!(store.firewall_of_token("token-line-9").await.expect("reads"), None);
    let states = store.firewall_states().await.expect("counts");
    assert_eq!(states, [("in force".to_owned(), 1), ("not in force".to_owned(), 2)]);
    let nets = store.firewall_nets("not in force", 5).await.expect("counts");
    assert_eq!(nets, [("198.51.100.0/24".to_owned(), 2, 3)]);
    assert_eq!(store.firewall_lines(Some("not in force"), 9).await.expect("lists").len(), 2);
    assert_eq!(store.firewall_lines(None, 9).await.expect("lists").len(), 3);
    store.put_firewall_day(20_000, &states).await.expect("counts");
    store.put_firewall_day(20_000, &[("in force".to_owned(), 4)]).await.expect("counts");
    let days = store.firewall_days(19_999).await.expect("lists");
    assert_eq!(days, [(20_000, "in force".to_owned(), 4), (20_000, "not in force".to_owned(), 2)]);
}

pub(crate) async fn a_wish_to_send_mail_and_a_test_end_as_they_were_decided(stand: Stand) {
    let store = stand.open().await;
    let subscriber: case::SubscriberId = "line-1".parse().expect("a subscriber");
    let asked = ExemptionRow {
        subscriber: subscriber.clone(),
        asked: at(0),
        reason: "my own mail server".to_owned(),
        state: "asked".to_owned(),
        decided_by: None,
        until: None,
    };
    store.put_mail_exemption(&asked).await.expect("puts");
    let granted = ExemptionRow { state: "granted".to_owned(), until: Some(at(99)), ..asked };
    store.put_mail_exemption(&granted).await.expect("puts");
    assert_eq!(store.mail_exemption(&subscriber).await.expect("reads"), Some(granted.clone()));
    assert_eq!(store.mail_exemptions(5).await.expect("lists"), [granted]);
    let test = |second, outcome: Option<&str>| GardenTest {
        at: at(second),
        case: CaseId(7),
        question: 4,
        outcome: outcome.map(str::to_owned),
    };
    for one in [test(1, None), test(20, None), test(20, Some("released"))] {
        store.put_garden_test(&subscriber, &one).await.expect("puts");
    }
    let tests = store.garden_tests(&subscriber, at(2)).await.expect("lists");
    assert_eq!(tests, [test(20, Some("released"))]);
}
