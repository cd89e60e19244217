//! Pages to the people on duty.

use oncall::{Entry, PageId, Reason, Severity, Standing, Via};
use store::{PageEntries, PageWritten};

use super::at;
use crate::stand::Stand;

pub(crate) fn opened(key: &str) -> PageEntries {
    PageEntries {
        to: None,
        entries: vec![
            Entry::Opened { reason: Reason::Edge, severity: Severity::Urgent, bundle: "edge".to_owned() },
            Entry::Joined { case: None, what: "the edge refuses: \"\u{fc}\"".to_owned() },
        ],
        at: at(1),
        key: Some(key.to_owned()),
    }
}

fn said(to: (PageId, u32), entry: Entry) -> PageEntries {
    PageEntries { to: Some(to), entries: vec![entry], at: at(2), key: None }
}

pub(crate) async fn a_page_is_its_entries_and_is_told_once(stand: Stand) {
    let store = stand.open().await;
    let PageWritten::Yes(page) = store.write_page(&opened("k1")).await.expect("writes") else {
        panic!("nobody else wrote");
    };
    assert_eq!((page.id, page.version, page.count()), (PageId(1), 2, 1));
    assert_eq!(store.write_page(&opened("k1")).await.expect("writes"), PageWritten::Before(page.id));
    let PageWritten::Yes(second) = store.write_page(&opened("k2")).await.expect("writes") else {
        panic!("another key is another page");
    };
    assert_eq!(store.unresolved_pages().await.expect("reads"), [(*page).clone(), (*second).clone()]);
    let over = Entry::Resolved { by: Some("anna".to_owned()), why: "mended".to_owned() };
    let written = store.write_page(&said((page.id, 2), over)).await.expect("writes");
    assert!(matches!(written, PageWritten::Yes(page) if matches!(page.standing, Standing::Resolved { .. })));
    assert_eq!(store.unresolved_pages().await.expect("reads"), [*second.clone()]);
    let newest = store.newest_pages(9).await.expect("reads");
    assert_eq!(newest.iter().map(|page| page.id.0).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(store.page_entries(PageId(1)).await.expect("reads").len(), 3);
    assert!(store.page_entries(PageId(9)).await.expect("reads").is_empty());
}

pub(crate) async fn two_writers_of_one_page_do_not_overwrite_each_other(stand: Stand) {
    let store = stand.open().await;
    store.write_page(&opened("k1")).await.expect("writes");
    let by = |who: &str| Entry::Acknowledged { by: who.to_owned(), via: Via::Web, ring: None };
    // Both read version 2; the second must look again.
    let first = store.write_page(&said((PageId(1), 2), by("anna"))).await.expect("writes");
    assert!(matches!(first, PageWritten::Yes(_)), "{first:?}");
    let second = store.write_page(&said((PageId(1), 2), by("ben"))).await.expect("writes");
    assert_eq!(second, PageWritten::Changed);
    let nobody = store.write_page(&said((PageId(7), 2), by("ben"))).await.expect("writes");
    assert_eq!(nobody, PageWritten::Changed, "a page that is not there takes no entry");
    let page = store.unresolved_pages().await.expect("reads").remove(0);
    assert!(matches!(page.standing, Standing::Acknowledged { by, .. } if by == "anna"));
}
