//! Merge and split: what was said moves by somebody's word, the logs stay, and what was proved stays where it is.

use jiff::SignedDuration;

use case::{CaseId, Event, Refusal, Stage};
use desk::{ActError, RefileError};

use crate::house::{House, Night, spamcop, until};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Two lines with a case each; two reports on the first.
async fn two(house: &House) -> Night {
    for line in 1..=3 {
        house.leased(&format!("127.66.0.{line}"), &format!("line-{line}")).await;
    }
    let night = house.open().await;
    let at = house.clock.now() - HOUR;
    for (line, number) in [(1, 7101), (1, 7102), (2, 7103)] {
        night.mail(&format!("m{number}"), &spamcop(&format!("127.66.0.{line}"), 9, number, at)).await;
    }
    for (line, reports) in [("line-1", 2), ("line-2", 1)] {
        until("a probed case", async || {
            house
                .case_of(line)
                .await
                .filter(|case| !case.answers().is_empty() && case.sightings().len() == reports)
        })
        .await;
    }
    night
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_case_ends_and_what_was_said_of_it_stands_on_the_other() {
    let house = House::new().await;
    let night = two(&house).await;
    let (from, into) =
        (house.case_of("line-1").await.expect("it"), house.case_of("line-2").await.expect("it"));
    let merge = async |from, into, reason: &str| night.desk.merge(from, None, into, reason, "ann").await;
    let refused =
        |result| matches!(result, Err(RefileError::Act(ActError::Refused(why))) if why == Refusal::NoReason);
    assert!(refused(merge(from.id(), into.id(), " ").await), "without a reason");
    assert!(merge(from.id(), from.id(), "x").await.is_err(), "into itself");
    assert!(merge(from.id(), CaseId(99), "x").await.is_err(), "into nothing");
    let stale = night.desk.merge(from.id(), Some(from.version() - 1), into.id(), "x", "ann").await;
    assert!(matches!(stale, Err(RefileError::Act(ActError::Changed))), "{stale:?}");
    assert_eq!(house.case_of("line-1").await.expect("it").version(), from.version(), "nothing happened yet");

    merge(from.id(), into.id(), "one machine, two sockets").await.expect("merged");
    assert!(house.case_of("line-1").await.is_none(), "the line has no open case");
    let case = house.case_of("line-2").await.expect("it");
    assert_eq!(case.sightings().len(), 3);
    let moved = case.sightings().iter().filter(|one| one.attributed.contains("one machine, two sockets"));
    assert_eq!(moved.count(), 2);
    assert!(case.stage() <= Stage::Suspected && case.blocks().count() == 0);
    let log = house.store.records(from.id()).await.expect("its log");
    assert!(log.iter().any(|one| matches!(&one.event, Event::Merged { into: to, .. } if *to == into.id())));
    let heard = house.store.heard_of(&[into.id()]).await.expect("heard");
    assert_eq!(heard[&into.id()].reports, 3, "each report is counted where it stands now");

    // What is heard of the line from here on is a case of its own again.
    night.mail("m7109", &spamcop("127.66.0.1", 9, 7109, house.clock.now() - HOUR)).await;
    let again = until("a new case", async || house.case_of("line-1").await).await;
    assert!(again.id() != from.id() && again.sightings().len() == 1);
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_case_goes_on_as_two_of_which_each_has_its_part() {
    let house = House::new().await;
    let night = two(&house).await;
    let case = house.case_of("line-1").await.expect("it");
    let chosen = [case.sightings()[0].evidence];
    let split = async |chosen: &[case::EvidenceId], line: &str| {
        night.desk.split(case.id(), Some(case.version()), chosen, line, "the neighbour's", "ann").await
    };
    assert!(matches!(split(&chosen, "line-77").await, Err(RefileError::NoSuchLine(_))));
    assert!(matches!(split(&chosen, "line-1").await, Err(RefileError::SameLine)));
    assert!(matches!(split(&[], "line-3").await, Err(RefileError::NothingChosen)));
    split(&chosen, "line-3").await.expect("split");
    let (own, other) =
        (house.case_of("line-1").await.expect("it"), house.case_of("line-3").await.expect("it"));
    assert!(own.id() != case.id() && other.id() != case.id());
    assert_eq!((own.sightings().len(), other.sightings().len()), (1, 1));
    assert_eq!(other.sightings()[0].evidence, chosen[0]);
    assert!(other.stage() <= Stage::Suspected, "{:?}", other.stage());
    night.end().await;

    // A start after that finds it as it is.
    let night = house.open().await;
    let page = night.desk.queue("", 1, "ann").await.expect("the queue");
    assert_eq!(page.total, 3);
    night.end().await;
}
