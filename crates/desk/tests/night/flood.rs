//! Fifty thousand forged reports of ten thousand identities against one line: nobody is cut off, nobody is woken, and
//! what is true among them is found all the same. `NIGHTDESK_FLOOD` sets how many; the suite plays a smaller one.

use std::time::{Duration, Instant};

use jiff::SignedDuration;

use case::{Actor, Case, CaseId, Event, Record, Stage};
use desk::Reporters;
use lookup::{Authenticator, Config};
use store::{Delivery, IntakeFilter, Store};

use crate::house::{House, Night, spamcop, until_within};
use crate::keys::Key;
use crate::names::Zone;
use crate::proxy;
use crate::stand::{Server, Stand};

/// The line that is lied about, and one that nobody lies about.
const FLOODED: &str = "127.66.1.1";
const OTHER: &str = "127.66.1.2";
/// How many of the forged identities own a domain and sign for it.
const SIGNING: usize = 250;
/// How many a suite plays.
const USUAL: usize = 3000;
const AT_ONCE: usize = 256;

fn how_many() -> usize {
    std::env::var("NIGHTDESK_FLOOD").ok().and_then(|text| text.parse().ok()).unwrap_or(USUAL)
}

/// Forgers with their keys, and one true feed.
struct Cast {
    signing: Vec<Key>,
    feed: Key,
    identities: usize,
}

impl Cast {
    fn new(reports: usize) -> Cast {
        let signing = (0..SIGNING).map(|n| Key::of(&format!("throwaway{n}.example"))).collect();
        Cast { signing, feed: Key::of("spamcop.net"), identities: (reports / 5).max(1) }
    }

    async fn authenticator(&self) -> Authenticator {
        let keys = self.signing.iter().chain([&self.feed]);
        let zone = keys.fold(Zone::default(), |zone, key| zone.txt(&key.name(), key.record()));
        let known = vec!["spamcop.net".to_owned()];
        zone.serve(Config { known, ..Config::default() }).await.0
    }

    /// One lie: a SpamCop report as it looks, an ARF report, or plain words; with results of a check nobody made, or
    /// with a valid signature of a domain bought for the day.
    fn lie(&self, n: usize, at: jiff::Timestamp) -> String {
        let who = n % self.identities;
        let port = 10_000 + u16::try_from(n % 40_000).expect("a port");
        let number = u32::try_from(n).expect("few");
        let forged = "Authentication-Results: mx.example.net; dkim=pass header.d=spamcop.net; spf=pass smtp.mailfrom=spamcop.net\r\n";
        let text = match n % 4 {
            0 => spamcop(FLOODED, port, number, at),
            1 => arf(who, n, at),
            2 => plain(&format!("d{who}.example"), n, port, at),
            _ => {
                let key = who % self.signing.len();
                let mail = spamcop(FLOODED, port, number, at);
                let mail = mail.replace("reports.spamcop.net", &format!("throwaway{key}.example"));
                return self.signing[key].sign(&mail.replace('\n', "\r\n"));
            }
        };
        format!("{forged}{}", text.replace('\n', "\r\n"))
    }

    /// What the feed truly says.
    fn truth(&self, address: &str, port: u16, number: u32, at: jiff::Timestamp) -> String {
        self.feed.sign(&spamcop(address, port, number, at).replace('\n', "\r\n"))
    }
}

fn plain(domain: &str, n: usize, port: u16, at: jiff::Timestamp) -> String {
    let date = at.strftime("%a, %d %b %Y %H:%M:%S +0000");
    format!(
        "From: Abuse {n} <abuse@{domain}>\nTo: abuse@example.net\nDate: {date}\nSubject: Open proxy at {FLOODED}\n\
         Message-ID: <{n}@{domain}>\nContent-Type: text/plain; charset=us-ascii\n\n\
         {FLOODED} is an open proxy on port {port}: {FLOODED}:{port}.\nPlease disconnect it at once.\n"
    )
}

fn arf(who: usize, n: usize, at: jiff::Timestamp) -> String {
    let date = at.strftime("%a, %d %b %Y %H:%M:%S +0000");
    format!(
        "From: feedback@arf{who}.example\nTo: abuse@example.net\nDate: {date}\nSubject: FW: cheap\n\
         Message-ID: <arf{n}@arf{who}.example>\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"b\"\n\n\
         --b\nContent-Type: text/plain\n\nThis is an abuse report.\n\
         --b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\n\
         Source-IP: {FLOODED}\nArrival-Date: {date}\n\n\
         --b\nContent-Type: message/rfc822\n\nFrom: x@arf{who}.example\nSubject: cheap\n\nBuy {n}.\n\n--b--\n"
    )
}

/// Hands mails over as many servers of many networks would.
async fn pour(night: &Night, mails: &[(usize, String)]) {
    for some in mails.chunks(AT_ONCE) {
        let deliveries: Vec<Delivery> = some
            .iter()
            .map(|(n, mail)| Delivery {
                id: format!("flood-{n}"),
                source: "smtp".to_owned(),
                envelope: serde_json::json!({
                    "peer": format!("10.{}.{}.7", n % 200, n / 200 % 250), "helo": "mx.example", "mail_from": "",
                }),
                received: night.desk.now(),
                bytes: mail.as_bytes().to_vec(),
            })
            .collect();
        let desk = night.desk.clone();
        let accepted =
            tokio::task::spawn_blocking(move || desk.accept(deliveries)).await.expect("an acceptance");
        assert!(accepted.iter().all(Result::is_ok), "every mail is on disk");
    }
}

async fn all_read(house: &House, mails: usize) {
    let patience = Duration::from_secs(60 + u64::try_from(mails / 50).expect("few"));
    until_within(patience, "every report read", async || {
        let read = house.store.count_intake(&IntakeFilter::default()).await.expect("a count");
        (usize::try_from(read).ok() == Some(mails)).then_some(())
    })
    .await;
}

async fn events_of(store: &Store, case: CaseId) -> Vec<Event> {
    let records: Vec<Record> = store.records(case).await.expect("records");
    records.into_iter().map(|record| record.event).collect()
}

fn count(events: &[Event], which: fn(&Event) -> bool) -> usize {
    events.iter().filter(|event| which(event)).count()
}

async fn the_flood(mut house: House, database: &str) {
    let reports = how_many();
    let cast = Cast::new(reports);
    house.reporters = Reporters { authenticator: Some(cast.authenticator().await), ..Reporters::default() };
    house.leased(FLOODED, "line-flooded").await;
    house.leased(OTHER, "line-other").await;
    let hidden = proxy::open(FLOODED).await;
    let open = proxy::open(OTHER).await;
    let night = house.open().await;
    let at = house.clock.now() - SignedDuration::from_hours(1);

    let lies: Vec<(usize, String)> = (0..reports).map(|n| (n, cast.lie(n, at))).collect();
    let began = Instant::now();
    pour(&night, &lies).await;
    all_read(&house, reports).await;
    let took = began.elapsed();
    let case = house.case_of("line-flooded").await.expect("the case of the flooded line");
    let events = events_of(&house.store, case.id()).await;
    println!(
        "{database}: {reports} forged reports of {} identities in {:.1} s, {:.0} a second; {} events, {} sightings, {} counted; the store holds {}",
        cast.identities,
        took.as_secs_f64(),
        f64::from(u32::try_from(reports).expect("few")) / took.as_secs_f64(),
        events.len(),
        case.sightings().len(),
        case.counted(),
        house.size().await,
    );
    nothing_came_of_it(&house, &night, &case, &events).await;
    every_report_is_counted(&house, &night, &case).await;
    the_truth_among_them_is_found(&house, &night, &cast, reports, (hidden.port(), open.port())).await;
    night.end().await;
}

async fn nothing_came_of_it(house: &House, night: &Night, case: &Case, events: &[Event]) {
    assert!(case.stage() < Stage::Suspected, "{}", case.judgement(&house.playbook, night.desk.now()).why);
    assert!(night.desk.plan().await.rules().is_empty(), "nobody is cut off");
    assert!(
        count(events, |event| matches!(event, Event::NoticeOrdered { .. })) <= 1,
        "the customer is not mailed"
    );
    assert_eq!(count(events, |event| matches!(event, Event::PageOrdered { .. })), 0, "nobody is woken");
    assert!(
        count(events, |event| matches!(event, Event::Asked { .. })) <= 3,
        "nor is the line probed without end"
    );
    assert!(case.sightings().len() < 700, "{} filed one by one", case.sightings().len());
}

async fn every_report_is_counted(house: &House, night: &Night, case: &Case) {
    let view = night.desk.case(case.id()).await.expect("a page").expect("the case");
    let alleging = IntakeFilter { outcomes: vec!["case".to_owned()], ..IntakeFilter::default() };
    let alleging = house.store.count_intake(&alleging).await.expect("a count");
    assert_eq!(view.row.reports, alleging, "every report that alleges something counts, once");
    assert!(
        alleging > u64::try_from(how_many() / 2).expect("few"),
        "only {alleging} of the lies were understood"
    );
    assert!(view.row.reporters > 1 && view.row.authenticated_reporters >= 1, "{:?}", view.row);
}

/// More lies, and two true reports among them: of a proxy on another line, and of one on the flooded line itself.
async fn the_truth_among_them_is_found(
    house: &House,
    night: &Night,
    cast: &Cast,
    before: usize,
    (hidden, open): (u16, u16),
) {
    let at = house.clock.now() - SignedDuration::from_mins(30);
    let mut more: Vec<(usize, String)> =
        (before..before + before / 5).map(|n| (n, cast.lie(n, at))).collect();
    let true_ones = [(OTHER, open, 900_001), (FLOODED, hidden, 900_002)];
    for (address, port, number) in true_ones {
        let place = more.len() / 2;
        let name = usize::try_from(number).expect("few");
        more.insert(place, (name, cast.truth(address, port, number, at)));
    }
    let began = Instant::now();
    pour(night, &more).await;
    let patience = Duration::from_secs(60 + u64::try_from(more.len() / 50).expect("few"));
    house.reaches_within(patience, "line-other", Stage::Contained).await;
    println!("a true report among {} more was proved and contained after {:?}", more.len(), began.elapsed());
    all_read(house, before + more.len()).await;
    // The flooded line was probed a moment ago; its turn comes after the least gap between two probes.
    let suspected = house.case_of("line-flooded").await.expect("the case");
    assert_eq!(suspected.stage(), Stage::Suspected, "one word of a feed that is known");
    house.clock.advance(SignedDuration::from_mins(12));
    let case = house.reaches_within(patience, "line-flooded", Stage::Contained).await;
    let events = events_of(&house.store, case.id()).await;
    assert_eq!(count(&events, |event| matches!(event, Event::PageOrdered { .. })), 1);
    assert!(count(&events, |event| matches!(event, Event::NoticeOrdered { .. })) <= 1);
    let credited: Vec<String> = events.iter().filter_map(credit).collect();
    assert_eq!(credited, ["spamcop.net"], "only who named it earns a record");
    let rules = night.desk.plan().await;
    assert!(
        rules.rules().iter().all(|rule| [FLOODED, OTHER].contains(&rule.key.address.to_string().as_str()))
    );
    // An operator who looks at the flood can end it in one step.
    night
        .desk
        .act(case.id(), case::Command::Note { text: "forged".to_owned() }, Actor::Desk)
        .await
        .expect("a note");
}

fn credit(event: &Event) -> Option<String> {
    match event {
        Event::ReporterJudged { domain, confirmed: true, .. } => Some(domain.clone()),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_forged_reports_harms_nobody_and_hides_nothing() {
    the_flood(House::new().await, "SQLite").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_it_on_postgresql() {
    let Some(server) = Server::start() else { return };
    let stand = Stand::postgres(server.url).await;
    the_flood(House::on(stand.url.clone()).await, "PostgreSQL").await;
    drop(stand);
    server.tidy().await;
}
