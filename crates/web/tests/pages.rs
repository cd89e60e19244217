//! The pages over an in-memory night, as a browser without JavaScript gets them.

mod fake;
mod walk;

use axum::http::{StatusCode, header};
use case::{Command, Stage};
use fake::{CSRF, Night, OPERATOR, PASSWORD};
use walk::{Browser, field};

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
        let (_, step) = text.split_once("Next step").unwrap();
        step.split(r#"name="action" value=""#).nth(1).unwrap().split('"').next().unwrap().to_owned()
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
async fn the_traps_say_what_is_wanted_by_whom_and_show_a_strangers_bytes_as_text() {
    let night = Night::usual();
    let browser = Browser::logged_in(night.clone());
    let page = browser.get("/traps").await.text;
    for words in
        ["socks5", "48613/tcp", "198.51.100.0/24", "new today", "one of our lines", "may be forged", "84,212"]
    {
        assert!(page.contains(words), "{words}");
    }
    assert!(page.contains(r"\x05\x01\x00") && page.contains("050100"), "first bytes as text and as hex");
    assert!(!page.contains("<script>alert"), "and never as markup");
    assert!(page.contains("icmp 8/0"), "a ping has no port");
    let metrics = browser.get("/metrics").await.text;
    assert!(metrics.contains("nightdesk_trap_connections_total 84212"));
    assert!(metrics.contains(r#"nightdesk_trap_wanted_hour{wanted="socks5",family="proxy"} 1204"#));
    night.state().traps = None;
    assert!(browser.get("/traps").await.text.contains("There are no traps"));
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
async fn who_tells_us_whose_an_address_is_is_counted_on_the_page_of_sources_and_for_scrapers() {
    let night = Night::usual();
    let browser = Browser::logged_in(night.clone());
    assert!(!browser.get("/intake").await.text.contains("Leases from"), "no source, no table");
    assert!(!browser.get("/metrics").await.text.contains("accounting_requests_total"));
    night.state().lease_sources = desk::LeaseSourcesView {
        accounting: Some(desk::AccountingView {
            listen: "192.0.2.53:1813".to_owned(),
            answered: 90_210,
            unanswered: 7,
            forged: 41,
            malformed: 1,
            strangers: 300,
        }),
        translators: Some(desk::TranslatorsView {
            held: 1_204,
            events: 5_000,
            passed_over: 12,
            unusable: 3,
            gaps: 2,
        }),
    };
    let page = browser.get("/intake").await.text;
    for shown in
        ["RADIUS accounting at 192.0.2.53:1813", ">90210<", ">342<", "41 with another secret", "1204 blocks"]
    {
        assert!(page.contains(shown), "{shown} is not in\n{page}");
    }
    let metrics = browser.get("/metrics").await.text;
    for line in [
        "nightdesk_accounting_requests_total{outcome=\"answered\"} 90210",
        "nightdesk_accounting_requests_total{outcome=\"forged\"} 41",
        "nightdesk_port_blocks_held 1204",
        "nightdesk_nat_events_total{outcome=\"passed-over\"} 12",
        "nightdesk_nat_gaps_total 2",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
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
        "nightdesk_flow_losses_total{where=\"disk\"} 19",
        "nightdesk_exporter_losses_total{exporter=\"192.0.2.2\",what=\"sequence\"} 1204",
        "nightdesk_signs_day{sign=\"relay-shape\"} 2",
        "nightdesk_cases_by_kind{stage=\"confirmed\",kind=\"open-proxy\"} 4",
        "nightdesk_clock_seconds_bucket{clock=\"contain\",le=\"60\"} 1",
        "nightdesk_clock_seconds_bucket{clock=\"contain\",le=\"+Inf\"} 12",
        "nightdesk_spool_waiting 6",
        "nightdesk_blocklist_works{list=\"bl.example.net\"} 1",
        "nightdesk_blocklist_listed{list=\"bl.example.net\",of=\"sample\"} 1",
        "nightdesk_outbox_age_seconds 40",
        "nightdesk_never_touch_readable 1",
    ] {
        assert!(scraped.text.contains(line), "{line} is not in\n{}", scraped.text);
    }
    assert_eq!(stranger.send(get("198.51.100.9:9", None)).await.status, StatusCode::NOT_FOUND);
    let proxied = stranger.send(get("127.0.0.1:9", Some("x-forwarded-for"))).await;
    assert_eq!(proxied.status, StatusCode::NOT_FOUND, "what comes through a proxy could be anybody");
    let operator = Browser::logged_in(Night::usual());
    assert_eq!(operator.send(get("198.51.100.9:9", None)).await.status, StatusCode::OK);
}

const LOOK_BACK: &str = "/exposure?scanner=198.51.100.66&victim=203.0.113.20&at=2026-11-23T02:14:00Z";

#[tokio::test]
async fn the_map_has_every_address_of_the_24_and_those_touched_lead_to_the_list() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get(LOOK_BACK).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.text.matches("<title>203.0.113.").count(), 256);
    assert!(page.text.contains("203.0.113.66: has a new listener since"));
    assert!(
        page.text.contains(r##"href="#h-203.0.113.66""##) && page.text.contains(r#"id="h-203.0.113.66""#)
    );
    assert!(page.text.contains("203.0.113.1: not touched"));
    assert!(page.text.contains("Of the 169 hours before, 61 are known"), "what is not known is said");
    let wide = browser.get(&LOOK_BACK.replace("203.0.113.20", "203.0.112.0/23")).await;
    assert!(
        wide.text.contains("203.0.113.66") && !wide.text.contains("<title>203.0.113."),
        "a list, and no map"
    );
}

#[tokio::test]
async fn a_look_back_that_cannot_be_read_says_what_is_wrong_and_keeps_what_was_typed() {
    let browser = Browser::logged_in(Night::usual());
    for (typed, said) in [
        ("scanner=%3Cb%3Ex&victim=203.0.113.20&at=2026-11-23T02:14:00Z", "is no address of a scanner"),
        ("scanner=198.51.100.66&victim=nobody&at=2026-11-23T02:14:00Z", "neither an address nor a prefix"),
        ("scanner=198.51.100.66&victim=203.0.113.20&at=yesterday", "Write a moment such as"),
        ("scanner=198.51.100.66&victim=203.0.113.20&at=2026-11-23T02:14:00Z&minutes=0", "Minutes go from 1"),
    ] {
        let page = browser.get(&format!("/exposure?{typed}")).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        assert!(page.text.contains(said) && !page.text.contains("<b>x"), "{typed}: {}", page.text);
    }
    assert!(
        browser.get("/exposure").await.text.contains("firewall log"),
        "the empty form says what it is for"
    );
}

#[tokio::test]
async fn a_hosts_day_is_a_picture_and_a_table_and_only_of_our_own_hosts() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/timeline/203.0.113.66").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("48613/tcp: 214 peers") && page.text.contains("2.4 GB"));
    assert!(page.text.contains("The day before") && !page.text.contains("The day after"));
    assert!(page.text.contains("24 of these 25 hours"), "what is not known is said");
    let foreign = browser.get("/timeline/198.51.100.1").await;
    assert_eq!(foreign.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(foreign.text.contains("not in the home prefixes"));
    let found = browser.get("/timeline?of=203.0.113.66").await;
    assert_eq!(found.headers.get(header::LOCATION).unwrap(), "/timeline/203.0.113.66");
    assert_eq!(browser.get("/timeline/nobody").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn firewalls_show_their_share_and_whom_to_call_first() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/firewall").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("<b>81 %</b> of judged lines in force"), "{}", page.text);
    let (called, once) = (page.text.find("line-called"), page.text.find("waits for a second observation"));
    assert!(called.is_some() && called < once, "those to call come first");
    assert!(!page.text.contains("<b>once"), "a line's name is foreign text");
    assert!(page.text.contains("203.0.113.0/24") && page.text.contains("2026-11-24"));
}

#[tokio::test]
async fn a_lines_configuration_lies_behind_its_link_without_a_login() {
    let stranger = Browser::stranger(Night::usual());
    let link = format!("/firewall/{}", fake::firewalls::TOKEN);
    let file = stranger.get(&format!("{link}.nft")).await;
    assert_eq!((file.status, file.text.as_str()), (StatusCode::OK, "# rules\n"));
    assert_eq!(file.header(header::ETAG), "\"3-abc\"");
    for other in ["/firewall/0123.nft".to_owned(), format!("{link}.exe"), link] {
        assert_eq!(stranger.get(&other).await.status, StatusCode::NOT_FOUND, "{other}");
    }
    assert_ne!(stranger.get("/firewall").await.status, StatusCode::OK, "the page is for operators");
}

#[tokio::test]
async fn a_wish_to_send_mail_is_granted_with_an_end_or_refused() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/mail-port").await;
    assert!(page.text.contains("my &#60;i&#62;own") && page.text.contains("203.0.113.0/24"), "{}", page.text);
    let decide =
        |days: &str, decision: &str| format!("csrf={CSRF}&subscriber=line-7&days={days}&decision={decision}");
    for days in ["0", "367", "", "x"] {
        assert_eq!(
            browser.post("/mail-port", &decide(days, "grant")).await.status,
            StatusCode::BAD_REQUEST,
            "{days}"
        );
    }
    assert_eq!(browser.night().state().mail_decided, []);
    assert_eq!(browser.post("/mail-port", &decide("30", "grant")).await.status, StatusCode::SEE_OTHER);
    let granted = browser.get("/mail-port").await;
    assert!(granted.text.contains("granted by robin until 2026-12-23"), "{}", granted.text);
    browser.post("/mail-port", &decide("", "refuse")).await;
    assert!(browser.get("/mail-port").await.text.contains("refused by robin"));
}

#[tokio::test]
async fn the_playbook_is_shown_as_tables_and_as_the_file_and_a_mistake_keeps_what_was_written() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/playbook").await;
    assert_eq!(page.status, StatusCode::OK);
    for words in ["Playbook 1 (", "tell the customer", "/runbooks/suspected", "[[step]]", "configuration"] {
        assert!(page.text.contains(words), "{words}");
    }
    let wrong = browser
        .post("/playbook/try", &format!("csrf={CSRF}&days=30&text=number%20%3D%201%0Anmae%20%3D%201"))
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("line 2, column 1") && wrong.text.contains("nmae = 1"), "{}", wrong.text);
    assert_eq!(
        browser.post("/playbook/try", &format!("csrf={CSRF}&days=0&text=x")).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn only_what_was_tried_is_made_live_and_the_picture_comes_first() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/playbook/trial").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("2 lines would have been cut off wrongly"), "{}", page.text);
    assert!(page.text.contains("is contained 1 h 30 min earlier") && page.text.contains("ND-17"));
    let (wrong, other) = (page.text.find("WRONGLY CUT OFF"), page.text.find("1 d 1 h earlier"));
    assert!(wrong.is_some() && wrong < other, "the wrong ones come first");
    let other =
        browser.post("/playbook/live", &format!("csrf={CSRF}&hash=000000000000&reason=because")).await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST);
    assert_eq!(browser.night().state().made_live, []);
    let hash = case::Playbook::read(&fake::playbooks::tried()).unwrap().version.hash;
    let live = browser.post("/playbook/live", &format!("csrf={CSRF}&hash={hash}&reason=quicker")).await;
    assert_eq!(live.status, StatusCode::SEE_OTHER);
    let made = browser.night().state().made_live.clone();
    assert_eq!((made[0].1.as_str(), made[0].2.as_str()), ("robin", "quicker"));
}

#[tokio::test]
async fn every_sign_of_a_page_leads_to_its_runbook() {
    let browser = Browser::logged_in(Night::usual());
    let list = browser.get("/runbooks").await;
    for book in case::runbooks() {
        assert!(list.text.contains(&format!("/runbooks/{}", book.name)), "{}", book.name);
        let page = browser.get(&format!("/runbooks/{}", book.name)).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains("<ol>") && !page.text.contains('`'), "{}", book.name);
    }
    assert_eq!(browser.get("/runbooks/none").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_customer_sees_answers_and_tests_by_the_link_alone_and_nobody_without_it() {
    let stranger = Browser::stranger(Night::usual());
    let path = format!("/c/{}", fake::customers::TOKEN);
    let page = stranger.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("<html lang=\"de\">"), "as the letter was: {}", page.text);
    assert!(page.text.contains("ND-17") && page.text.contains("(Port 8080)"), "{}", page.text);
    assert!(!page.text.contains("line-20417"), "no name of ours");
    assert_eq!(page.header(header::REFERRER_POLICY), "same-origin");
    assert_eq!(page.header(header::CACHE_CONTROL), "no-store");
    assert!(stranger.get(&format!("{path}?lang=tr")).await.text.contains("<html lang=\"tr\">"));
    assert_eq!(stranger.night().state().opened, 1, "another language is the same visit");
    let said = stranger.press(&path, &page.text, "press=answer&lang=de&text=es+ist+%3Cb%3Eweg").await;
    assert_eq!(said.status, StatusCode::SEE_OTHER);
    assert_eq!(said.header(header::LOCATION), format!("{path}?lang=de&said=kept"));
    assert_eq!(stranger.night().state().answers, ["es ist <b>weg"]);
    stranger.press(&path, &page.text, "press=test&lang=de").await;
    assert_eq!(stranger.night().state().tested, 1);
    for other in [format!("/c/{}", "0".repeat(64)), "/c/x".to_owned()] {
        assert_eq!(stranger.get(&other).await.status, StatusCode::NOT_FOUND, "{other}");
        let pressed = stranger.press(&other, &page.text, "press=answer&text=x").await;
        assert_eq!(pressed.status, StatusCode::NOT_FOUND, "{other}");
    }
    let mut last = StatusCode::OK;
    for _ in 0..70 {
        last = stranger.get(&path).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn the_numbers_are_pictures_with_the_same_figures_as_tables_and_files() {
    let browser = Browser::logged_in(Night::usual());
    let page = browser.get("/numbers").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(page.text.contains("60 cases opened from"), "{}", page.text);
    assert!(page.text.contains("New today: 1<") && page.text.contains(r#"href="/case/ND-200""#));
    // The map: sixteen /24s and two /48s, five of them warm and leading to their cases.
    assert_eq!(page.text.matches(r#" width="18" height="18" rx="2"/>"#).count(), 18);
    assert!(page.text.contains(r#"<a href="/?q=198.51.100." aria-label="198.51.100.0/24: 12 cases">"#));
    // Every clock has its picture, and natural clean-up stands beside ours.
    assert_eq!(page.text.matches(r#"class="histogram""#).count(), 6);
    assert!(page.text.contains("58 to 74 %") && page.text.contains(r#"<path class="ours" d="M0 170.0H"#));
    assert!(
        page.text.contains("it lists 1 of 32 addresses picked of our prefixes, and 0 of 10 of open cases")
    );
    for name in desk::TABLES {
        let link = format!("/api/v1/numbers/{name}.csv");
        assert!(page.text.contains(&link), "{name} has no file on the page");
        let csv = browser.get(&link).await;
        assert_eq!(csv.status, StatusCode::OK, "{name}");
        assert_eq!(csv.header(header::CONTENT_TYPE), "text/csv; charset=utf-8");
        let lines = browser.get(&format!("/api/v1/numbers/{name}.ndjson")).await;
        assert_eq!(lines.text.lines().count() + 1, csv.text.lines().count(), "{name}");
        assert!(lines.text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    }
    let clocks = browser.get("/api/v1/numbers/clocks.csv").await;
    assert!(
        clocks.text.contains("\"contain\",\"from proved until in force at the edge\",45,0,120,120,120,120"),
        "{}",
        clocks.text
    );
    for none in ["/api/v1/numbers/nothing.csv", "/api/v1/numbers/clocks.exe", "/api/v1/numbers/clocks"] {
        assert_eq!(browser.get(none).await.status, StatusCode::NOT_FOUND, "{none}");
    }
}

#[tokio::test]
async fn numbers_of_a_time_are_asked_for_in_the_address_and_a_wrong_one_is_kept_and_explained() {
    let browser = Browser::logged_in(Night::usual());
    let day = browser.get("/numbers?from=2026-11-20&to=2026-11-20").await;
    assert!(day.text.contains("2 cases opened from"), "{}", day.text);
    assert!(day.text.contains("clocks.csv?from=2026-11-20&#38;to=2026-11-20"), "a file is of the same time");
    let none = browser.get("/numbers?from=2001-01-01&to=2001-01-02").await;
    assert!(none.status == StatusCode::OK && none.text.contains("0 cases opened"));
    assert!(none.text.contains("nothing yet") && !none.text.contains("NaN"));
    let wrong = browser.get("/numbers?from=yesterday").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.text.contains(r#"value="yesterday""#) && wrong.text.contains("Write days such as"));
    assert_eq!(browser.get("/api/v1/numbers?from=yesterday").await.status, StatusCode::BAD_REQUEST);
    let whole = browser.get("/api/v1/numbers").await;
    let whole: serde_json::Value = serde_json::from_str(&whole.text).unwrap();
    assert_eq!((&whole["figures"]["cases"], &whole["opened_today"]), (&60.into(), &1.into()));
}

#[tokio::test]
async fn a_reporters_name_is_text_on_the_page_of_numbers_and_one_row_in_its_file() {
    let night = Night::usual();
    night.state().foreign = "<u>\r\n=1+1".to_owned();
    let browser = Browser::logged_in(night);
    let page = browser.get("/numbers").await;
    assert!(page.text.contains("&#60;u&#62;") && !page.text.contains("<u>"));
    let csv = browser.get("/api/v1/numbers/reporters.csv").await;
    assert_eq!(csv.text.lines().count(), 3, "{}", csv.text);
}
