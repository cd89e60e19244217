//! Firewalls of the in-memory night.

use desk::{ExemptionState, FirewallLine, FirewallNet, FirewallState, FirewallView, MailPortView, MailWish};
use jiff::SignedDuration;

use super::now;

/// The token of the one link.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Nine lines in force, two not, one of which is to be called.
pub fn view() -> FirewallView {
    let line = |subscriber: &str, step: Option<&str>, agrees| FirewallLine {
        subscriber: subscriber.parse().unwrap(),
        address: Some("203.0.113.7".parse().unwrap()),
        profile: "closed".to_owned(),
        number: 3,
        link: format!("/firewall/{TOKEN}.uci"),
        state: FirewallState::NotInForce,
        since: Some(now() - SignedDuration::from_hours(50)),
        why: "tcp/445 (microsoft-ds) answer strangers".to_owned(),
        ports: Vec::new(),
        agrees,
        step: step.map(|step| (step.to_owned(), now() - SignedDuration::from_hours(2))),
    };
    let count = |state| match state {
        FirewallState::InForce => 9,
        FirewallState::NotInForce => 2,
        _ => 0,
    };
    FirewallView {
        insists: true,
        states: FirewallState::ALL.map(|state| (state, count(state))).to_vec(),
        worst: vec![FirewallNet { net: "203.0.113.0/24".to_owned(), out_of_force: 2, known: 11 }],
        days: vec![(20_780, 5, 5), (20_781, 9, 2)],
        lines: vec![line("line-<b>once</b>", None, false), line("line-called", Some("call"), true)],
    }
}

/// One wish, as it was decided.
pub fn mail_port(decided: &[(String, Option<i64>, String)]) -> MailPortView {
    let last = decided.last();
    let granted = last.and_then(|(_, hours, _)| *hours);
    let wish = MailWish {
        subscriber: "line-7".parse().unwrap(),
        asked: now() - SignedDuration::from_hours(5),
        reason: "my <i>own</i> mail server".to_owned(),
        state: match (last, granted) {
            (None, _) => ExemptionState::Asked,
            (_, Some(_)) => ExemptionState::Granted,
            (_, None) => ExemptionState::Refused,
        },
        is_open: granted.is_some(),
        decided_by: last.map(|(_, _, by)| by.clone()),
        until: granted.map(|hours| now() + SignedDuration::from_hours(hours)),
    };
    MailPortView { dynamic: vec!["203.0.113.0/24".parse().unwrap()], relays: Vec::new(), wishes: vec![wish] }
}
