//! What the flow records alone show: proxies found without any complaint, and lines that did nothing left in peace.

use std::net::IpAddr;

use flow::{ExporterId, Flow, Millis, Way, protocol, tcp};
use jiff::SignedDuration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use case::{Actor, Case, Command, Stage};
use desk::{Feed, Traffic, TrafficSettings};
use store::Delivery;

use crate::house::{House, Night, until};
use crate::proxy;
use crate::stand::{Server, Stand};

/// The watchers of a night.
struct Watch {
    feed: Feed,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl Watch {
    fn over(night: &Night, allowed: &[&str]) -> Watch {
        let allowed = allowed.iter().map(|text| text.parse().expect("an address")).collect();
        let settings = TrafficSettings { allowed, threads: 2, memory: None };
        let traffic = Traffic::start(&night.desk, &settings).expect("threads");
        let feed = traffic.feed();
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(traffic.run(settings.allowed, stopped));
        Watch { feed, stop, running }
    }

    async fn end(self) {
        self.stop.send_replace(true);
        self.running.await.expect("a watch that ends in order");
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// One whole connection that began `ago` milliseconds before now.
fn flow(
    house: &House,
    ago: i64,
    source: (IpAddr, u16),
    destination: (IpAddr, u16),
    bytes: (u64, u64),
) -> Flow {
    let way = |bytes: u64| Way {
        packets: 4 + bytes / 1_000,
        bytes: bytes + 52 * (4 + bytes / 1_000),
        flags: tcp::SYN | tcp::ACK | tcp::PSH | tcp::FIN,
    };
    let first = Millis::from(house.clock.now()).plus(-ago);
    Flow {
        first,
        last: first.plus(700),
        source: source.0,
        destination: destination.0,
        source_port: source.1,
        destination_port: destination.1,
        protocol: protocol::TCP,
        both_ways: true,
        forward: way(bytes.0),
        reverse: way(bytes.1),
        sampling: 1,
        exporter: ExporterId(1),
        translated: None,
    }
}

/// Strangers use a proxy on this port of a line, for a quarter of an hour: each connection in is followed by one out.
fn proxied(house: &House, line: &str, port: u16) -> Vec<Flow> {
    let line = address(line);
    let both = |n: u8| {
        let ago = 900_000 - 20_000 * i64::from(n);
        let (up, down) = (700 + 37 * u64::from(n), 4_000 + 791 * u64::from(n));
        let stranger = (IpAddr::from([203, 0, 113, 1 + n % 7]), 40_000 + u16::from(n));
        let server = (IpAddr::from([192, 0, 2, 1 + n]), 443);
        [
            flow(house, ago, stranger, (line, port), (up + 120, down + 39)),
            flow(house, ago - 140, (line, 50_000 + u16::from(n)), server, (up, down)),
        ]
    };
    (0..40).flat_map(both).collect()
}

/// What a household does all evening: pages, the time, updates, one push connection, and scans that nobody answers.
fn harmless(house: &House, line: &str) -> Vec<Flow> {
    let line = address(line);
    let mut flows = Vec::new();
    for n in 0..60u8 {
        let ago = 900_000 - 14_000 * i64::from(n);
        let site = (IpAddr::from([192, 0, 2, 1 + n % 20]), 443);
        flows.push(flow(house, ago, (line, 30_000 + u16::from(n)), site, (900, 40_000 + 13 * u64::from(n))));
        let time = (address("192.0.2.123"), 123);
        let asked = flow(house, ago, (line, 123), time, (48, 48));
        flows.push(Flow { protocol: protocol::UDP, ..asked });
        let scanner = (IpAddr::from([203, 0, 113, 1 + n]), 55_555);
        let scan = flow(house, ago, scanner, (line, 1_000 + u16::from(n)), (0, 0));
        let syn = Way { packets: 1, bytes: 44, flags: tcp::SYN };
        flows.push(Flow { forward: syn, reverse: Way::default(), ..scan });
    }
    flows
}

/// Hands flows in as their ends came, and a last one of nobody's that moves the time on.
fn hand_in(house: &House, watch: &Watch, mut flows: Vec<Flow>) {
    let line = flows.first().map(|flow| flow.destination).expect("flows");
    flows.sort_by_key(|flow| flow.last);
    let later = flow(house, 0, (address("203.0.113.250"), 9), (line, 9), (0, 0));
    flows.push(Flow {
        forward: Way { packets: 1, bytes: 44, flags: tcp::SYN },
        reverse: Way::default(),
        ..later
    });
    watch.feed.take(flows);
}

fn signs(case: &Case) -> Vec<&'static str> {
    let name = |seen: &case::Sighting| match &seen.source {
        case::Source::Sign { sign, .. } => sign.name(),
        case::Source::Report { .. } => "report",
    };
    let mut names: Vec<&str> = case.sightings().iter().map(name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

async fn a_proxy_is_found_asked_on_its_odd_port_proved_and_contained(house: &House) {
    house.leased("127.66.2.66", "line-66").await;
    let open = proxy::open("127.66.2.66").await;
    let night = house.open().await;
    let watch = Watch::over(&night, &[]);
    hand_in(house, &watch, proxied(house, "127.66.2.66", open.port()));
    let case = house.reaches("line-66", Stage::Contained).await;
    assert!(signs(&case).contains(&"relay-shape") && !signs(&case).contains(&"report"), "{:?}", signs(&case));
    let proof = case.answers().iter().find(|answer| answer.verdict.is_proof()).expect("a proof");
    assert_eq!(proof.ports, [open.port()], "just that port");
    let planned: Vec<String> =
        night.desk.plan().await.rules().iter().map(|rule| rule.key.to_string()).collect();
    assert_eq!(planned, ["127.66.2.66 tcp/25 out".to_owned(), format!("127.66.2.66 tcp/{} in", open.port())]);

    let why = night.desk.why_case(case.id()).await.expect("an explanation").expect("the case");
    let flows = why.iter().filter(|step| step.step == "flow" && step.span.is_some()).count();
    assert!(flows > 2, "the chain goes back to the flows and their bytes: {why:#?}");
    let view = night.desk.case(case.id()).await.expect("a page").expect("the case");
    let shown = view.signs.iter().find(|sign| sign.sign == "relay-shape").expect("the sign on the page");
    assert!(!shown.proof.is_empty() && shown.port == Some(open.port()), "{shown:?}");
    let front = night.desk.front().await.expect("the front page").traffic.expect("the traffic");
    assert_eq!((front.flows, front.lines), (81, 1));
    assert!(front.signs.iter().any(|one| one.sign == "relay-shape" && one.today > 0), "{:?}", front.signs);
    watch.end().await;
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_complaint_a_proxy_is_found_asked_on_its_odd_port_proved_and_contained() {
    a_proxy_is_found_asked_on_its_odd_port_proved_and_contained(&House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn and_so_it_is_on_postgresql() {
    let Some(server) = Server::start() else { return };
    let stand = Stand::postgres(server.url).await;
    let house = House::on(stand.url.clone()).await;
    a_proxy_is_found_asked_on_its_odd_port_proved_and_contained(&house).await;
    drop((house, stand));
    server.tidy().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn relaying_and_a_second_sign_confirm_a_line_that_no_probe_can_prove_and_block_nothing() {
    let house = House::new().await;
    house.leased("127.66.2.67", "line-67").await;
    let night = house.open().await;
    let watch = Watch::over(&night, &[]);
    hand_in(&house, &watch, proxied(&house, "127.66.2.67", 48_613));
    let case = until("a confirmed case that was asked", async || {
        let case = house.case_of("line-67").await?;
        (case.stage() == Stage::Confirmed && !case.answers().is_empty()).then_some(case)
    })
    .await;
    assert!(case.answers().iter().all(|answer| !answer.verdict.is_proof() && answer.ports == [48_613]));
    assert!(night.desk.plan().await.rules().is_empty(), "an operator must say so, or a probe");
    let row = night.desk.queue("", 1, "").await.expect("the queue").rows.remove(0);
    assert_eq!(row.headline, "relaying seen on 127.66.2.67:48613 in our own flow records");
    watch.end().await;
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_lines_and_what_is_allowed_leave_nothing_in_the_log() {
    let house = House::new().await;
    let lines: Vec<String> = (1..=20).map(|n| format!("127.66.3.{n}")).collect();
    for line in &lines {
        house.leased(line, &format!("line-{line}")).await;
    }
    house.leased("127.66.3.200", "line-known").await;
    house.leased("127.66.3.201", "line-proxy").await;
    let night = house.open().await;
    let watch = Watch::over(&night, &["127.66.3.200:3128"]);
    for line in &lines {
        hand_in(&house, &watch, harmless(&house, line));
    }
    hand_in(&house, &watch, proxied(&house, "127.66.3.200", 3128));
    // What comes after all of it, by the same watchers, is seen: so the others were looked at.
    hand_in(&house, &watch, proxied(&house, "127.66.3.201", 3128));
    until("the one that is not allowed", async || house.case_of("line-proxy").await).await;
    let traffic =
        || async { night.desk.front().await.expect("the front page").traffic.expect("the traffic") };
    until("all lines to be watched", async || (traffic().await.lines == 22).then_some(())).await;
    let records = house.store.open_case_records().await.expect("records");
    let cases: std::collections::BTreeSet<_> = records.iter().map(|record| record.case).collect();
    assert_eq!(cases.len(), 1, "{records:#?}");
    watch.end().await;
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_the_log_is_filed_once_whatever_was_cut_off_and_nobodys_sign_is_counted() {
    let house = House::new().await;
    house.leased("127.66.2.68", "line-68").await;
    let seen = |line: &str| {
        let proof = proxied(&house, line, 48_613);
        signs::Sign {
            sign: signs::SignKind::RelayShape,
            address: address(line),
            score: 0.8,
            peer: None,
            port: Some(48_613),
            first: proof[0].first,
            last: proof[0].last,
            flows: 40,
            why: "what came in went out again".to_owned(),
            proof: proof[..2].to_vec(),
        }
    };
    // As a watcher had put them there when the power was cut.
    let delivery = |line: &str| Delivery {
        id: format!("sign-{line}"),
        source: "flows".to_owned(),
        envelope: serde_json::json!({}),
        received: house.clock.now(),
        bytes: serde_json::to_vec(&seen(line)).expect("bytes"),
    };
    let left = [delivery("127.66.2.68"), delivery("127.66.2.250")];
    house.store.append(&left).await.expect("a log");
    for life in 0..3 {
        let night = house.open().await;
        until("its case", async || house.case_of("line-68").await).await;
        // The same again is no news: equal bytes are one piece of evidence.
        house.store.append(&left).await.expect("a log");
        let unreadable = Delivery {
            id: format!("other-{life}"),
            bytes: format!("{{\"broken\":{life}}}").into_bytes(),
            ..left[0].clone()
        };
        let last = house.store.append(&[unreadable]).await.expect("a log")[0].entry.seq;
        until("the log to be read", async || {
            (house.store.cursor("signs").await.expect("a cursor") >= last).then_some(())
        })
        .await;
        assert_eq!(house.case_of("line-68").await.expect("the case").sightings().len(), 1, "life {life}");
        night.end().await;
    }
    assert!(house.store.verify_chain().await.expect("a check").broken.is_none());
    // The lease of the other comes late.
    let night = house.open().await;
    house.leased("127.66.2.250", "line-250").await;
    house.clock.advance(SignedDuration::from_mins(2));
    until("the case of a sign that came before its lease", async || house.case_of("line-250").await).await;
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_allowed_later_is_withdrawn_and_what_an_operator_dismissed_is_not_opened_again() {
    let house = House::new().await;
    house.leased("127.66.2.69", "line-69").await;
    house.leased("127.66.2.70", "line-70").await;
    let night = house.open().await;
    let first = Watch::over(&night, &[]);
    hand_in(&house, &first, proxied(&house, "127.66.2.69", 3128));
    hand_in(&house, &first, proxied(&house, "127.66.2.70", 3128));
    house.reaches("line-69", Stage::Confirmed).await;
    let case = house.reaches("line-70", Stage::Confirmed).await;
    let reason = "their own web proxy, as agreed".to_owned();
    let olga = Actor::Operator("olga".to_owned());
    night.desk.act(case.id(), Command::Dismiss { reason }, olga).await.expect("a dismissal");
    first.end().await;

    // A new start, with the configuration changed; the same traffic goes on.
    let second = Watch::over(&night, &["127.66.2.69:3128"]);
    until("the allowed line's case to close", async || {
        house.case_of("line-69").await.is_none_or(|case| !case.stage().is_open()).then_some(())
    })
    .await;
    house.clock.advance(SignedDuration::from_hours(7));
    hand_in(&house, &second, proxied(&house, "127.66.2.69", 3128));
    hand_in(&house, &second, proxied(&house, "127.66.2.70", 3128));
    house.leased("127.66.2.71", "line-71").await;
    hand_in(&house, &second, proxied(&house, "127.66.2.71", 3128));
    house.reaches("line-71", Stage::Confirmed).await;
    let open = |line: &'static str| {
        let house = &house;
        async move { house.case_of(line).await.is_some_and(|case| case.stage().is_open()) }
    };
    assert!(!open("line-69").await && !open("line-70").await);
    second.end().await;
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_forged_flows_opens_no_case_and_fills_no_log() {
    let house = House::new().await;
    house.leased("127.66.2.72", "line-72").await;
    let night = house.open().await;
    let watch = Watch::over(&night, &[]);
    let line = address("127.66.2.72");
    for round in 0..100u32 {
        let forged = (0..1_000u32).map(|n| {
            let stranger = IpAddr::from((0xc633_0000 + round * 1_000 + n).to_be_bytes());
            let port = u16::try_from(1 + (round * 1_000 + n) % 60_000).expect("a port");
            let called = flow(&house, 600_000 - i64::from(round), (stranger, 40_000), (line, port), (0, 0));
            let syn = Way { packets: 1, bytes: 44, flags: tcp::SYN };
            Flow { forward: syn, reverse: Way::default(), ..called }
        });
        watch.feed.take(forged.collect());
    }
    hand_in(&house, &watch, harmless(&house, "127.66.2.72"));
    let seen = until("all of it to be seen or counted as dropped", async || {
        let traffic = night.desk.front().await.expect("the front page").traffic.expect("the traffic");
        (traffic.lines == 1 && traffic.flows == 100_181).then_some(traffic)
    })
    .await;
    assert_eq!(seen.signs_kept, 0, "{:?}", seen.signs);
    assert!(house.case_of("line-72").await.is_none());
    watch.end().await;
    night.end().await;
}
