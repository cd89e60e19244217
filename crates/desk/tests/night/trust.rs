//! Who is believed: what is shown of a sender, the unpublished box, two ways of one report, and files of a feed.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use jiff::SignedDuration;

use case::{Event, Stage};
use desk::Reporters;
use lookup::{Authenticator, Config};
use store::{Delivery, IntakeFilter};

use crate::house::{House, Night, spamcop, until};
use crate::keys::Key;
use crate::names::Zone;
use crate::proxy;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A house that asks this zone.
async fn asking(zone: Zone) -> House {
    let mut house = House::new().await;
    let authenticator: Authenticator = zone.serve(Config::default()).await.0;
    house.reporters = Reporters { authenticator: Some(authenticator), ..Reporters::default() };
    house
}

async fn deliver(night: &Night, id: &str, envelope: serde_json::Value, bytes: &[u8]) {
    let source = if envelope.get("file_name").is_some() { "http" } else { "smtp" };
    let delivery = Delivery {
        id: id.to_owned(),
        source: source.to_owned(),
        envelope,
        received: night.desk.now(),
        bytes: bytes.to_vec(),
    };
    let desk = night.desk.clone();
    let kept = tokio::task::spawn_blocking(move || desk.accept(vec![delivery])).await.expect("an acceptance");
    assert!(kept.iter().all(Result::is_ok));
}

/// How many times the operators were rung for a case, done or ordered.
async fn pages(house: &House, subscriber: &str) -> (usize, usize) {
    let Some(case) = house.case_of(subscriber).await else { return (0, 0) };
    let records = house.store.records(case.id()).await.expect("records");
    let ordered = records.iter().filter(|record| matches!(record.event, Event::PageOrdered { .. })).count();
    let tried = |event: &Event| matches!(event, Event::TellingFailed { to, .. } | Event::Told { to } if to == "operators");
    (ordered, records.iter().filter(|record| tried(&record.event)).count())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_shown_to_be_spamcops_pages_in_five_seconds_and_says_how_it_was_shown() {
    let key = Key::of("spamcop.net");
    let house = asking(Zone::default().txt(&key.name(), key.record())).await;
    house.leased("127.66.2.1", "line-1").await;
    let night = house.open().await;
    let mail = key.sign(&spamcop("127.66.2.1", 9, 7100, house.clock.now() - HOUR).replace('\n', "\r\n"));
    let began = Instant::now();
    night.bytes("m1", mail.into_bytes()).await;
    // No relay is configured here: that nobody could be rung stands on the case all the same.
    until("the page", async || (pages(&house, "line-1").await == (1, 1)).then_some(())).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let case = house.case_of("line-1").await.expect("the case");
    let why = night.desk.why_case(case.id()).await.expect("reasons").expect("the case");
    let sender: Vec<&str> =
        why.iter().filter(|step| step.step == "sender").map(|step| step.text.as_str()).collect();
    assert_eq!(sender, ["reports.spamcop.net by DKIM of spamcop.net"]);
    let front = night.desk.queue("", 1, "").await.expect("the queue");
    assert_eq!((front.rows[0].reports, front.rows[0].authenticated_reporters), (1, 1));
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unpublished_box_is_believed_without_being_shown_and_the_public_one_is_not() {
    let house = House::new().await;
    for (last, line) in [(1, "line-1"), (2, "line-2")] {
        house.leased(&format!("127.66.3.{last}"), line).await;
    }
    let night = house.open().await;
    let report =
        |address: &str, number| spamcop(address, 9, number, house.clock.now() - HOUR).replace('\n', "\r\n");
    let boxed = serde_json::json!({ "peer": "192.0.2.9", "tags": ["trusted"] });
    deliver(&night, "boxed", boxed, report("127.66.3.1", 7110).as_bytes()).await;
    let public = serde_json::json!({ "peer": "192.0.2.9", "tags": [] });
    deliver(&night, "public", public, report("127.66.3.2", 7111).as_bytes()).await;
    house.reaches("line-1", Stage::Suspected).await;
    let other = until("the other line probed", async || {
        house.case_of("line-2").await.filter(|case| !case.answers().is_empty())
    })
    .await;
    assert_eq!(other.stage(), Stage::HeadsUp);
    assert_eq!((pages(&house, "line-1").await.0, pages(&house, "line-2").await.0), (1, 0));
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unpublished_box_does_not_wait_behind_a_backlog_whose_name_servers_are_silent() {
    const BACKLOG: u32 = 5000;
    let house = asking(Zone { silent: ["*".to_owned()].into(), ..Zone::default() }).await;
    for (last, line) in [(1, "line-1"), (2, "line-2")] {
        house.leased(&format!("127.66.6.{last}"), line).await;
    }
    let night = house.open().await;
    let at = house.clock.now() - HOUR;
    let backlog = (0..BACKLOG).map(|n| {
        let text = spamcop("127.66.6.2", 9, 20_000 + n, at);
        let text = text.replace("reports.spamcop.net", &format!("throwaway{n}.example"));
        Delivery {
            id: format!("backlog-{n}"),
            source: "smtp".to_owned(),
            envelope: serde_json::json!({ "peer": "192.0.2.9", "mail_from": format!("x@throwaway{n}.example") }),
            received: night.desk.now(),
            bytes: text.replace('\n', "\r\n").into_bytes(),
        }
    });
    let (desk, backlog) = (night.desk.clone(), backlog.collect());
    let kept = tokio::task::spawn_blocking(move || desk.accept(backlog)).await.expect("an acceptance");
    assert!(kept.iter().all(Result::is_ok));
    until("the backlog in the log", async || {
        let log = house.store.entries_after(0, BACKLOG).await.expect("the log");
        (log.len() == BACKLOG as usize).then_some(())
    })
    .await;
    let began = Instant::now();
    night.trusted_mail("boxed", &spamcop("127.66.6.1", 9, 7140, at)).await;
    until("the page", async || (pages(&house, "line-1").await == (1, 1)).then_some(())).await;
    let took = began.elapsed();
    let read = house.store.count_intake(&IntakeFilter::default()).await.expect("a count");
    println!("paged after {took:?} with {read} of {BACKLOG} read");
    assert!(took < Duration::from_secs(5), "{took:?}, with {read} of {BACKLOG} read");
    // The other lane comes to the same mail in its turn, and files it no second time.
    until("all read", async || {
        let read = house.store.count_intake(&IntakeFilter::default()).await.expect("a count");
        (read == u64::from(BACKLOG) + 1).then_some(())
    })
    .await;
    let case = house.case_of("line-1").await.expect("the case");
    let view = night.desk.case(case.id()).await.expect("a page").expect("the case");
    assert_eq!((view.row.reports, pages(&house, "line-1").await.0), (1, 1));
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_dns_dead_mail_is_read_and_a_proxy_is_proved_all_the_same() {
    let key = Key::of("spamcop.net");
    let house = asking(Zone { silent: ["*".to_owned()].into(), ..Zone::default() }).await;
    house.leased("127.66.4.1", "line-1").await;
    let open = proxy::open("127.66.4.1").await;
    let night = house.open().await;
    let mail = spamcop("127.66.4.1", open.port(), 7120, house.clock.now() - HOUR).replace('\n', "\r\n");
    night.bytes("m1", key.sign(&mail).into_bytes()).await;
    let case = house.reaches("line-1", Stage::Contained).await;
    let why = night.desk.why_case(case.id()).await.expect("reasons").expect("the case");
    let sender = why.iter().find(|step| step.step == "sender").expect("what was shown of the sender");
    assert!(sender.text.contains("DNS did not answer"), "{}", sender.text);
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_report_by_two_ways_is_one_and_a_hundred_people_are_a_hundred() {
    let house = House::new().await;
    house.leased("127.66.5.1", "line-1").await;
    let night = house.open().await;
    let report = spamcop("127.66.5.1", 9, 7130, house.clock.now() - HOUR);
    night.mail("direct", &report).await;
    night.mail("forwarded", &format!("Received: from elsewhere.example\n{report}")).await;
    for n in 0..100u32 {
        let other = spamcop("127.66.5.1", 9, 8000 + n, house.clock.now() - HOUR);
        night
            .mail(&format!("p{n}"), &other.replace("reports.spamcop.net", &format!("people{n}.example")))
            .await;
    }
    until("all read", async || {
        let read = house.store.count_intake(&IntakeFilter::default()).await.expect("a count");
        (read == 102).then_some(())
    })
    .await;
    let queue = night.desk.queue("", 1, "").await.expect("the queue");
    let row = &queue.rows[0];
    assert_eq!((queue.total, row.reports, row.reporters, row.authenticated_reporters), (1, 101, 101, 0));
    let intake = night.desk.intake(None, 1).await.expect("the inbox");
    let more = night.desk.intake(None, 3).await.expect("the inbox");
    let notes: Vec<&str> = intake.iter().chain(&more).map(|row| row.note.as_str()).collect();
    assert!(notes.contains(&"counted: it says what enough others have said"), "{notes:?}");
    assert!(notes.contains(&"a copy of a report that came by another way"), "{notes:?}");
    night.end().await;
}

/// A Shadowserver file as it is pulled from their API: its name says what it is.
fn feed(rows: u32, at: jiff::Timestamp) -> Vec<u8> {
    let when = at.strftime("%Y-%m-%d %H:%M:%S");
    let mut text = String::from(
        "\"timestamp\",\"severity\",\"ip\",\"protocol\",\"port\",\"hostname\",\"tag\",\"asn\",\"geo\"\n",
    );
    for n in 0..rows {
        let ours = IpAddr::from([
            127,
            66,
            u8::try_from(100 + n / 250).expect("a byte"),
            u8::try_from(n % 250 + 1).expect("a byte"),
        ]);
        text += &format!(
            "\"{when}\",\"medium\",\"{ours}\",\"tcp\",\"3128\",\"\",\"http-connect-proxy\",\"64500\",\"ZZ\"\n"
        );
        text += &format!(
            "\"{when}\",\"medium\",\"198.51.100.{}\",\"tcp\",\"3128\",\"\",\"http-connect-proxy\",\"64501\",\"ZZ\"\n",
            n % 250
        );
    }
    text.into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_a_feeds_file_about_our_lines_finds_its_case_also_across_a_restart() {
    const LINES: u32 = 4500;
    let house = House::new().await;
    let lease = |n: u32| {
        let ours = format!("127.66.{}.{}", 100 + n / 250, n % 250 + 1);
        house.lease_of(&ours, &format!("line-{n}"), -HOUR * 720, None)
    };
    let leases: Vec<_> = (0..LINES).map(lease).collect();
    house.store.import_leases(&leases, &[]).await.expect("imported leases");
    let night = house.open().await;
    let envelope = serde_json::json!({
        "file_name": "2026-03-01-scan_http_proxy-example-asn.csv", "content_type": "text/csv",
        "authenticated_as": "shadowserver.org",
    });
    deliver(&night, "feed", envelope, &feed(LINES, house.clock.now() - HOUR)).await;
    // Stopped somewhere in the middle; what is filed then is filed once.
    until("the first of it", async || {
        (house.store.count_lines(&case::Narrow::default(), u32::MAX).await.expect("a count") > 0)
            .then_some(())
    })
    .await;
    night.end().await;
    let night = house.open().await;
    until("a case for every line", async || {
        let cases = house.store.count_lines(&case::Narrow::default(), u32::MAX).await.expect("a count");
        (cases == u64::from(LINES)).then_some(())
    })
    .await;
    let league = night.desk.reporters().await.expect("the reporters");
    assert_eq!((league[0].domain.as_str(), league[0].reports), ("shadowserver.org", u64::from(LINES)));
    let reading = night.desk.intake(None, 1).await.expect("the inbox");
    assert!(reading[0].note.starts_with("filed on "), "{}", reading[0].note);
    night.end().await;
}
