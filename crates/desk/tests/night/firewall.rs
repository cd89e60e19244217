//! The firewall we provide: noticed from flows when it is not in force, and nobody accused of a lawful opening.

use std::net::IpAddr;

use desk::{FirewallSettings, FirewallState, Traffic, TrafficSettings};
use flow::{ExporterId, Flow, Millis, Way, protocol, tcp};
use jiff::SignedDuration;
use tokio::sync::watch;

use crate::house::{House, Night, until};

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn flow(at: Millis, source: (IpAddr, u16), destination: (IpAddr, u16), answered: bool) -> Flow {
    let said = |bytes, flags| Way { packets: 6, bytes, flags };
    let (forward, reverse) = if answered {
        (said(900, tcp::SYN | tcp::ACK | tcp::PSH), said(4_000, tcp::SYN | tcp::ACK | tcp::PSH))
    } else {
        (Way { packets: 1, bytes: 44, flags: tcp::SYN }, Way::default())
    };
    Flow {
        first: at,
        last: at.plus(400),
        source: source.0,
        destination: destination.0,
        source_port: source.1,
        destination_port: destination.1,
        protocol: protocol::TCP,
        both_ways: true,
        forward,
        reverse,
        sampling: 1,
        exporter: ExporterId(1),
        translated: None,
    }
}

/// A line that is alive: a page every half minute for ten minutes.
fn browses(line: IpAddr, now: Millis) -> Vec<Flow> {
    let page = |n: u16| {
        flow(
            now.plus(i64::from(n) * 30_000 - 600_000),
            (line, 50_000 + n),
            (address("192.0.2.80"), 443),
            true,
        )
    };
    (0..20).map(page).collect()
}

/// A stranger comes to a port, so many milliseconds ago.
fn comes(line: IpAddr, now: Millis, ago: i64, port: u16, answered: bool) -> Flow {
    let stranger = IpAddr::from([203, 0, 113, u8::try_from(port % 200).expect("small") + 1]);
    flow(now.plus(-ago), (stranger, 44_000), (line, port), answered)
}

async fn state(night: &Night, line: &str) -> Option<FirewallState> {
    let lines = night.desk.firewall_lines(100).await.expect("lines");
    lines.into_iter().find(|one| one.subscriber.as_str() == line).map(|one| one.state)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_firewall_is_noticed_with_the_first_answer_and_no_pinhole_is_accused() {
    let house = House::new().await;
    for (line, name) in
        [("127.66.8.1", "dropped"), ("127.66.8.2", "kept"), ("127.66.8.3", "plays"), ("127.66.8.4", "called")]
    {
        house.leased(line, name).await;
    }
    let night = house.open().await;
    night.desk.provide_firewalls(FirewallSettings { insist: true, ..FirewallSettings::default() });
    let settings = TrafficSettings { allowed: Vec::new(), threads: 2, memory: None };
    let traffic = Traffic::start(&night.desk, &settings).expect("threads");
    let feed = traffic.feed();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(traffic.run(Vec::new(), stopped));

    let now = Millis::from(house.clock.now());
    let [dropped, kept, plays, called] = [1, 2, 3, 4].map(|n| IpAddr::from([127, 66, 8, n]));
    let mut flows: Vec<Flow> =
        [dropped, kept, plays, called].into_iter().flat_map(|line| browses(line, now)).collect();
    // Scans that nobody answers, everywhere; then one line answers its file service to a stranger.
    for line in [dropped, kept, plays, called] {
        flows.extend((0..6).map(|n| comes(line, now, 500_000 - i64::from(n) * 30_000, 2_000 + n, false)));
    }
    flows.push(comes(dropped, now, 60_000, 445, true));
    // Games, sharing and a web server of the customer's own, and a port nobody knows.
    for port in [25_565, 51_413, 32_400, 443, 22, 48_613] {
        flows.push(comes(plays, now, 60_000, port, true));
    }
    // Whom the line had called before, it may hear back from on any port.
    flows.push(flow(now.plus(-120_000), (called, 50_001), (address("203.0.113.46"), 445), true));
    flows.push(flow(now.plus(-60_000), (address("203.0.113.46"), 44_000), (called, 445), true));
    flows.sort_by_key(|flow| flow.last);
    // Time goes on, so that what waits for its other direction is told.
    flows.push(comes(kept, now.plus(300_000), 0, 2_500, false));
    feed.take(flows);

    until("a dropped firewall", async || {
        state(&night, "dropped").await.filter(|state| *state == FirewallState::NotInForce)
    })
    .await;
    until("a firewall in force", async || {
        state(&night, "kept").await.filter(|state| *state == FirewallState::InForce)
    })
    .await;
    until("a hole", async || state(&night, "plays").await.filter(|state| *state == FirewallState::Hole))
        .await;
    assert_ne!(state(&night, "called").await, Some(FirewallState::NotInForce), "whom one calls may answer");
    let view = night.desk.firewall_view().await.expect("a page");
    let named: Vec<&str> = view.lines.iter().map(|line| line.subscriber.as_str()).collect();
    assert_eq!(named, ["dropped"]);
    assert!(
        view.lines.iter().all(|line| !line.agrees && line.step.is_none()),
        "nothing follows from one observation"
    );
    assert_eq!(
        view.worst.first().map(|net| (net.net.as_str(), net.out_of_force)),
        Some(("127.66.8.0/24", 1))
    );
    stop.send_replace(true);
    running.await.expect("a watch that ends in order");
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_to_send_mail_opens_the_port_in_the_rule_and_in_the_lines_configuration() {
    let house = House::new().await;
    house.leased("127.66.8.9", "sends").await;
    let night = house.open().await;
    let dynamic = vec!["127.66.8.0/24".parse().expect("a prefix")];
    night.desk.provide_firewalls(FirewallSettings { dynamic, ..FirewallSettings::default() });
    let line = "sends".parse().expect("a subscriber");
    let rules = async || night.desk.mail_port_rules().await.expect("rules");
    let configured = async || {
        let kind = desk::Dialect::Openwrt;
        night.desk.firewall_configuration(&line, kind).await.expect("a configuration").text
    };
    assert!(night.desk.garden_asks_for_mail(address("127.66.8.9"), "my own server").await.expect("asked"));
    assert!(!rules().await.contains("127.66.8.9") && configured().await.contains("nd-mail-out"));
    night.desk.decide_mail(&line, Some(SignedDuration::from_hours(24)), "robin").await.expect("granted");
    assert!(rules().await.contains("127.66.8.9") && !configured().await.contains("nd-mail-out"));
    house.clock.advance(SignedDuration::from_hours(25));
    assert!(
        !rules().await.contains("127.66.8.9") && configured().await.contains("nd-mail-out"),
        "it ends by itself"
    );
    night.end().await;
}
