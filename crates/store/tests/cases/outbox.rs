//! The outbox.

use std::collections::BTreeSet;

use case::{CaseId, Errand};
use jiff::SignedDuration;
use store::{Batch, NewErrand, Store};

use super::at;
use crate::stand::Stand;

const HOLD: SignedDuration = SignedDuration::from_secs(60);

async fn order(store: &Store, errands: &[(&str, i64)]) {
    let errands = errands
        .iter()
        .map(|(key, due)| NewErrand {
            case: CaseId(1),
            due: at(*due),
            key: (*key).to_owned(),
            errand: Errand::PageOperators { what: "the edge refuses".to_owned() },
        })
        .collect();
    store.commit(&Batch { errands, ..Batch::default() }).await.expect("commits");
}

async fn claim(store: &Store, now: i64, limit: u32) -> Vec<(String, u32)> {
    let claimed =
        store.claim_errands(at(now), "worker", HOLD, limit, store::Lend::All).await.expect("claims");
    claimed.into_iter().map(|one| (one.key, one.attempts)).collect()
}

fn lent(errands: &[(&str, u32)]) -> Vec<(String, u32)> {
    errands.iter().map(|(key, attempts)| ((*key).to_owned(), *attempts)).collect()
}

pub(crate) async fn an_errand_is_lent_once_at_a_time(stand: Stand) {
    let store = stand.open().await;
    assert_eq!(store.next_errand_due().await.expect("reads"), None);
    order(&store, &[("late", 30), ("early", 10), ("middle", 20), ("future", 100)]).await;
    assert_eq!(store.next_errand_due().await.expect("reads"), Some(at(10)));
    assert_eq!(claim(&store, 9, 10).await, lent(&[]));
    assert_eq!(claim(&store, 30, 2).await, lent(&[("early", 1), ("middle", 1)]));
    assert_eq!(claim(&store, 30, 10).await, lent(&[("late", 1)]));
    assert_eq!(claim(&store, 31, 10).await, lent(&[]));
    assert_eq!(store.next_errand_due().await.expect("reads"), Some(at(90)));
}

pub(crate) async fn a_page_waits_for_nothing_else(stand: Stand) {
    let store = stand.open().await;
    order(&store, &[("ND-1/ask/1", 0), ("ND-2/ask/1", 1), ("page/proxy/2", 2), ("page/proxy/3", 99)]).await;
    assert_eq!(claim(&store, 5, 1).await, lent(&[("page/proxy/2", 1)]));
    let pages = store.claim_errands(at(5), "worker", HOLD, 9, store::Lend::Pages).await.expect("claims");
    assert_eq!(pages, [], "the others are no pages, and the other page is not due");
    assert_eq!(claim(&store, 5, 9).await, lent(&[("ND-1/ask/1", 1), ("ND-2/ask/1", 1)]));
}

pub(crate) async fn a_lapsed_claim_is_lent_again(stand: Stand) {
    let store = stand.open().await;
    order(&store, &[("a", 0), ("b", 0)]).await;
    assert_eq!(claim(&store, 0, 10).await, lent(&[("a", 1), ("b", 1)]));
    store.finish_errand("a").await.expect("finishes");
    assert_eq!(claim(&store, 59, 10).await, lent(&[]));
    assert_eq!(claim(&store, 60, 10).await, lent(&[("b", 2)]));
    store.retry_errand("b", at(500), "the relay said 451").await.expect("gives back");
    store.retry_errand("a", at(0), "too late").await.expect("a finished errand stays finished");
    assert_eq!(store.next_errand_due().await.expect("reads"), Some(at(500)));
    assert_eq!(claim(&store, 499, 10).await, lent(&[]));
    assert_eq!(claim(&store, 500, 10).await, lent(&[("b", 3)]));
    store.finish_errand("b").await.expect("finishes");
    store.finish_errand("b").await.expect("twice is no harm");
    assert_eq!(store.next_errand_due().await.expect("reads"), None);
}

pub(crate) async fn a_used_key_is_never_taken_again(stand: Stand) {
    let store = stand.open().await;
    order(&store, &[("tell", 0)]).await;
    order(&store, &[("tell", 50)]).await;
    assert_eq!(claim(&store, 0, 10).await, lent(&[("tell", 1)]));
    store.finish_errand("tell").await.expect("finishes");
    order(&store, &[("tell", 0)]).await;
    assert_eq!(claim(&store, 1000, 10).await, lent(&[]));
}

pub(crate) async fn two_workers_share_the_errands(stand: Stand) {
    let (one, two) = (stand.open().await, stand.open().await);
    let keys: Vec<String> = (0..40).map(|number| format!("errand {number:02}")).collect();
    order(&one, &keys.iter().map(|key| (key.as_str(), 0)).collect::<Vec<_>>()).await;
    let work = async |store: &Store| {
        let mut mine = Vec::new();
        // Three at a time, forty are lent after fourteen times.
        for _ in 0..20 {
            mine.extend(claim(store, 0, 3).await);
        }
        mine
    };
    let (a, b) = tokio::join!(work(&one), work(&two));
    // Nothing may be lent twice, and nothing left over.
    let mut all: Vec<String> = a.into_iter().chain(b).map(|(key, _)| key).collect();
    all.extend(claim(&one, 0, 100).await.into_iter().map(|(key, _)| key));
    assert_eq!(all.len(), 40);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), keys.into_iter().collect());
}

pub(crate) async fn what_a_dead_worker_had_claimed_is_free_at_its_next_life(stand: Stand) {
    let store = stand.open().await;
    order(&store, &[("mine", 0), ("theirs", 1)]).await;
    assert_eq!(claim(&store, 5, 1).await, lent(&[("mine", 1)]));
    assert_eq!(
        store.claim_errands(at(5), "other", HOLD, 1, store::Lend::All).await.expect("claims").len(),
        1
    );
    assert_eq!(store.free_errands_of("worker").await.expect("frees"), 1);
    assert_eq!(claim(&store, 5, 9).await, lent(&[("mine", 2)]), "what another holds stays held");
}
