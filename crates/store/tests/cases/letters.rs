//! Letters: counted once each, held back when there are too many, found again by an answer.

use case::{CaseId, Stage};
use jiff::SignedDuration;
use store::{Batch, CountedBy, Limit, Posted, Posting};

use super::at;
use super::decisions::summary;
use crate::stand::Stand;

fn letter(n: u64, address: &str, second: i64) -> Posting {
    Posting {
        key: format!("ND-{n}/answer"),
        purpose: "acknowledgement".to_owned(),
        address: address.to_owned(),
        about: String::new(),
        case: CaseId(n),
        message_id: format!("{n}@desk.example.net"),
        at: at(second),
    }
}

const HOURLY: Limit = Limit { by: CountedBy::Address, at_most: 2, within: SignedDuration::from_hours(1) };
const DAILY: Limit = Limit { by: CountedBy::Domain, at_most: 3, within: SignedDuration::from_hours(24) };

pub(crate) async fn letters_are_counted_by_address_and_domain_and_the_same_one_once(stand: Stand) {
    let store = stand.open().await;
    let limits = [HOURLY, DAILY];
    let post = async |letter| store.post_letter(&letter, &limits).await.expect("counts");
    assert_eq!(post(letter(1, "anna@a.example", 0)).await, Posted::Yes);
    assert_eq!(post(letter(2, "anna@a.example", 1)).await, Posted::Yes);
    assert_eq!(post(letter(3, "anna@a.example", 2)).await, Posted::TooMany(HOURLY));
    assert_eq!(post(letter(2, "anna@a.example", 3)).await, Posted::Yes, "the same one, tried again");
    assert_eq!(post(letter(4, "ben@a.example", 4)).await, Posted::Yes);
    assert_eq!(post(letter(5, "carl@a.example", 5)).await, Posted::TooMany(DAILY));
    assert_eq!(post(letter(5, "carl@b.example", 5)).await, Posted::Yes);
    assert_eq!(post(letter(6, "anna@a.example", 3700)).await, Posted::TooMany(DAILY));
    assert_eq!(
        post(letter(7, "anna@a.example", 86_500)).await,
        Posted::Yes,
        "a day later there is room again"
    );
    let twice = Posting { message_id: "other@desk.example.net".to_owned(), ..letter(1, "anna@a.example", 9) };
    assert_eq!(post(twice).await, Posted::Before, "there may be one for each key");
    let mut other = letter(8, "anna@a.example", 86_501);
    other.purpose = "outcome".to_owned();
    assert_eq!(post(other).await, Posted::Yes, "each purpose counts for itself");
}

pub(crate) async fn what_accuses_is_counted_by_what_it_accuses(stand: Stand) {
    let store = stand.open().await;
    let once = Limit { by: CountedBy::About, at_most: 1, within: SignedDuration::from_hours(24) };
    let about = |n: u64, about: &str| Posting { about: about.to_owned(), ..letter(n, "abuse@a.example", 0) };
    assert_eq!(store.post_letter(&about(1, "192.0.2.1"), &[once]).await.expect("counts"), Posted::Yes);
    let again = store.post_letter(&about(2, "192.0.2.1"), &[once]).await.expect("counts");
    assert_eq!(again, Posted::TooMany(once));
    assert_eq!(store.post_letter(&about(3, "192.0.2.2"), &[once]).await.expect("counts"), Posted::Yes);
}

pub(crate) async fn an_answer_finds_the_case_of_its_letter_after_a_restart(stand: Stand) {
    let store = stand.open().await;
    store.post_letter(&letter(17, "anna@a.example", 0), &[]).await.expect("counts");
    drop(store);
    let store = stand.open().await;
    let case = async |ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        store.letter_meant(&ids).await.expect("looks").map(|(case, _)| case)
    };
    assert_eq!(case(&["other@a.example", "17@desk.example.net"]).await, Some(CaseId(17)));
    assert_eq!(case(&["other@a.example"]).await, None);
    assert_eq!(case(&[]).await, None);
    let limit = Limit { at_most: 1, ..HOURLY };
    let next = store.post_letter(&letter(18, "anna@a.example", 9), &[limit]).await.expect("counts");
    assert_eq!(next, Posted::TooMany(limit), "counts survive a restart");
}

pub(crate) async fn of_many_letters_at_one_moment_no_more_than_allowed_are_counted(stand: Stand) {
    let store = stand.open().await;
    let posts = (1..=12).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { store.post_letter(&letter(n, "anna@a.example", 0), &[HOURLY]).await })
    });
    let mut yes = 0;
    for post in posts.collect::<Vec<_>>() {
        yes += u32::from(post.await.expect("runs").expect("counts") == Posted::Yes);
    }
    assert_eq!(yes, 2);
}

pub(crate) async fn old_letters_are_forgotten_unless_their_case_is_open(stand: Stand) {
    let store = stand.open().await;
    let summaries = vec![summary(1, "line-1", Stage::Suspected), summary(2, "line-2", Stage::Closed)];
    store.commit(&Batch { summaries, ..Batch::default() }).await.expect("commits");
    for (n, second) in [(1, 0), (2, 0), (0, 0), (3, 60)] {
        let letter = Posting { case: CaseId(n), ..letter(n, "anna@a.example", second) };
        assert_eq!(store.post_letter(&letter, &[]).await.expect("counts"), Posted::Yes);
    }
    assert_eq!(store.forget_letters(at(30)).await.expect("forgets"), 2);
    let meant = async |n: u64| {
        let ids = [format!("{n}@desk.example.net")];
        store.letter_meant(&ids).await.expect("looks").is_some()
    };
    assert!(meant(1).await, "its case is open");
    assert!(!meant(2).await && !meant(0).await);
    assert!(meant(3).await, "it is new");
}
