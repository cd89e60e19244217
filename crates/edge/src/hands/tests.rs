use case::{CaseId, Measure, Plan, Rule, RuleKey, Transport};
use jiff::{SignedDuration, Timestamp};

use super::{Dialect, Hands, HandsConfig};
use crate::round::{Peer, Round};

const MAIL: Measure = Measure::Out { protocol: Transport::Tcp, port: 25 };
const PROXY: Measure = Measure::In { protocol: Transport::Udp, port: 48613 };

fn plan(addresses: &[&str]) -> Plan {
    let rules = addresses.iter().flat_map(|address| {
        [MAIL, PROXY].map(|measure| Rule {
            key: RuleKey { address: address.parse().unwrap(), measure },
            case: CaseId(17),
            until: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(2),
        })
    });
    Plan::new(rules.collect())
}

fn limits() -> crate::Config {
    let home = case::Home::new(["203.0.113.0/24", "2001:db8::/32"].map(|net| net.parse().unwrap())).unwrap();
    let territory = case::Territory { home, never_touch: Vec::new().into() };
    crate::Config { territory, max_new_per_hour: 100 }
}

/// What hands are given, for each maker: a first plan, and then one with a line let go and another blocked.
#[tokio::test]
async fn each_maker_is_told_in_its_own_words() {
    for dialect in [Dialect::Ios, Dialect::Junos, Dialect::Routeros, Dialect::Eos] {
        let dir = tempfile::tempdir().unwrap();
        let (todo, done) = (dir.path().join("edge1.todo"), dir.path().join("edge1.done"));
        let config =
            HandsConfig { dialect, dir: dir.path().to_owned(), name: "edge1".to_owned(), live: true };
        let mut hands = Hands::new(config);
        let mut round = Round::new("edge1", limits(), true);
        let now = Timestamp::UNIX_EPOCH;
        let first = plan(&["203.0.113.66", "2001:db8::66"]);
        let receipt = round.reconcile(&mut hands, &first, now).await.unwrap();
        assert!(receipt.in_force.is_empty(), "nobody has done it yet");
        assert!(receipt.refused.iter().all(|refused| refused.reason.contains("waits for hands")));
        let text = std::fs::read_to_string(&todo).unwrap();
        std::fs::rename(&todo, &done).unwrap();
        let receipt = round.reconcile(&mut hands, &first, now).await.unwrap();
        assert_eq!((receipt.in_force.len(), todo.exists()), (4, false));

        let next = plan(&["203.0.113.67", "2001:db8::66"]);
        round.reconcile(&mut hands, &next, now).await.unwrap();
        let then = std::fs::read_to_string(&todo).unwrap();
        insta::assert_snapshot!(format!("{dialect:?}"), format!("{text}\n=== and then\n{then}"));
        round.reconcile(&mut hands, &first, now).await.unwrap();
        assert!(!todo.exists(), "what was undone before hands did it needs none");
        assert!(hands.look().await.unwrap().keys().any(|key| key.address.to_string() == "203.0.113.66"));
    }
}
