//! One customer's firewall keeps a scanner out and its owner writes to us; who of the neighbours let it in (P13, P14)?

use std::net::IpAddr;

use flow::{ExporterId, Flow, Millis, Way, protocol, tcp};
use jiff::SignedDuration;
use lake::{Lake, Limits, Writer};

use case::{Case, ScannerHeard, SignKind, Source, Stage};
use desk::{ScannerSeen, ScannerTaken, TrapCounts, TrapHit};
use tokio::sync::{mpsc, watch};

use crate::house::{House, until};

const SCANNER: &str = "198.51.100.9";

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// The scanner came to a port of a line, so many minutes ago; `answer` is what it got back.
fn came(house: &House, line: &str, port: u16, ago: i64, answer: Option<u64>) -> Flow {
    let first = Millis::from(house.clock.now()).plus(-60_000 * ago);
    let syn = Way { packets: 1, bytes: 44, flags: tcp::SYN };
    let all = tcp::SYN | tcp::ACK | tcp::PSH | tcp::FIN;
    let (forward, reverse) = match answer {
        None => (syn, Way::default()),
        Some(bytes) => {
            (Way { packets: 6, bytes: 900, flags: all }, Way { packets: 6, bytes: bytes + 320, flags: all })
        }
    };
    Flow {
        first,
        last: first.plus(700),
        source: address(SCANNER),
        destination: address(line),
        source_port: 40_000,
        destination_port: port,
        protocol: protocol::TCP,
        both_ways: true,
        forward,
        reverse,
        sampling: 1,
        exporter: ExporterId(1),
        translated: None,
    }
}

/// A night's flows on disk.
async fn lake(dir: &tempfile::TempDir, flows: &[Flow]) -> Lake {
    let home = lake::Home::new(["127.66.0.0/16".parse().expect("a prefix")]);
    let mut writer = Writer::open(dir.path(), home, None).expect("a lake");
    writer.write(flows).expect("flows on disk");
    writer.settle().expect("merged files");
    Lake::open(dir.path(), Limits::default()).await.expect("a lake")
}

/// A scan for SubSeven through a neighbourhood: one line is behind its firewall, one answers on the trojan's port, one has a
/// web server and says so.
fn scan(house: &House) -> Vec<Flow> {
    let mut flows: Vec<Flow> =
        (10..60).map(|last| came(house, &format!("127.66.4.{last}"), 27_374, 30, None)).collect();
    flows.push(came(house, "127.66.4.77", 27_374, 30, Some(180)));
    flows.push(came(house, "127.66.4.80", 443, 30, Some(9_000)));
    flows
}

/// The mail of the customer whose firewall kept it out.
fn firewall_log(house: &House, number: u32, scanner: &str, line: &str) -> String {
    let at = house.clock.now() - SignedDuration::from_mins(30);
    let (date, log) = (at.strftime("%a, %d %b %Y %H:%M:%S +0000"), at.strftime("%b %e %H:%M:%S"));
    format!(
        "From: Erika <erika{number}@example.org>\nTo: abuse@example.net\nDate: {date}\n\
         Subject: Trojan scan from {scanner}\nMessage-ID: <{number}@example.org>\n\n\
         My firewall kept {scanner} out of my machine. All times are UTC.\n\n\
         {log} gate kernel: DROP IN=ppp0 OUT= SRC={scanner} DST={line} LEN=48 TTL=111 ID=4711 DF PROTO=TCP SPT=40000 DPT=27374 WINDOW=16384 SYN\n"
    )
}

fn scanned(case: &Case) -> Option<(IpAddr, u16)> {
    let mut scans = case.signs().filter_map(|seen| match &seen.source {
        Source::Sign { sign: SignKind::TrojanScanIn, peer: Some(peer), .. } => Some((*peer, seen.port?)),
        _ => None,
    });
    let first = scans.next();
    assert_eq!(scans.next(), None, "each line is told of once");
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_firewall_log_brings_a_heads_up_to_the_neighbour_who_let_the_scanner_in_and_to_no_other()
{
    let house = House::new().await;
    for last in [10, 11, 77, 80] {
        house.leased(&format!("127.66.4.{last}"), &format!("line-{last}")).await;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let lake = lake(&dir, &scan(&house)).await;
    let night = house.open().await;
    night.desk.show_lake(lake.clone());
    night.mail("log", &firewall_log(&house, 1, SCANNER, "127.66.4.10")).await;
    let case = until("the neighbour's case", async || house.case_of("line-77").await).await;
    assert_eq!(case.stage(), Stage::HeadsUp);
    assert_eq!(scanned(&case), Some((address(SCANNER), 27_374)));
    let asked = until("the odd port to be asked", async || {
        house.case_of("line-77").await.filter(|case| !case.answers().is_empty())
    })
    .await;
    assert_eq!(asked.answers()[0].ports, [27_374], "that port and no other");
    let view = night.desk.case(case.id()).await.expect("a page").expect("the case");
    let sign = view.signs.iter().find(|sign| sign.sign == "trojan-scan-in").expect("the sign on the page");
    assert_eq!(sign.proof.len(), 1, "the flow that proves it: {sign:?}");
    let why = night.desk.why_case(case.id()).await.expect("an explanation").expect("the case");
    assert!(why.iter().any(|step| step.text.contains("known from the report")), "{why:#?}");

    // The same scanner in another's log, and in this one after a restart, is no news.
    night.end().await;
    let night = house.open().await;
    night.desk.show_lake(lake);
    night.mail("other", &firewall_log(&house, 2, SCANNER, "127.66.4.11")).await;
    let seen = ScannerSeen {
        scanner: address(SCANNER),
        ours: address("127.66.4.12"),
        port: Some(27_374),
        at: house.clock.now() - SignedDuration::from_hours(1),
        by: ScannerHeard::Trap,
    };
    assert_eq!(night.desk.scanner_seen(seen).await.expect("a question"), ScannerTaken::Asked);
    until("every question to be answered", async || {
        let due = house.store.next_errand_due().await.expect("the outbox")?;
        (due > house.clock.now()).then_some(())
    })
    .await;
    assert_eq!(scanned(&house.case_of("line-77").await.expect("the case")), Some((address(SCANNER), 27_374)));
    for harmless in ["line-10", "line-11", "line-80"] {
        assert!(house.case_of(harmless).await.is_none(), "{harmless}");
    }
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_forged_logs_asks_little_and_accuses_nobody() {
    let house = House::new().await;
    house.leased("127.66.4.77", "line-77").await;
    let dir = tempfile::tempdir().expect("a folder");
    // Somebody's own visitor, and nobody's scanner.
    let lake = lake(&dir, &[came(&house, "127.66.4.77", 25_565, 30, Some(60_000))]).await;
    let night = house.open().await;
    night.desk.show_lake(lake);
    for number in 0..200u32 {
        let scanner = if number == 0 { SCANNER.to_owned() } else { format!("192.0.2.{number}") };
        night.mail(&format!("m{number}"), &firewall_log(&house, number, &scanner, "127.66.4.10")).await;
    }
    until("all of them to be read", async || {
        (house.store.cursor("intake").await.expect("a cursor") >= 200).then_some(())
    })
    .await;
    let seen = ScannerSeen {
        scanner: address("192.0.2.250"),
        ours: address("127.66.4.12"),
        port: None,
        at: house.clock.now(),
        by: ScannerHeard::Report(case::EvidenceId([7; 32])),
    };
    assert_eq!(night.desk.scanner_seen(seen).await.expect("no question"), ScannerTaken::Enough);
    let ours = ScannerSeen { scanner: address("127.66.9.9"), by: ScannerHeard::Trap, ..seen };
    assert_eq!(night.desk.scanner_seen(ours).await.expect("no question"), ScannerTaken::NotAsked);
    assert_eq!(
        night.desk.scanner_seen(ScannerSeen { by: ScannerHeard::Trap, ..seen }).await.expect("a question"),
        ScannerTaken::Asked,
        "what a trap hears is not crowded out"
    );
    until("the questions of now to be answered", async || {
        let due = house.store.next_errand_due().await.expect("the outbox")?;
        (due > house.clock.now()).then_some(())
    })
    .await;
    assert!(house.case_of("line-77").await.is_none());
    night.end().await;
}

/// A visit to a spare address an hour ago, by somebody who went through NetBus's port.
fn trapped(house: &House, source: &str, trap: &str) -> TrapHit {
    TrapHit {
        at: house.clock.now() - SignedDuration::from_mins(30),
        source: address(source),
        trap: address(trap),
        port: 27_374,
        transport: "tcp",
        handshake: true,
        wanted: "subseven",
        family: "trojan",
        said: true,
        first: b"PWD".to_vec(),
        line: "{}".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_that_came_to_a_trap_brings_a_heads_up_to_the_line_that_let_it_in_and_traps_are_no_lines() {
    let house = House::new().await;
    for last in [10, 77, 80] {
        house.leased(&format!("127.66.4.{last}"), &format!("line-{last}")).await;
    }
    // Leased by mistake: a trap lets everybody in.
    house.leased("127.66.240.9", "line-of-a-trap").await;
    let dir = tempfile::tempdir().expect("a folder");
    let mut flows = scan(&house);
    flows.push(came(&house, "127.66.240.9", 27_374, 30, Some(180)));
    let lake = lake(&dir, &flows).await;
    let night = house.open().await;
    night.desk.show_lake(lake);
    let prefixes = vec!["127.66.240.0/24".to_owned()];
    night.desk.show_traps(None, move || TrapCounts { prefixes: prefixes.clone(), ..TrapCounts::default() });
    let (told, hits) = mpsc::channel(8);
    told.send(trapped(&house, SCANNER, "127.66.240.9")).await.expect("a visit");
    let (_stop, stops) = watch::channel(false);
    drop(told);
    night.desk.keep_traps(hits, stops).await;
    let case = until("the line's case", async || house.case_of("line-77").await).await;
    assert_eq!((case.stage(), scanned(&case)), (Stage::HeadsUp, Some((address(SCANNER), 27_374))));
    let why = night.desk.why_case(case.id()).await.expect("an explanation").expect("the case");
    assert!(why.iter().any(|step| step.text.contains("known from a trap")), "{why:#?}");
    until("every question to be answered", async || {
        let due = house.store.next_errand_due().await.expect("the outbox")?;
        (due > house.clock.now()).then_some(())
    })
    .await;
    for harmless in ["line-10", "line-80", "line-of-a-trap"] {
        assert!(house.case_of(harmless).await.is_none(), "{harmless}");
    }
    night.end().await;
}
