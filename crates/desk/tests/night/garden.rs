//! The walled garden: contained, told, cleaned, tested, released; and what does not let anybody out.

use std::net::IpAddr;

use case::Stage;
use desk::{GardenAnswer, GardenOutcome, GardenWhat};
use jiff::SignedDuration;

use crate::house::{House, Night, spamcop, until};
use crate::proxy;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// What came of the newest test, once it has ended.
async fn tested(night: &Night, line: IpAddr) -> GardenOutcome {
    until("the end of a test", async || {
        let guest = night.desk.garden_guest(line).await.expect("a guest");
        guest.last.map(|(_, outcome)| outcome).filter(|outcome| *outcome != GardenOutcome::Running)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cleaned_line_is_let_out_by_its_own_test_and_a_dirty_one_is_not() {
    let house = House::new().await;
    house.leased("127.66.7.66", "line-766").await;
    house.leased("127.66.7.67", "line-767").await;
    let (open, serving) = proxy::open_for_now("127.66.7.66", 0).await;
    let night = house.open().await;
    let line = address("127.66.7.66");
    let clean = night.desk.garden_test(address("127.66.7.67")).await.expect("an answer");
    assert_eq!(clean, GardenAnswer::NothingBlocked, "who is not contained has nothing to test");
    night.mail("m1", &spamcop("127.66.7.66", open.port(), 7101, house.clock.now() - HOUR)).await;
    let case = house.reaches("line-766", Stage::Contained).await;

    let guest = night.desk.garden_guest(line).await.expect("a guest");
    assert_eq!(guest.contained, Some(case.id()));
    assert_eq!(
        guest.seen.first().map(|seen| (seen.what, seen.port)),
        Some((GardenWhat::OpenProxy, Some(open.port())))
    );
    assert_eq!(night.desk.garden_test(line).await.expect("an answer"), GardenAnswer::Begun);
    assert_eq!(tested(&night, line).await, GardenOutcome::StillOpen);
    assert!(!night.desk.plan().await.rules().is_empty(), "a line that is open stays contained");
    assert_eq!(night.desk.garden_test(line).await.expect("an answer"), GardenAnswer::TooSoon);

    serving.abort();
    house.clock.advance(SignedDuration::from_mins(3));
    assert_eq!(night.desk.garden_test(line).await.expect("an answer"), GardenAnswer::Begun);
    assert_eq!(tested(&night, line).await, GardenOutcome::Released);
    let guest = night.desk.garden_guest(line).await.expect("a guest");
    assert_eq!((guest.contained, guest.releases_left), (None, 1));
    assert_eq!(night.desk.plan().await.rules(), [], "nothing of the line is blocked any more");
    let view = night.desk.case(case.id()).await.expect("a page").expect("the case");
    assert!(
        view.timeline.iter().any(|row| row.text.contains("the customer asked for a test")),
        "{:#?}",
        view.timeline
    );
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_two_releases_within_a_month_a_person_looks() {
    let house = House::new().await;
    house.leased("127.66.7.68", "line-768").await;
    let open = proxy::open("127.66.7.68").await;
    let line = address("127.66.7.68");
    let night = house.open().await;
    night.mail("m1", &spamcop("127.66.7.68", open.port(), 7201, house.clock.now() - HOUR)).await;
    let case = house.reaches("line-768", Stage::Contained).await;
    let released = async |days: i64| {
        let at = house.clock.now() - SignedDuration::from_hours(24 * days);
        let outcome = Some("released".to_owned());
        let test = store::GardenTest { at, case: case.id(), question: 1, outcome };
        house.store.put_garden_test(&"line-768".parse().expect("a line"), &test).await.expect("a row");
    };
    released(40).await;
    released(20).await;
    let guest = night.desk.garden_guest(line).await.expect("a guest");
    assert_eq!(guest.releases_left, 1, "what is more than a month ago is forgiven");
    released(10).await;
    assert_eq!(night.desk.garden_test(line).await.expect("an answer"), GardenAnswer::Person);
    assert!(!night.desk.plan().await.rules().is_empty());
    night.end().await;
}
