//! The queue: what lists show follows every decision, and one wish for many cases can be taken back.

use jiff::SignedDuration;

use case::{Actor, CaseId, Command, Stage};
use desk::{BulkAction, BulkError, BulkWish, QueuePage, SearchError, UNDO_FOR};
use store::{Batch, Store};

use crate::house::{House, Night, spamcop, until};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Three lines of which an open proxy was reported and not found.
async fn three(house: &House) -> Night {
    for line in 1..=3 {
        house.leased(&format!("127.66.0.{line}"), &format!("line-{line}")).await;
    }
    for name in ["ann", "ben"] {
        house.store.set_operator(name, "no hash").await.expect("an operator");
    }
    let night = house.open().await;
    for line in 1..=3 {
        let at = house.clock.now() - HOUR;
        night.mail(&format!("m{line}"), &spamcop(&format!("127.66.0.{line}"), 9, 7100 + line, at)).await;
        // With the answer in, nothing else is under way on the case.
        until("a probed case", async || {
            house.case_of(&format!("line-{line}")).await.filter(|case| !case.answers().is_empty())
        })
        .await;
    }
    night
}

async fn ids(night: &Night, search: &str) -> Vec<u64> {
    let page: QueuePage = night.desk.queue(search, 1, "ann").await.expect(search);
    let mut ids: Vec<u64> = page.rows.iter().map(|row| row.id.0).collect();
    assert_eq!(page.total, ids.len());
    ids.sort_unstable();
    ids
}

fn dismissal(search: &str) -> BulkWish {
    BulkWish { search: search.to_owned(), action: BulkAction::Dismiss, reason: "a test of ours".to_owned() }
}

async fn order(night: &Night, wish: &BulkWish) -> u64 {
    let preview = night.desk.preview_bulk(&wish.search, &wish.action, "ann").await.expect("a preview");
    night.desk.order_bulk(wish, &preview.mark, "ann").await.expect("an order")
}

async fn until_it_is(night: &Night, id: u64, state: &str) -> desk::BulkView {
    until(state, async || night.desk.bulk(id).await.expect("the order").filter(|order| order.state == state))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_follow_every_decision() {
    let house = House::new().await;
    let night = three(&house).await;
    assert_eq!(ids(&night, "").await, [1, 2, 3]);
    assert_eq!(ids(&night, "127.66.0.2").await, [2]);
    assert_eq!(ids(&night, "reporter:spamcop.net port:9 kind:open-proxy -line:line-3").await, [1, 2]);
    assert!(matches!(night.desk.queue("stgae:x", 1, "ann").await, Err(SearchError::Search(_))));

    let act = async |id, command| {
        night.desk.act_asked(CaseId(id), None, command, Actor::Operator("ben".to_owned())).await
    };
    act(1, Command::Assign { to: Some("ann".to_owned()) }).await.expect("given to ann");
    act(2, Command::Note { text: "@ann: look at this?".to_owned() }).await.expect("a note");
    assert_eq!(ids(&night, "assigned:me").await, [1]);
    assert_eq!(ids(&night, "assigned:nobody").await, [2, 3]);
    assert_eq!(ids(&night, "mentions:me").await, [2]);
    let refused = act(3, Command::Assign { to: Some("nobody-here".to_owned()) }).await;
    assert!(refused.is_err_and(|error| error.to_string().contains("nobody who can log in")));

    // Ann has seen it: whatever she does there answers.
    let ann = Actor::Operator("ann".to_owned());
    night
        .desk
        .act(CaseId(2), Command::Note { text: "looked".to_owned() }, ann.clone())
        .await
        .expect("a note");
    assert!(ids(&night, "mentions:me").await.is_empty());

    act(3, Command::Dismiss { reason: "a test".to_owned() }).await.expect("a dismissal");
    assert_eq!(ids(&night, "").await, [1, 2]);
    assert_eq!(ids(&night, "is:ended").await, [3]);
    assert_eq!(ids(&night, "stage:dismissed line-3 harm<5").await, [3]);
    assert_eq!(ids(&night, "is:any 127.66.0.3").await, [3]);
    assert_eq!(ids(&night, "is:any sort:opened").await, [1, 2, 3]);
    let front = night.desk.front().await.expect("the front");
    assert_eq!((front.by_stage.iter().map(|(_, count)| count).sum::<usize>(), front.ended), (2, 1));

    act(3, Command::Reopen { reason: "it was not".to_owned() }).await.expect("reopened");
    assert_eq!(ids(&night, "").await, [1, 2, 3]);
    assert_eq!(night.desk.front().await.expect("the front").ended, 0);
    let refused = act(3, Command::Reopen { reason: "again".to_owned() }).await;
    assert!(refused.is_err(), "an open case was reopened");
    night.end().await;

    // What a new start lists is what was listed.
    let night = house.open().await;
    assert_eq!(ids(&night, "assigned:me").await, [1]);
    assert_eq!(ids(&night, "").await, [1, 2, 3]);
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_case_is_not_reopened_beside_another_of_its_line() {
    let house = House::new().await;
    let night = three(&house).await;
    let act = |id, command| night.desk.act(CaseId(id), command, Actor::Operator("ann".to_owned()));
    act(1, Command::Dismiss { reason: "a test".to_owned() }).await.expect("a dismissal");
    night.mail("again", &spamcop("127.66.0.1", 9, 8001, house.clock.now() - HOUR)).await;
    let next = until("a new case", async || house.case_of("line-1").await).await.id();
    let refused = act(1, Command::Reopen { reason: "no".to_owned() }).await.expect_err("two of one line");
    assert!(refused.to_string().contains(&next.to_string()), "{refused}");
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wish_for_many_is_seen_before_and_can_be_taken_back_and_put_back() {
    let house = House::new().await;
    let night = three(&house).await;
    let wish = dismissal("reporter:spamcop.net -127.66.0.3");

    // Taken back within its minute: nothing happened.
    let taken = order(&night, &wish).await;
    let undone = night.desk.undo_bulk(taken, "ben").await.expect("taken back");
    assert_eq!((undone.state.as_str(), undone.outcome.undone_by.as_deref()), ("undone", Some("ben")));
    house.clock.advance(UNDO_FOR + SECOND);

    // Let go: done in a minute, not before.
    let done = order(&night, &wish).await;
    assert_eq!(ids(&night, "").await, [1, 2, 3]);
    house.clock.advance(UNDO_FOR);
    let view = until_it_is(&night, done, "done").await;
    assert_eq!((view.outcome.done.len(), view.outcome.left.len()), (2, 0));
    assert_eq!(ids(&night, "").await, [3]);
    assert_eq!(night.desk.bulk(taken).await.expect("it").expect("is there").state, "undone");
    let records = house.store.records(CaseId(1)).await.expect("records");
    assert!(records.iter().any(|one| one.actor == Actor::Operator("ann".to_owned())), "in whose name?");

    // Put back: but for the case on which somebody has written since.
    let note = Command::Note { text: "they called".to_owned() };
    night.desk.act(CaseId(2), note, Actor::Operator("ben".to_owned())).await.expect("a note");
    let back = night.desk.undo_bulk(done, "ann").await.expect("put back");
    assert_eq!(back.state, "put-back");
    assert_eq!(back.outcome.done.iter().map(|(case, _, _)| case.0).collect::<Vec<_>>(), [1]);
    assert!(back.outcome.left[0].1.contains("moved on"), "{:?}", back.outcome.left);
    assert_eq!(ids(&night, "").await, [1, 3]);
    assert!(matches!(night.desk.undo_bulk(done, "ann").await, Err(BulkError::TooLate(_))));

    // Who had a case before has it again.
    let ann = || Actor::Operator("ann".to_owned());
    night.desk.act(CaseId(1), Command::Assign { to: Some("ben".to_owned()) }, ann()).await.expect("assigned");
    let action = BulkAction::Assign { to: Some("ann".to_owned()) };
    let assigned =
        order(&night, &BulkWish { search: String::new(), action, reason: "mine".to_owned() }).await;
    house.clock.advance(UNDO_FOR);
    until_it_is(&night, assigned, "done").await;
    assert_eq!(ids(&night, "assigned:me").await, [1, 3]);
    night.desk.undo_bulk(assigned, "ann").await.expect("put back");
    assert_eq!((ids(&night, "assigned:ben").await, ids(&night, "assigned:nobody").await), (vec![1], vec![3]));
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_for_what_was_seen_and_by_whoever_may() {
    let house = House::new().await;
    let night = three(&house).await;
    let wish = dismissal("");
    let preview = night.desk.preview_bulk("", &wish.action, "ann").await.expect("a preview");
    assert_eq!((preview.would, preview.lines.len(), preview.too_many), (3, 3, false));

    let note = Command::Note { text: "meanwhile".to_owned() };
    night.desk.act(CaseId(2), note, Actor::Operator("ben".to_owned())).await.expect("a note");
    let order = async |wish: &BulkWish, mark: &str, by: &str| night.desk.order_bulk(wish, mark, by).await;
    assert!(matches!(order(&wish, &preview.mark, "ann").await, Err(BulkError::Changed)));
    let mark = night.desk.preview_bulk("", &wish.action, "ann").await.expect("a preview").mark;
    assert!(matches!(order(&wish, &mark, "stranger").await, Err(BulkError::Act(_))));
    let silent = BulkWish { reason: " ".to_owned(), ..wish.clone() };
    assert!(matches!(order(&silent, &mark, "ann").await, Err(BulkError::Reason)));
    let nothing = BulkWish { action: BulkAction::Release, ..wish.clone() };
    assert!(matches!(order(&nothing, &mark, "ann").await, Err(BulkError::None)), "nothing is blocked");

    // One who lost the right within the minute has nothing done.
    let id = order(&wish, &mark, "ann").await.expect("an order");
    house.store.retire_operator("ann", Some(house.clock.now())).await.expect("retired");
    house.clock.advance(UNDO_FOR);
    let view = until_it_is(&night, id, "done").await;
    assert_eq!((view.outcome.done.len(), view.outcome.left.len()), (0, 3));
    assert_eq!(ids(&night, "").await, [1, 2, 3]);
    night.end().await;
}

/// A desk that is killed after its commit has done the order and says so; one that is killed before does it later.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_and_what_it_did_are_one_commit() {
    let house = House::new().await;
    let night = three(&house).await;
    let id = order(&night, &dismissal("")).await;
    night.end().await;
    let row = house.store.bulk(id).await.expect("reads").expect("the order");
    let settled =
        |from, to| store::BulkSettled { id, from, to, outcome: row.outcome.clone(), at: house.clock.now() };

    // Somebody took it back at the same moment: nothing of the batch is written.
    let stale = Batch {
        bulk: Some(settled("done", "put-back")),
        cursor: Some(("x".to_owned(), 9)),
        ..Batch::default()
    };
    assert!(house.store.commit(&stale).await.is_err());
    assert_eq!(cursor(&house.store).await, 0);
    house.clock.advance(UNDO_FOR + HOUR);
    let night = house.open().await;
    let view = until_it_is(&night, id, "done").await;
    assert_eq!(view.outcome.done.len(), 3);
    let stages = until("the end of all three", async || {
        Some(ids(&night, "stage:dismissed").await).filter(|ids| ids.len() == 3)
    });
    stages.await;
    assert!(
        night
            .desk
            .queue("", 1, "ann")
            .await
            .expect("the queue")
            .rows
            .iter()
            .all(|row| row.stage != Stage::Dismissed)
    );
    night.end().await;
}

async fn cursor(store: &Store) -> u64 {
    store.cursor("x").await.expect("a cursor")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_ends_with_what_happened_in_it_and_the_next_begins_there() {
    let house = House::new().await;
    let night = three(&house).await;
    let ben = || Actor::Operator("ben".to_owned());
    let act = |id, command| night.desk.act(CaseId(id), command, ben());
    act(1, Command::Dismiss { reason: "a test".to_owned() }).await.expect("a dismissal");
    act(2, Command::Note { text: "@ann: they call back at nine".to_owned() }).await.expect("a note");
    let view = night.desk.handover(None, "ann").await.expect("a hand-over");
    let count =
        |view: &desk::Handover, what| view.counts.iter().find(|count| count.what == what).expect(what).cases;
    let of_case = |deeds: &[desk::ShiftDeed]| deeds.iter().map(|deed| deed.case.0).collect::<Vec<_>>();
    assert_eq!((count(&view, "opened"), count(&view, "dismissed"), count(&view, "proved")), (3, 1, 0));
    assert_eq!((of_case(&view.moved), of_case(&view.notes)), (vec![1], vec![2]));
    let need = |view: &desk::Handover, search| {
        view.needs
            .iter()
            .find(|need| need.search == search)
            .expect(search)
            .rows
            .iter()
            .map(|row| row.id.0)
            .collect()
    };
    let asked: Vec<u64> = need(&view, "is:mentioned");
    assert_eq!(asked, [2]);

    house.clock.advance(HOUR);
    night.desk.hand_over("line-2 calls back at nine", "ben").await.expect("handed over");
    house.clock.advance(HOUR);
    act(3, Command::Dismiss { reason: "a test".to_owned() }).await.expect("a dismissal");
    let view = night.desk.handover(None, "ann").await.expect("a hand-over");
    let last = view.last.as_ref().expect("the last one");
    assert_eq!((last.who.as_str(), last.why.as_str()), ("ben", "line-2 calls back at nine"));
    assert_eq!(view.to.duration_since(view.from), HOUR);
    assert_eq!((count(&view, "opened"), of_case(&view.moved)), (0, vec![3]));

    // What was handed over days ago is nobody's shift any more.
    house.clock.advance(SignedDuration::from_hours(30));
    let view = night.desk.handover(None, "ann").await.expect("a hand-over");
    assert_eq!(view.to.duration_since(view.from), SignedDuration::from_hours(12));
    let asked = view.to - SignedDuration::from_hours(48);
    assert_eq!(count(&night.desk.handover(Some(asked), "ann").await.expect("as asked"), "opened"), 3);
    night.end().await;
}
