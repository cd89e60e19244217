//! Lines that change their address, and what stands in the way of asking and blocking them.

use std::time::Duration;

use jiff::SignedDuration;

use case::{Actor, Command, Stage};

use crate::house::{House, Night, spamcop, until};
use crate::proxy;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn planned(night: &Night) -> Vec<String> {
    night.desk.plan().await.rules().iter().map(|rule| rule.key.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contained_line_that_reconnects_is_proved_and_contained_at_its_new_address() {
    let house = House::new().await;
    house.lease("127.66.0.90", "line-90", -HOUR * 48, Some(HOUR)).await;
    house.lease("127.66.0.90", "line-92", HOUR, None).await;
    house.lease("127.66.0.91", "line-90", HOUR, None).await;
    let open = proxy::open("127.66.0.90").await;
    proxy::open_at("127.66.0.91", open.port()).await;
    let night = house.open().await;
    night.mail("m1", &spamcop("127.66.0.90", open.port(), 7020, house.clock.now() - HOUR)).await;
    house.reaches("line-90", Stage::Contained).await;
    house.clock.advance(HOUR * 2);
    let there = ["127.66.0.91 tcp/25 out".to_owned(), format!("127.66.0.91 tcp/{} in", open.port())];
    until("the blocks to follow the line", async || (planned(&night).await == there).then_some(())).await;
    until("the edge to show them and no others", async || {
        let front = night.desk.front().await.expect("the front page");
        let shown: Vec<String> = front.edge.in_force.iter().map(|rule| rule.key.to_string()).collect();
        (shown == there).then_some(())
    })
    .await;
    house.reaches("line-90", Stage::Contained).await;
    assert!(house.case_of("line-92").await.is_none(), "the new holder has done nothing");
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_stays_on_an_address_that_nobody_holds() {
    let house = House::new().await;
    house.lease("127.66.0.93", "line-93", -HOUR * 48, Some(HOUR)).await;
    let open = proxy::open("127.66.0.93").await;
    let night = house.open().await;
    night.mail("m1", &spamcop("127.66.0.93", open.port(), 7021, house.clock.now() - HOUR)).await;
    house.reaches("line-93", Stage::Contained).await;
    house.clock.advance(HOUR * 2);
    let read = night.desk.now();
    house.clock.advance(SignedDuration::from_secs(1));
    // A second case makes the edge loop go round with the address free.
    house.leased("127.66.0.94", "line-94").await;
    let other = proxy::open("127.66.0.94").await;
    night.mail("m2", &spamcop("127.66.0.94", other.port(), 7022, house.clock.now() - HOUR)).await;
    house.reaches("line-94", Stage::Contained).await;
    let front = night.desk.front().await.expect("the front page");
    assert!(front.edge.read_at > Some(read), "the edge was read after the lease had ended");
    assert_eq!(planned(&night).await.len(), 4, "{:?}", planned(&night).await);
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_near_a_change_of_hands_waits_until_it_is_clear_who_is_asked() {
    let house = House::new().await;
    let seconds = SignedDuration::from_secs;
    house.lease("127.66.0.95", "line-95", -HOUR * 48, Some(-seconds(10))).await;
    house.lease("127.66.0.95", "line-96", -seconds(10), None).await;
    proxy::open("127.66.0.95").await;
    let night = house.open().await;
    night.mail("m1", &spamcop("127.66.0.95", 9, 7023, house.clock.now() - HOUR)).await;
    let due = house.clock.now() + seconds(65);
    until("the question to be put off", async || {
        let next = house.store.next_errand_due().await.expect("the outbox");
        (next == Some(due)).then_some(())
    })
    .await;
    assert!(house.case_of("line-95").await.expect("the case").answers().is_empty());
    house.clock.advance(seconds(70));
    until("an answer that nobody could be asked", async || {
        let case = house.case_of("line-95").await?;
        case.answers().iter().any(|answer| answer.verdict == case::Verdict::Unreachable).then_some(())
    })
    .await;
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_not_kept_waiting_and_a_question_put_too_early_is_put_again() {
    let mut house = House::new().await;
    house.min_gap = Duration::from_secs(3600);
    house.leased("127.66.0.97", "line-97").await;
    let open = proxy::open("127.66.0.97").await;
    let night = house.open().await;
    night.mail("m1", &spamcop("127.66.0.97", open.port(), 7024, house.clock.now() - HOUR)).await;
    let case = house.reaches("line-97", Stage::Contained).await;
    let recheck = Command::Recheck { ports: Vec::new() };
    night.desk.act(case.id(), recheck, Actor::Operator("erika".to_owned())).await.expect("a recheck");
    until("a second proof", async || {
        let case = house.case_of("line-97").await?;
        (case.answers().iter().filter(|answer| answer.verdict.is_proof()).count() == 2).then_some(())
    })
    .await;
    // The desk's own next look comes before the prober's least gap is over, which runs on the real clock.
    house.clock.advance(HOUR * 7);
    let again = house.clock.now() + SignedDuration::from_mins(11);
    until("the look to be put off", async || {
        let next = house.store.next_errand_due().await.expect("the outbox");
        (next == Some(again)).then_some(())
    })
    .await;
    let case = house.case_of("line-97").await.expect("the case");
    assert_eq!(case.answers().len(), 2, "that it was too early is no answer");
    assert!(case.outstanding().is_some(), "and the case still waits for one");
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_only_an_operator_can_mend_pages_them() {
    let mut house = House::new().await;
    house.edge_program = Some("no-such-packet-filter".to_owned());
    house.leased("127.66.0.98", "line-98").await;
    let open = proxy::open("127.66.0.98").await;
    let night = house.open().await;
    night.mail("m1", &spamcop("127.66.0.98", open.port(), 7025, house.clock.now() - HOUR)).await;
    let case = until("a page", async || {
        let case = house.case_of("line-98").await?;
        case.notes().iter().any(|note| note.text.contains("write to operators")).then_some(case)
    })
    .await;
    assert_eq!(case.stage(), Stage::Confirmed, "nothing is contained");
    night.end().await;
}
