//! The pages over an in-memory night, as a browser without JavaScript gets them.

mod fake;
mod walk;

use axum::http::{StatusCode, header};
use case::{Command, Stage};
use fake::{CSRF, Night, OPERATOR, PASSWORD};
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
async fn the_queue_tells_clocks_and_harm_in_words() {
    let page = Browser::logged_in(Night::usual()).get("/").await;
    assert!(page.text.contains("2 h 10 min overdue"));
    assert!(page.text.contains("41 min left"));
    assert!(page.text.contains("not contained"));
}

#[tokio::test]
async fn reporters_stand_by_their_record_and_their_names_are_text() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/reporters").await;
    assert_eq!(page.status, StatusCode::OK);
    let (first, second) = (page.text.find("spamcop.net"), page.text.find("wolf"));
    assert!(first.is_some() && first < second, "the best borne out first");
    assert!(page.text.contains("named feed") && page.text.contains("9 min ago"));
    assert!(!page.text.contains("<b>.example"), "a domain is a stranger's text");
    let program = browser.get("/api/v1/reporters").await;
    assert!(program.text.contains(r#""domain":"spamcop.net""#) && program.text.contains(r#""trust":0.9"#));
}

#[tokio::test]
async fn a_case_says_how_many_reported_it_on_its_page_in_the_queue_and_as_json() {
    let browser = Browser::logged_in(Night::usual());
    let said = "3 reports from 3 reporters, 1 shown to be who they say";
    assert!(browser.get("/case/ND-17").await.text.contains(said));
    assert!(browser.get("/?q=ND-17").await.text.contains(said));
    let program = browser.get("/api/v1/cases/ND-17").await;
    assert!(
        program.text.contains(r#""reports":3,"reporters":3,"authenticated_reporters":1"#),
        "{}",
        program.text
    );
}

#[tokio::test]
async fn an_edge_in_trouble_or_not_read_is_said_on_top() {
    let night = Night::usual();
    night.state().edge.trouble = Some("nft said: permission denied".to_owned());
    let page = Browser::logged_in(night).get("/").await;
    assert!(page.text.contains("The edge is not as planned.") && page.text.contains("permission denied"));
    assert!(!page.text.contains("as planned</span>"));

    let night = Night::usual();
    night.state().edge.read_at = Some("2026-11-23T03:00:00Z".parse().unwrap());
    let page = Browser::logged_in(night).get("/").await;
    assert!(page.text.contains("has not been read back for too long"));
}

#[tokio::test]
async fn every_bar_of_the_plot_stands_in_the_table_beside_it() {
    let page = Browser::logged_in(Night::usual()).get("/").await;
    assert_eq!(page.text.matches("data-accepted=").count(), 48);
    assert_eq!(page.text.matches(r#"<rect class="accepted""#).count(), 48);
}

#[tokio::test]
async fn a_case_shows_why_its_claim_its_blocks_and_the_way_to_the_bytes() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/case/ND-17").await;
    for part in [
        "open proxy on 203.0.113.7 port 1080",
        "our canary came back",
        r#"<mark><span class="claim">open-proxy, offender</span>203.0.113.7 port 1080/tcp"#,
        "the clock of the reporter is not known",
        "203.0.113.7 tcp/1080 in",
        "ends in 23 h",
        r#"href="/why/ND-17""#,
        "/raw\"",
        "Malware named, and what to do",
        "Sobig installs a SOCKS proxy. Look for: &#60;b&#62;udp",
    ] {
        assert!(page.text.contains(part), "{part} is missing");
    }
    assert_eq!(browser.get("/case/ND-999999").await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.get("/case/nonsense").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_next_step_is_the_first_button() {
    let browser = Browser::logged_in(Night::usual());
    let first = |text: &str| {
        text.split(r#"name="action" value=""#).nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let contained = browser.get("/case/ND-17").await.text;
    assert_eq!(first(&contained), "recheck");
    assert!(contained.contains(r#"value="release""#) && !contained.contains(r#"value="confirm""#));
    let suspected = browser.get("/case/ND-41").await.text;
    assert!(suspected.contains(r#"value="confirm""#) && !suspected.contains(r#"value="release""#));
    assert_eq!(first(&browser.get("/case/ND-3").await.text), "note");
    assert!(!contained.contains(r#"value="innocent""#), "innocence is offered where SpamCop would hear it");
}

#[tokio::test]
async fn a_release_is_recorded_in_the_operators_name_and_the_browser_is_sent_back_to_read() {
    let browser = Browser::logged_in(Night::usual());
    let form = browser.get("/case/ND-17").await.text;
    let (csrf, version) = (field(&form, "csrf"), field(&form, "version"));
    assert_eq!(csrf, CSRF);
    let sent = format!("csrf={csrf}&version={version}&action=release&reason=owner+called+back");
    let answer = browser.post("/case/ND-17/act", &sent).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header(header::LOCATION), "/case/ND-17?done=release");
    let acted = browser.night().state().acted.pop().unwrap();
    assert_eq!(acted.1, Command::Release { reason: "owner called back".to_owned() });
    assert_eq!(acted.2.to_string(), OPERATOR);
    let page = browser.get("/case/ND-17?done=release").await.text;
    assert!(page.contains("Released. The blocks are lifted") && page.contains("lifted: released"));
}

#[tokio::test]
async fn every_action_wants_a_reason_and_says_so_beside_what_was_typed() {
    for action in ["confirm", "dismiss", "release", "recheck", "innocent", "note"] {
        let browser = Browser::logged_in(Night::usual());
        let sent = format!("csrf={CSRF}&version=12&action={action}&reason=+&ports=1080");
        let answer = browser.post("/case/ND-17/act", &sent).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{action}");
        assert!(answer.text.contains("Say why") && answer.text.contains(r#"value="1080""#), "{action}");
        assert!(browser.night().state().acted.is_empty(), "{action}");
    }
}

#[tokio::test]
async fn a_case_that_moved_on_takes_nothing_and_keeps_what_was_written() {
    let browser = Browser::logged_in(Night::usual());
    let sent = format!("csrf={CSRF}&version=11&action=dismiss&reason=not+a+proxy+after+all");
    let answer = browser.post("/case/ND-17/act", &sent).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text.contains("moved on while you wrote"));
    assert!(
        answer.text.contains(">not a proxy after all</textarea>")
            && answer.text.contains(r#"name="version" value="12""#)
    );
    assert_eq!(browser.night().state().cases[1].row.stage, Stage::Contained);
}

#[tokio::test]
async fn a_recheck_names_its_ports_and_keeps_its_reason() {
    let browser = Browser::logged_in(Night::usual());
    let sent =
        format!("csrf={CSRF}&version=12&action=recheck&reason=customer+says+it+is+off&ports=1080,+3128");
    assert_eq!(browser.post("/case/ND-17/act", &sent).await.status, StatusCode::SEE_OTHER);
    let acted: Vec<Command> = browser.night().state().acted.iter().map(|one| one.1.clone()).collect();
    assert_eq!(
        acted,
        [
            Command::Recheck { ports: vec![1080, 3128] },
            Command::Note { text: "recheck asked: customer says it is off".to_owned() },
        ]
    );
    let sent = format!("csrf={CSRF}&version=14&action=recheck&reason=x&ports=http");
    let answer = browser.post("/case/ND-17/act", &sent).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text.contains("is not a port"));
}

#[tokio::test]
async fn why_walks_from_the_rule_to_the_quoted_bytes() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/why/ND-17").await.text;
    let at = |what: &str| page.find(what).unwrap_or_else(|| panic!("{what} is missing"));
    assert!(at(">rule<") < at(">case<") && at(">case<") < at(">answer<") && at(">claim<") < at(">bytes<"));
    assert!(at("<blockquote") < at("bytes 212..262"));
    assert!(at("</span> follows from") < at("</span> rests on"));
    assert!(
        at("</span> rests on") < at("</span> and rests on") && at("and rests on") < at("</span> read from")
    );
    assert_eq!(browser.get("/why?of=203.0.113.7").await.header(header::LOCATION), "/why/203.0.113.7");
    assert_eq!(browser.get("/why?of=nd-17").await.header(header::LOCATION), "/why/ND-17");
    assert_eq!(browser.get("/why?of=nobody").await.status, StatusCode::BAD_REQUEST);
    assert!(browser.get("/why/192.0.2.9").await.text.contains("Nothing is known of it"));
}

#[tokio::test]
async fn the_intake_shows_what_no_case_could_take_and_why() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/intake?outcome=orphan").await.text;
    assert_eq!(page.matches("data-row").count(), 3);
    assert!(page.contains("two lines held 203.0.113.90"));
    assert_eq!(browser.get("/intake?outcome=lost").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn login_leads_back_to_where_one_was_and_a_wrong_password_says_nothing_of_the_name() {
    let browser = Browser::stranger(Night::usual());
    let sent_away = browser.get("/case/ND-17").await;
    assert_eq!(sent_away.status, StatusCode::SEE_OTHER);
    assert_eq!(sent_away.header(header::LOCATION), "/login?next=%2Fcase%2FND-17");
    let form = browser.get("/login?next=%2Fcase%2FND-17").await.text;
    let (csrf, next) = (field(&form, "csrf"), field(&form, "next"));
    let wrong = browser.post("/login", &format!("csrf={csrf}&next={next}&name=nobody&password=x")).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.text.contains("That name and password do not go together"));
    let password = PASSWORD.replace(' ', "+");
    let right =
        browser.post("/login", &format!("csrf={csrf}&next={next}&name={OPERATOR}&password={password}")).await;
    assert_eq!(right.header(header::LOCATION), "/case/ND-17");
    assert_eq!(browser.get("/case/ND-17").await.status, StatusCode::OK);
    assert_eq!(browser.post("/logout", &format!("csrf={CSRF}")).await.header(header::LOCATION), "/login");
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_theme_is_kept_without_a_script() {
    let browser = Browser::logged_in(Night::usual());
    assert!(browser.get("/").await.text.contains(r#"data-theme="auto""#));
    let answer = browser.post("/theme", &format!("csrf={CSRF}&theme=dark&back=/case/ND-17")).await;
    assert_eq!(answer.header(header::LOCATION), "/case/ND-17");
    assert!(browser.get("/").await.text.contains(r#"data-theme="dark""#));
}

#[tokio::test]
async fn a_desk_that_cannot_answer_is_said_plainly_without_its_inner_words() {
    let night = Night::usual();
    night.state().broken = true;
    let page = Browser::logged_in(night).get("/").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.text.contains("Accepted mail is safe") && !page.text.contains("on fire"));
    assert_eq!(page.header(header::RETRY_AFTER), "60");
}

#[tokio::test]
async fn an_address_of_ours_that_does_not_work_is_a_red_line_on_the_front_page() {
    let night = Night::usual();
    let check = |works, note: &str| desk::CheckView {
        subject: "mail abuse@example.net".to_owned(),
        works,
        since: fake::now(),
        checked: fake::now(),
        note: note.to_owned(),
    };
    night.state().checks = vec![check(true, "came back in 2 s")];
    assert!(!Browser::logged_in(night).get("/").await.text.contains("does not work"));

    let night = Night::usual();
    night.state().checks = vec![check(false, "the self-check did not come back")];
    let browser = Browser::logged_in(night);
    let page = browser.get("/").await;
    assert!(page.text.contains("mail abuse@example.net does not work"), "{}", page.text);
    assert!(page.text.contains("did not come back"));
    let intake = browser.get("/intake").await;
    assert!(intake.text.contains("<strong>does not work</strong>"), "{}", intake.text);
}

#[tokio::test]
async fn the_front_page_says_how_much_is_going_on_in_the_traffic_and_every_loss() {
    let night = Night::usual();
    let browser = Browser::logged_in(night.clone());
    let page = browser.get("/").await.text;
    assert!(page.contains("<b>1,240</b> flows/s") && page.contains("<b>8,112</b> lines watched"));
    assert!(page.contains("<b>2</b> relay-shape") && !page.contains("<b>0</b> beacon"));
    assert!(page.contains("192.0.2.2") && page.contains("silent"), "an exporter that stopped is seen");
    assert!(page.contains("1,204 lost on the way, 2,408 flows of unknown sampling"));
    assert!(page.contains("datagrams of exporters that are not configured</th><td class=\"num\">17"));
    assert!(!page.contains("The kernel dropped"));
    night.state().traffic.as_mut().unwrap().listener.kernel_drops = 5;
    assert!(browser.get("/").await.text.contains("The kernel dropped 5 datagrams"));
    night.state().traffic = None;
    assert!(!browser.get("/").await.text.contains("flows/s"), "nothing is said where nothing is watched");
}

#[tokio::test]
async fn a_case_shows_its_signs_with_the_flows_that_prove_them() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/case/ND-17").await.text;
    assert!(page.contains("44 times what came in on port 48613 went out again"));
    assert!(page.contains("198.51.100.9:40001") && page.contains("60,210") && page.contains("not told"));
    assert!(!browser.get("/case/ND-18").await.text.contains("Seen in our own flow records"));
}

#[tokio::test]
async fn metrics_are_for_scrapers_that_connect_themselves_and_for_operators() {
    let get = |peer: &str, header: Option<&'static str>| {
        let mut request = axum::http::Request::get("/metrics");
        if let Some(name) = header {
            request = request.header(name, "127.0.0.1");
        }
        let mut request = request.body(axum::body::Body::empty()).unwrap();
        let peer: std::net::SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        request
    };
    let stranger = Browser::stranger(Night::usual());
    let scraped = stranger.send(get("127.0.0.1:9", None)).await;
    assert_eq!(scraped.status, StatusCode::OK);
    assert_eq!(scraped.header(header::CONTENT_TYPE), "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "nightdesk_cases{stage=\"suspected\"}",
        "nightdesk_work_total{what=\"probes\",which=\"open-proxy\"} 3",
        "nightdesk_flows_total 4691356",
        "nightdesk_flow_losses_total{where=\"stranger\"} 17",
        "nightdesk_exporter_losses_total{exporter=\"192.0.2.2\",what=\"sequence\"} 1204",
        "nightdesk_signs_day{sign=\"relay-shape\"} 2",
    ] {
        assert!(scraped.text.contains(line), "{line} is not in\n{}", scraped.text);
    }
    assert_eq!(stranger.send(get("198.51.100.9:9", None)).await.status, StatusCode::NOT_FOUND);
    let proxied = stranger.send(get("127.0.0.1:9", Some("x-forwarded-for"))).await;
    assert_eq!(proxied.status, StatusCode::NOT_FOUND, "what comes through a proxy could be anybody");
    let operator = Browser::logged_in(Night::usual());
    assert_eq!(operator.send(get("198.51.100.9:9", None)).await.status, StatusCode::OK);
}
