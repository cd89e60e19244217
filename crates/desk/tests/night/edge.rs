//! What operators do to blocks, and what blocks do to operators.

use case::{Actor, Command, Refusal, Stage};
use desk::ActError;
use jiff::SignedDuration;

use crate::house::{House, spamcop, until};
use crate::proxy;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_command_beside_the_desk_at_work_releases_every_line_at_once() {
    let house = House::new().await;
    house.leased("127.66.0.81", "line-81").await;
    let open = proxy::open("127.66.0.81").await;
    let night = house.open().await;
    night.mail("m1", &spamcop("127.66.0.81", open.port(), 7081, house.clock.now() - HOUR)).await;
    house.reaches("line-81", Stage::Contained).await;
    let command = house.command().await;
    let released = command.release_all("a false alarm", "erika").await.expect("a release");
    assert_eq!(released.len(), 1);
    assert!(command.release_all("once more", "erika").await.expect("a release").is_empty());
    until("the desk at work lets go", async || {
        let front = night.desk.front().await.expect("the front page");
        front.edge.in_force.is_empty().then_some(())
    })
    .await;
    let case = house.case_of("line-81").await.expect("the case");
    assert!(case.standing_rules(house.clock.now()).is_empty());
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_ordered_blocks_by_hand_cannot_approve_them() {
    let mut house = House::new().await;
    house.playbook.second_person = true;
    house.leased("127.66.0.82", "line-82").await;
    let night = house.open().await;
    night.mail("m1", &spamcop("127.66.0.82", 48613, 7082, house.clock.now() - HOUR)).await;
    let case = until("a case", async || house.case_of("line-82").await).await.id();
    let by = |name: &str| Actor::Operator(name.to_owned());
    let approve = |name: &str| Command::Approve { by: name.to_owned() };
    let confirm = Command::Confirm { reason: "seen it work".to_owned() };
    night.desk.act(case, confirm, by("erika")).await.expect("a confirmation");
    let refused = night.desk.act(case, approve("erika"), by("erika")).await;
    assert!(matches!(refused, Err(ActError::Refused(Refusal::SamePerson))), "{refused:?}");
    assert!(night.desk.plan().await.rules().is_empty());
    night.desk.act(case, approve("hans"), by("hans")).await.expect("an approval");
    house.reaches("line-82", Stage::Contained).await;
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_of_new_blocks_that_is_used_up_stops_and_pages() {
    let mut house = House::new().await;
    house.max_new_per_hour = 1;
    house.leased("127.66.0.83", "line-83").await;
    let open = proxy::open("127.66.0.83").await;
    let night = house.open().await;
    night.mail("m1", &spamcop("127.66.0.83", open.port(), 7083, house.clock.now() - HOUR)).await;
    let case = until("a page", async || {
        let case = house.case_of("line-83").await?;
        case.notes().iter().any(|note| note.text.contains("write to operators")).then_some(case)
    })
    .await;
    assert_eq!(case.stage(), Stage::Confirmed, "one of two blocks is not all of them");
    let front = night.desk.front().await.expect("the front page");
    assert_eq!(front.edge.in_force.len(), 1);
    assert!(
        front.edge.trouble.is_some_and(|trouble| trouble.contains("cap of 1 new blocks an hour reached"))
    );
    night.end().await;
}
