//! What still comes in after a case has ended.

use jiff::SignedDuration;

use case::{Actor, Case, Command, Event, Stage};
use desk::ActError;

use crate::house::{House, spamcop, until};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_case_takes_word_of_a_mail_and_a_note_and_stays_ended() {
    let house = House::new().await;
    house.leased("127.66.0.90", "line-90").await;
    let night = house.open().await;
    let erika = || Actor::Operator("erika".to_owned());
    night.mail("m1", &spamcop("127.66.0.90", 9, 7101, house.clock.now() - HOUR)).await;
    // With the answer in, nothing else is under way on this case.
    let id = until("a probed case", async || {
        house.case_of("line-90").await.filter(|case| !case.answers().is_empty())
    })
    .await
    .id();
    let act = |command| night.desk.act(id, command, erika());
    act(Command::Dismiss { reason: "a test of ours".to_owned() }).await.expect("a dismissal");

    night
        .desk
        .act(id, Command::Told { to: "line-90@example.org".to_owned(), failure: None }, Actor::Desk)
        .await
        .expect("a mail that went out before the dismissal");
    act(Command::Note { text: "they called back".to_owned() }).await.expect("a note");
    act(Command::Tick).await.expect("nothing to do");
    let refused = act(Command::Confirm { reason: "no".to_owned() }).await;
    assert!(matches!(refused, Err(ActError::Refused(case::Refusal::Ended(Stage::Dismissed)))), "{refused:?}");

    let records = house.store.records(id).await.expect("records");
    let last: Vec<&Event> = records.iter().rev().take(2).map(|record| &record.event).collect();
    assert!(
        matches!(last[..], [Event::Noted { text }, Event::Told { to }]
            if text == "they called back" && to == "line-90@example.org"),
        "{last:?}"
    );
    let stale = night.desk.act_expecting(id, 1, Command::Note { text: "late".to_owned() }, erika()).await;
    assert!(matches!(stale, Err(ActError::Changed)), "{stale:?}");
    assert_eq!(Case::replay(&records).expect("the case").stage(), Stage::Dismissed);

    // The line is free for a new case, and the ended one did not come back.
    night.mail("m2", &spamcop("127.66.0.90", 9, 7102, house.clock.now() - HOUR)).await;
    let next = until("a new case", async || house.case_of("line-90").await).await;
    assert!(next.id() > id, "{} after {id}", next.id());
    night.end().await;
}
