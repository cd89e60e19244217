//! The queue, one wish for many cases, and the hand-over of a shift, as a browser without JavaScript gets them.

mod fake;
mod walk;

use axum::http::{StatusCode, header};
use case::Command;
use fake::{CSRF, Night, OPERATOR};
use walk::{Browser, field};

#[tokio::test]
async fn the_queue_shows_fifty_a_page_and_links_to_the_next() {
    let browser = Browser::logged_in(Night::usual());
    let first = browser.get("/").await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.text.matches("data-row").count(), 50);
    assert!(first.text.contains("127 open cases") && first.text.contains("Page 1 of 3"));
    assert!(first.text.contains(r#"rel="next" href="/?page=2""#) && !first.text.contains(r#"rel="prev""#));
    let last = browser.get("/?page=3").await;
    assert_eq!(last.text.matches("data-row").count(), 27);
    assert!(last.text.contains(r#"rel="prev" href="/?page=2""#) && !last.text.contains(r#"rel="next""#));
    assert_eq!(browser.get("/?page=-7").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_search_survives_paging_and_what_is_typed_comes_back() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/?q=198.51&page=2").await;
    assert!(page.text.contains(r#"href="/?q=198.51&#38;page=1""#), "{}", page.text);
    assert!(page.text.contains(r#"value="198.51""#));
    let none = browser.get("/?q=%3Cb%3Enobody").await;
    assert!(none.text.contains("No case matches") && !none.text.contains("<b>nobody"));
}

#[tokio::test]
async fn a_search_that_cannot_be_read_says_where_and_finds_nothing() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/?q=stge%3Aconfirmed").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.text.contains("did you mean &#34;stage&#34;?"), "{}", page.text);
    assert_eq!(page.text.matches("data-row").count(), 0);
    let program = browser.get("/api/v1/cases?q=stge%3Aconfirmed").await;
    assert_eq!(program.status, StatusCode::BAD_REQUEST);
    assert!(program.text.contains("did you mean"), "{}", program.text);
}

#[tokio::test]
async fn a_case_is_taken_on_without_a_reason_and_found_by_whose_it_is() {
    let night = Night::usual();
    let browser = Browser::logged_in(night.clone());
    let page = browser.get("/case/ND-17").await;
    assert!(page.text.contains("nobody has it") && page.text.contains("Take it on"));
    let version = field(&page.text, "version");
    let form = format!("csrf={CSRF}&version={version}&action=assign&to=me");
    assert_eq!(browser.post("/case/ND-17/act", &form).await.status, StatusCode::SEE_OTHER);
    assert!(browser.get("/case/ND-17").await.text.contains("Give it back"));
    assert_eq!(browser.get("/?q=assigned%3Ame").await.text.matches("data-row").count(), 1);
    assert_eq!(browser.get("/?q=assigned%3Aben").await.text.matches("data-row").count(), 0);
}

#[tokio::test]
async fn one_wish_for_many_is_shown_case_by_case_then_ordered_then_taken_back() {
    let night = Night::usual();
    let browser = Browser::logged_in(night.clone());
    let none = browser.get("/bulk?action=dismiss&of=selected").await;
    assert_eq!(none.status, StatusCode::BAD_REQUEST);
    let preview = browser.get("/bulk?action=dismiss&of=selected&case=ND-41&case=ND-44").await;
    assert!(preview.text.contains("1 case would take it"), "{}", preview.text);
    assert!(preview.text.contains("no: it does not take that"));
    assert!(browser.get("/bulk?action=confirm&of=all").await.text.contains("nothing that is asked of many"));

    let (mark, q) = (field(&preview.text, "mark"), field(&preview.text, "q"));
    assert_eq!(q, "case:ND-41,ND-44");
    let form = format!("csrf={CSRF}&q=case:ND-41,ND-44&action=dismiss&reason=a+test&mark=");
    assert_eq!(browser.post("/bulk", &format!("{form}another")).await.status, StatusCode::CONFLICT);
    assert_eq!(browser.post("/bulk", &format!("{form}{mark}")).await.status, StatusCode::SEE_OTHER);
    let order = browser.get("/bulk/2").await;
    assert!(
        order.text.contains("Take it back") && order.text.contains("waits; it is done at"),
        "{}",
        order.text
    );
    assert_eq!(browser.post("/bulk/2", &format!("csrf={CSRF}")).await.status, StatusCode::SEE_OTHER);
    assert!(browser.get("/bulk/2").await.text.contains("nothing was done"));
    let orders = browser.get("/bulk").await.text;
    assert!(orders.contains("taken back by") && orders.contains("done at"));
}

#[tokio::test]
async fn the_queue_tells_clocks_and_harm_in_words() {
    let page = Browser::logged_in(Night::usual()).get("/").await;
    assert!(page.text.contains("2 h 10 min overdue"));
    assert!(page.text.contains("41 min left"));
    assert!(page.text.contains("not contained"));
}

#[tokio::test]
async fn a_shift_is_handed_over_with_what_needs_somebody_first_and_a_word_to_the_next() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/handover").await.text;
    for said in
        ["not contained", "nobody has answered", "owner calls back at nine", "and 3 more", "<b>ben</b>"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    let needs = page.find("Needs somebody").unwrap();
    assert!(needs < page.find("What happened").unwrap() && page.find("Broken now").unwrap() < needs);
    assert!(
        page.contains("href=\"/?q=is%3Aproxy\"") || !page.contains("more</a>"),
        "the rest is a search away"
    );
    let sent = browser.post("/handover", &format!("csrf={CSRF}&note=watch+ND-41+%3Cb%3E")).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.night().state().handed, [(OPERATOR.to_owned(), "watch ND-41 <b>".to_owned())]);
    let page = browser.get("/handover?done=yes").await.text;
    assert!(page.contains("Handed over.") && page.contains("watch ND-41 &#60;b&#62;"), "{page}");
}

#[tokio::test]
async fn a_hand_over_since_no_moment_says_so_and_keeps_what_was_typed() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/handover?since=yesterdayish").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.text.contains("That is no moment.") && page.text.contains("value=\"yesterdayish\""));
    let asked = browser.get("/handover?since=2026-11-21T22:00Z").await;
    assert!(asked.status == StatusCode::OK && asked.text.contains("2026-11-21 22:00"));
    assert_eq!(browser.get("/api/v1/handover?since=noon").await.status, StatusCode::BAD_REQUEST);
    assert!(browser.get("/api/v1/handover").await.text.contains("\"pages_over\":2"));
}

#[tokio::test]
async fn what_no_case_could_take_is_settled_with_a_reason_or_filed_on_a_line() {
    let browser = Browser::logged_in(Night::usual());
    let front = browser.get("/").await.text;
    assert!(front.contains("The inbox waits.") && front.contains("4 reports that no case could take"));
    let ids = |page: &str| -> Vec<String> {
        page.split("name=\"message\" value=\"")
            .skip(1)
            .map(|rest| rest[..rest.find('"').unwrap()].to_owned())
            .collect()
    };
    let before = ids(&browser.get("/intake?outcome=inbox").await.text);
    assert!(before.len() > 2, "{before:?}");
    let sent = format!("csrf={CSRF}&do=settle&message={}&reason=a+newsletter+%3Cb%3E", before[0]);
    let settled = browser.post("/intake", &sent).await;
    assert_eq!(settled.header(header::LOCATION), "/intake?outcome=inbox&done=settled-1");
    let page = browser.get("/intake?outcome=inbox&done=settled-1").await.text;
    assert!(page.contains("Settled 1 message.") && ids(&page).len() == before.len() - 1);
    assert!(browser.get("/intake").await.text.contains("a newsletter &#60;b&#62;"), "who and why is kept");

    let file =
        |line: &str| format!("csrf={CSRF}&do=file&message={}&line={line}&reason=their+ticket", before[1]);
    let refused = browser.post("/intake", &file("dsl-9")).await;
    assert!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text.contains("o lease names a line")
    );
    let filed = browser.post("/intake", &file("dsl-1042")).await;
    assert_eq!(filed.header(header::LOCATION), "/intake?outcome=inbox&done=filed-1");
    let nothing = browser.post("/intake", &format!("csrf={CSRF}&do=settle&reason=x")).await;
    assert!(nothing.status == StatusCode::BAD_REQUEST && nothing.text.contains("No message is selected"));
    let all = browser.post("/intake", &format!("csrf={CSRF}&do=settle-all&reason=old")).await;
    assert_eq!(all.status, StatusCode::SEE_OTHER);
    assert!(ids(&browser.get("/intake?outcome=inbox").await.text).is_empty());
}

#[tokio::test]
async fn what_is_not_proved_is_merged_or_split_with_a_reason() {
    let browser = Browser::logged_in(Night::usual());
    assert!(!browser.get("/case/ND-17").await.text.contains("/case/ND-17/refile"), "it is proved");
    assert!(browser.get("/case/ND-17/refile").await.text.contains("neither merged nor split"));
    assert!(browser.get("/case/ND-41").await.text.contains("/case/ND-41/refile"));
    let page = browser.get("/case/ND-41/refile").await.text;
    let version = field(&page, "version");
    let merge = |into: &str| format!("csrf={CSRF}&version={version}&into={into}&reason=one+machine");
    assert_eq!(browser.post("/case/ND-41/merge", &merge("seventeen")).await.status, StatusCode::BAD_REQUEST);
    let merged = browser.post("/case/ND-41/merge", &merge("ND-44")).await;
    assert_eq!(merged.header(header::LOCATION), "/case/ND-44");
    let page = browser.get("/case/ND-41/refile").await.text;
    let version = field(&page, "version");
    let id = format!("{}", case::EvidenceId([9; 32]));
    let split = format!("csrf={CSRF}&version={version}&evidence={id}&line=dsl-7&reason=their+neighbour");
    assert_eq!(browser.post("/case/ND-41/split", &split).await.header(header::LOCATION), "/case/ND-41");
    let night = browser.night().state();
    let asked: Vec<_> = night.acted.iter().map(|(_, command, _)| command.clone()).collect();
    let merge = Command::Merge { into: case::CaseId(44), reason: "one machine".to_owned() };
    let reason = "1 pieces: their neighbour".to_owned();
    assert_eq!(asked, [merge, Command::Split { to: "dsl-7".parse().unwrap(), reason }]);
}
