//! Who in the neighbourhood was touched, who answered, and what listens since.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod world;

use flow::{Flow, Millis, protocol, tcp};
use lake::{Exposed, Exposure, ExposureQuestion, Reply};
use world::{DAY, HOUR, MINUTE, TWO, filled, ip, knock, one_way, refusal, talk};

const SCANNER: &str = "198.51.100.66";

async fn asked(flows: &[Flow]) -> Exposure {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path(), flows).await;
    let question = ExposureQuestion::around(ip(SCANNER), ip("203.0.113.20"), TWO, TWO.plus(DAY));
    lake.exposure(question).await.unwrap()
}

fn of<'a>(answer: &'a Exposure, address: &str) -> Option<&'a lake::ExposedHost> {
    answer.hosts.iter().find(|host| host.address == ip(address))
}

/// A flow of somebody else in each hour of the days before, so that the lake knows them.
fn quiet_days() -> Vec<Flow> {
    (1..=48)
        .flat_map(|hours| talk(TWO.plus(-hours * HOUR), ("203.0.113.200", 40_000), ("192.0.2.1", 443), 9000))
        .collect()
}

#[tokio::test]
async fn the_scan_of_a_neighbourhood_is_told_apart_by_what_each_host_answered() {
    let scan = |host: &str| (SCANNER, 41_000 + u16::from(host.as_bytes()[host.len() - 1]));
    let mut flows = quiet_days();
    flows.extend(knock(TWO, scan("a"), ("203.0.113.20", 3128)));
    flows.extend(refusal(TWO.plus(1000), scan("b"), ("203.0.113.21", 3128)));
    flows.extend(talk(TWO.plus(2000), scan("c"), ("203.0.113.22", 3128), 9000));
    let answer = asked(&flows).await;
    assert_eq!(of(&answer, "203.0.113.20").unwrap().exposed, Exposed::Touched);
    assert_eq!(of(&answer, "203.0.113.21").unwrap().exposed, Exposed::Refused);
    let answered = of(&answer, "203.0.113.22").unwrap();
    assert_eq!(answered.exposed, Exposed::Answered);
    assert_eq!((answered.ports[0].port, answered.ports[0].reply), (3128, Reply::Answered));
    assert_eq!(answered.first, TWO.plus(2000));
    assert_eq!(answer.hosts.len(), 3, "who was left alone is not listed");
}

#[tokio::test]
async fn a_handshake_without_payload_is_an_open_port_and_no_answer() {
    let syn_ack = tcp::SYN | tcp::ACK;
    let flows = [
        one_way(TWO, (SCANNER, 41_000), ("203.0.113.20", 1080), 2, 84, tcp::SYN | tcp::RST),
        one_way(TWO.plus(1), ("203.0.113.20", 1080), (SCANNER, 41_000), 1, 60, syn_ack),
    ];
    assert_eq!(of(&asked(&flows).await, "203.0.113.20").unwrap().exposed, Exposed::Opened);
}

#[tokio::test]
async fn our_own_visit_to_the_scanners_web_server_is_no_scan() {
    let flows = talk(TWO, ("203.0.113.20", 51_000), (SCANNER, 80), 90_000);
    assert!(asked(&flows).await.hosts.is_empty());
    // With a clock of whole seconds both directions begin at once; the system port says who serves.
    let flags = tcp::SYN | tcp::ACK;
    let same_second = [
        one_way(TWO, (SCANNER, 80), ("203.0.113.20", 51_000), 9, 9000, flags),
        one_way(TWO, ("203.0.113.20", 51_000), (SCANNER, 80), 9, 900, flags),
    ];
    assert!(asked(&same_second).await.hosts.is_empty());
}

#[tokio::test]
async fn backscatter_of_a_forged_source_is_no_scan() {
    let flows = [one_way(TWO, (SCANNER, 80), ("203.0.113.20", 2077), 1, 44, tcp::SYN | tcp::ACK)];
    assert!(asked(&flows).await.hosts.is_empty());
}

#[tokio::test]
async fn a_port_that_was_silent_for_days_and_answers_others_since_is_a_new_listener() {
    let mut flows = quiet_days();
    flows.extend(talk(TWO, (SCANNER, 41_000), ("203.0.113.20", 445), 4000));
    flows.extend(talk(TWO.plus(20 * MINUTE), ("192.0.2.77", 50_000), ("203.0.113.20", 48_613), 70_000));
    // Another host has served its page for days, and goes on.
    flows.extend(knock(TWO, (SCANNER, 41_001), ("203.0.113.30", 80)));
    flows.extend(talk(TWO.plus(-DAY), ("192.0.2.78", 50_001), ("203.0.113.30", 80), 70_000));
    flows.extend(talk(TWO.plus(HOUR), ("192.0.2.79", 50_002), ("203.0.113.30", 80), 70_000));
    let answer = asked(&flows).await;
    let new = of(&answer, "203.0.113.20").unwrap();
    assert_eq!(new.exposed, Exposed::NewListener);
    assert_eq!(new.new_listeners.iter().map(|one| one.port).collect::<Vec<_>>(), [48_613]);
    let old = of(&answer, "203.0.113.30").unwrap();
    assert_eq!((old.exposed, old.new_listeners.len()), (Exposed::Touched, 0));
}

#[tokio::test]
async fn nothing_is_called_new_when_nobody_knows_what_was_before() {
    let mut flows = talk(TWO, (SCANNER, 41_000), ("203.0.113.20", 445), 4000);
    flows.extend(talk(TWO.plus(20 * MINUTE), ("192.0.2.77", 50_000), ("203.0.113.20", 48_613), 70_000));
    let answer = asked(&flows).await;
    assert_eq!(of(&answer, "203.0.113.20").unwrap().exposed, Exposed::Answered);
    assert_eq!(answer.coverage_before.held, 1, "only the hour of the scan itself");
}

#[tokio::test]
async fn a_ping_that_is_answered_is_touched_and_a_datagram_that_is_answered_is_answered() {
    let mut ping = knock(TWO, (SCANNER, 0), ("203.0.113.20", 2048));
    ping.extend(knock(TWO.plus(1), ("203.0.113.20", 0), (SCANNER, 0)));
    ping.iter_mut().for_each(|flow| flow.protocol = protocol::ICMP);
    let mut snmp = talk(TWO, (SCANNER, 41_000), ("203.0.113.21", 161), 900);
    snmp.iter_mut()
        .for_each(|flow| (flow.protocol, flow.forward.flags, flow.reverse.flags) = (protocol::UDP, 0, 0));
    let answer = asked(&[ping, snmp].concat()).await;
    assert_eq!(of(&answer, "203.0.113.20").unwrap().exposed, Exposed::Touched);
    assert_eq!(of(&answer, "203.0.113.21").unwrap().exposed, Exposed::Answered);
}

#[tokio::test]
async fn a_time_without_flows_is_said_and_is_no_all_clear() {
    let answer = asked(&talk(TWO.plus(-3 * DAY), ("203.0.113.20", 51_000), ("192.0.2.1", 443), 5000)).await;
    assert!(answer.hosts.is_empty());
    assert_eq!((answer.coverage.hours, answer.coverage.held), (3, 0));
}

#[tokio::test]
async fn sampling_is_said_with_the_answer() {
    let mut flows = knock(TWO, (SCANNER, 41_000), ("203.0.113.20", 3128));
    flows.extend(knock(TWO, (SCANNER, 41_001), ("203.0.113.21", 3128)));
    flows[0].sampling = 1000;
    assert_eq!(asked(&flows).await.sampling, 1000);
    flows[1].sampling = 0;
    assert_eq!(asked(&flows).await.sampling, 0, "unknown is worse than any number");
}

#[tokio::test]
async fn an_address_of_the_newer_protocol_is_asked_about_by_its_64() {
    let folder = tempfile::tempdir().unwrap();
    let scanner = "2001:db8:bad::1";
    let inside = talk(TWO, (scanner, 41_000), ("2001:db8:7:1::20", 3128), 9000);
    let beside = talk(TWO, (scanner, 41_000), ("2001:db8:7:2::20", 3128), 9000);
    let lake = filled(folder.path(), &[inside, beside].concat()).await;
    let question = ExposureQuestion::around(ip(scanner), ip("2001:db8:7:1::9"), TWO, Millis(TWO.0 + DAY));
    let answer = lake.exposure(question).await.unwrap();
    assert_eq!(answer.hosts.iter().map(|host| host.address).collect::<Vec<_>>(), [ip("2001:db8:7:1::20")]);
}
