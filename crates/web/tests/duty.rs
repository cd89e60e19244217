//! On call over an in-memory night: whose turn it is, what waits, and the link that a page carries.

mod fake;
mod walk;

use axum::http::{StatusCode, header};
use fake::Night;
use walk::Browser;

#[tokio::test]
async fn on_call_shows_whose_turn_it_is_what_is_not_covered_and_what_waits() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/oncall").await;
    assert_eq!(page.status, StatusCode::OK);
    for words in ["anna", "nobody has answered", "ND-17", "Thu 26 Nov 09:00", "sms 15550100@sms.example.net"]
    {
        let here = if words == "ND-17" { browser.get("/oncall/P-3").await.text } else { page.text.clone() };
        assert!(here.contains(words), "{words} in {here}");
    }
    assert_eq!(browser.get("/oncall/P-4").await.status, StatusCode::NOT_FOUND);
    let refused = browser.press("/oncall/P-3", &page.text, "press=resolve&reason=++").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "an end has a reason");
    assert!(browser.night().state().answered.is_empty());
    for form in ["press=acknowledge", "press=resolve&reason=mended"] {
        assert_eq!(browser.press("/oncall/P-3", &page.text, form).await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(browser.press("/oncall", &page.text, "").await.header(header::LOCATION), "/oncall/P-3");
    let said = browser.night().state().answered.clone();
    assert_eq!(said, ["acknowledged by robin", "resolved by robin: mended", "test by robin"]);
    assert!(browser.get("/oncall").await.text.contains("anna looks at it"));
    let program = browser.get("/api/v1/oncall").await;
    assert!(
        program.text.contains(r#""person":"anna""#) && program.text.contains(r#""gaps""#),
        "{}",
        program.text
    );
}

#[tokio::test]
async fn a_link_in_a_page_acknowledges_by_its_button_and_never_by_being_looked_at() {
    let stranger = Browser::stranger(Night::usual());
    let link = format!("/ack/P-3/1/{}", fake::duty::MARK);
    for _ in 0..2 {
        let page = stranger.get(&link).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains("I look at it") && page.text.contains("anna"), "{}", page.text);
        assert_eq!(page.header(header::CACHE_CONTROL), "no-store");
    }
    assert!(stranger.night().state().answered.is_empty(), "looking ahead acknowledges nothing");
    let page = stranger.get(&link).await.text;
    let other = format!("/ack/P-3/1/{}", "0".repeat(20));
    assert_eq!(stranger.get(&other).await.status, StatusCode::NOT_FOUND);
    assert_eq!(stranger.press(&other, &page, "").await.status, StatusCode::NOT_FOUND);
    let pressed = stranger.press(&link, &page, "").await;
    assert!(pressed.text.contains("It is yours now, anna"), "{}", pressed.text);
    assert_eq!(stranger.night().state().answered, ["acknowledged by anna"]);
    assert!(!stranger.get(&link).await.text.contains("I look at it</button>"), "a link is good once");
}

#[tokio::test]
async fn the_wall_shows_what_is_wrong_first_and_makes_itself_anew() {
    let page = Browser::logged_in(Night::usual()).get("/noc").await;
    assert_eq!(page.header(header::REFRESH), "15");
    let place = |words: &str| page.text.find(words).unwrap_or_else(|| panic!("{words} in {}", page.text));
    assert!(place("pages nobody answered") < place("P-3") && place("P-3") < place("/case/ND-"));
    assert!(page.text.contains("in the queue") || page.text.contains("the queue</a>"));
}
