//! The inbox: what no case could take waits for a person, and somebody is told when it waits too long.

use jiff::SignedDuration;

use case::EvidenceId;
use desk::{DeedFilter, INBOX_MAY_WAIT, InboxError};

use crate::house::{House, Night, spamcop, until};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The messages that wait.
async fn waiting(night: &Night, count: usize) -> Vec<EvidenceId> {
    until("what waits in the inbox", async || {
        let rows = night.desk.intake(Some("inbox"), 1).await.expect("the inbox");
        (rows.len() == count).then(|| rows.iter().map(|row| row.id).collect())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_an_hour_is_told_once_and_no_longer_when_somebody_has_settled_it() {
    let house = House::new().await;
    let night = house.open().await;
    night.mail("orphan", &spamcop("127.66.0.200", 9, 7006, house.clock.now() - HOUR)).await;
    let ids = waiting(&night, 1).await;
    assert!(!night.desk.inbox().await.expect("the inbox").late);
    let pages = async || night.desk.duty_view().await.expect("duty").open;
    assert!(pages().await.is_empty(), "nobody is told of what came just now");

    house.clock.advance(INBOX_MAY_WAIT + SignedDuration::from_mins(2));
    until("a page", async || pages().await.pop()).await;
    assert!(night.desk.inbox().await.expect("the inbox").late);
    let told = pages().await;
    assert_eq!((told.len(), told[0].page.reason.name(), told[0].page.subjects.len()), (1, "inbox", 1));

    assert!(matches!(night.desk.settle_inbox(Some(&ids), "ann", " ").await, Err(InboxError::Reason)));
    assert_eq!(night.desk.settle_inbox(Some(&ids), "ann", "a printer").await.expect("settled"), 1);
    let again = night.desk.settle_inbox(Some(&ids), "ann", "a printer").await;
    assert!(matches!(again, Err(InboxError::NotThere)), "{again:?}");
    waiting(&night, 0).await;
    assert!(!night.desk.inbox().await.expect("the inbox").late);
    assert_eq!(night.desk.front().await.expect("the front").orphans, 0);
    let kept = night.desk.intake(Some("orphan"), 1).await.expect("orphans");
    let settled = kept[0].settled.as_ref().expect("who settled it");
    assert_eq!((settled.1.as_str(), settled.2.as_str()), ("ann", "a printer"));
    let filter = DeedFilter { deed: Some("inbox-settled".to_owned()), ..DeedFilter::default() };
    assert_eq!(night.desk.deeds(&filter, None).await.expect("deeds").len(), 1);
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_without_a_lease_is_filed_on_a_line_by_hand_and_stays_hearsay() {
    let house = House::new().await;
    house.leased("127.66.0.9", "line-9").await;
    let night = house.open().await;
    night.mail("orphan", &spamcop("127.66.0.200", 9, 7006, house.clock.now() - HOUR)).await;
    night.mail("noise", "Subject: report\n\nAbuse report: spam was sent by a host of yours.\n").await;
    let id = waiting(&night, 1).await[0];
    let file = async |id, line: &str| night.desk.file_by_hand(id, line, "ann", "they called").await;
    assert!(matches!(file(id, "line-8").await, Err(InboxError::NoSuchLine(_))));
    file(id, "line-9").await.expect("filed");
    let case = until("its case", async || house.case_of("line-9").await).await;
    let sighting = case.sightings().first().expect("a sighting").clone();
    assert_eq!(sighting.address.to_string(), "127.66.0.200");
    assert!(case.stage() <= case::Stage::Suspected && case.blocks().count() == 0, "{:?}", case.stage());
    assert!(matches!(file(id, "line-9").await, Err(InboxError::NotThere)), "filed once");
    waiting(&night, 0).await;
    night.end().await;
}
