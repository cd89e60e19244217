//! Who talked with whom, and what one host's day looked like.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod world;

use world::{DAY, HOUR, MINUTE, TWO, filled, ip, knock, talk};

const C2: &str = "198.51.100.7";

#[tokio::test]
async fn everybody_who_called_the_same_stranger_is_found_with_when_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let mut flows = Vec::new();
    for beat in 0..30_u16 {
        flows.extend(talk(
            TWO.plus(i64::from(beat) * 10 * MINUTE),
            ("203.0.113.5", 50_000 + beat),
            (C2, 8443),
            900,
        ));
    }
    flows.extend(talk(TWO.plus(-HOUR), ("203.0.113.6", 50_001), (C2, 8443), 900));
    flows.extend(talk(TWO, ("203.0.113.7", 50_001), ("198.51.100.8", 8443), 900));
    let lake = filled(folder.path(), &flows).await;
    let found = lake.who_talks_to(ip(C2), TWO.plus(-DAY), TWO.plus(DAY), 100).await.unwrap();
    let who: Vec<_> =
        found.talkers.iter().map(|one| (one.address, one.flows, one.port, one.serves)).collect();
    assert_eq!(
        who,
        [(ip("203.0.113.6"), 2, Some(8443), false), (ip("203.0.113.5"), 60, Some(8443), false)],
        "the earliest first, with the port on the peer's side"
    );
    assert_eq!(found.talkers[0].first, TWO.plus(-HOUR));
    assert_eq!(found.talkers[1].bytes_out, 30 * 1200);
    let few = lake.who_talks_to(ip(C2), TWO.plus(-DAY), TWO.plus(DAY), 1).await.unwrap();
    assert_eq!((few.talkers.len(), few.more), (1, true));
}

#[tokio::test]
async fn a_hosts_day_shows_its_listener_its_strangers_and_where_it_went() {
    let folder = tempfile::tempdir().unwrap();
    let host = "203.0.113.5";
    let mut flows = talk(TWO, (host, 50_000), (C2, 8443), 900);
    for n in 0..40_u16 {
        let stranger = format!("192.0.2.{}", n + 1);
        flows.extend(talk(
            TWO.plus(30 * MINUTE + i64::from(n) * 1000),
            (&stranger, 40_000),
            (host, 48_613),
            70_000,
        ));
    }
    flows.extend(knock(TWO.plus(2 * HOUR), ("192.0.2.99", 40_000), (host, 23)));
    let lake = filled(folder.path(), &flows).await;
    let day = lake.timeline(ip(host), TWO, TWO.plus(DAY)).await.unwrap();
    assert_eq!(day.listeners.iter().map(|one| (one.port, one.peers)).collect::<Vec<_>>(), [(48_613, 40)]);
    assert_eq!(day.step, 10 * MINUTE);
    let busy = day.steps.iter().max_by_key(|step| step.strangers).unwrap();
    assert_eq!((busy.at, busy.strangers, busy.came, busy.answered), (TWO.plus(30 * MINUTE), 40, 40, 40));
    let knocked = day.steps.iter().find(|step| step.at == TWO.plus(2 * HOUR)).unwrap();
    assert_eq!((knocked.came, knocked.answered), (1, 0));
    assert_eq!(day.went_to.iter().map(|one| (one.port, one.peers)).collect::<Vec<_>>(), [(8443, 1)]);
    assert_eq!(day.flows, 83);
    let nobody = lake.timeline(ip("203.0.113.9"), TWO, TWO.plus(DAY)).await.unwrap();
    assert!(nobody.flows == 0 && nobody.steps.iter().all(|step| step.came + step.went == 0));
}

#[tokio::test]
async fn a_question_about_an_empty_lake_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake::Lake::open(folder.path().join("never-made"), lake::Limits::default()).await.unwrap();
    assert!(lake.who_talks_to(ip(C2), TWO, TWO.plus(DAY), 10).await.unwrap().talkers.is_empty());
    assert_eq!(lake.timeline(ip("203.0.113.5"), TWO, TWO.plus(HOUR)).await.unwrap().coverage.held, 0);
    assert_eq!(lake.reaches().unwrap(), None);
}
