//! A virus, and the proxy that follows it.
use case::{Command, Event, Kind, Sighting, Stage, family};
use jiff::Timestamp;

use crate::sample::{Night, evening, hours, sighting, with_record};

/// From a reporter with a record: only such make one sign weigh more for another.
fn said(n: u32, kind: Kind, domain: &str, at: Timestamp) -> Sighting {
    with_record(sighting(n, kind, domain, at), 20, 0)
}

fn virus(n: u32, name: &str) -> Sighting {
    let mut virus = said(n, Kind::Malware, "virus.example", evening());
    virus.malware = Some(name.to_owned());
    virus
}

#[test]
fn a_known_family_sets_the_watch_the_first_ports_and_the_words() {
    let night = Night::begins_with(virus(1, "W32/Sobig.F@mm"));
    let sobig = family("sobig").unwrap();
    assert_eq!(night.case.watch_until(), Some(evening() + sobig.watch_for()));
    let ports = &night.case.outstanding().unwrap().question.ports;
    assert_eq!(ports[..5], [995, 996, 997, 998, 999]);
    assert!(ports.contains(&1080), "the usual ones are asked too: {ports:?}");
    let why = night.records.iter().find_map(|record| match &record.event {
        Event::WatchSet { why, .. } => Some(why.clone()),
        _ => None,
    });
    assert!(why.unwrap().contains("Sobig installs a SOCKS proxy"));
    assert_eq!(night.case.families().iter().map(|family| family.id.as_str()).collect::<Vec<_>>(), ["sobig"]);
}

#[test]
fn a_device_that_stays_infected_is_watched_for_longer_and_an_unknown_virus_as_the_playbook_says() {
    let watched = |name: &str| {
        let night = Night::begins_with(virus(1, name));
        night.case.watch_until().unwrap().duration_since(evening())
    };
    assert_eq!(watched("badbox"), hours(30 * 24));
    assert_eq!(watched("Something.New.A"), hours(14 * 24));
}

/// A virus reported by one, then a call home reported by another so long after.
fn followed(after: i64, by: &str, mut first: Sighting) -> Night {
    first.malware = Some("mydoom".to_owned());
    let mut night = Night::begins_with(first);
    night.wait(hours(after));
    let sign = said(2, Kind::PhoneHome, by, night.now);
    night.must(&Command::File(sign));
    night
}

#[test]
fn a_sign_of_a_proxy_weighs_more_within_the_watch_for_a_virus() {
    let malware = || said(1, Kind::Malware, "virus.example", evening());
    let scan = || said(1, Kind::Scan, "virus.example", evening());
    let hearsay = |night: &Night| night.case.judgement(&night.playbook, night.now).hearsay;
    let (after_virus, after_scan) =
        (followed(20, "flows.example", malware()), followed(20, "flows.example", scan()));
    // The virus itself weighs about 1.05 more than the scan by now; the rest is what followed it.
    let gained = hearsay(&after_virus) - hearsay(&after_scan);
    assert!((2.05..2.3).contains(&gained), "{} and {}", hearsay(&after_virus), hearsay(&after_scan));
    let why = after_virus.case.judgement(&after_virus.playbook, after_virus.now).why;
    assert!(why.contains("phone-home within the watch for malware seen 2026-03-01"), "{why}");

    let mut order = Night::begins_with(said(2, Kind::PhoneHome, "flows.example", after_virus.now));
    order.now = after_virus.now;
    let mut first = malware();
    first.malware = Some("mydoom".to_owned());
    order.must(&Command::File(first));
    assert!((hearsay(&order) - hearsay(&after_virus)).abs() < 1e-9, "whichever was filed first");
}

#[test]
fn it_does_not_after_the_watch_nor_by_the_same_mouth_nor_before_the_virus() {
    let malware = || said(1, Kind::Malware, "virus.example", evening());
    let raised = |night: &Night| {
        night.case.judgement(&night.playbook, night.now).why.contains("within the watch for malware")
    };
    assert!(raised(&followed(14 * 24 - 1, "flows.example", malware())));
    let mut late = Night::begins_with(malware());
    late.wait(hours(14 * 24 - 1));
    late.must(&Command::File(said(3, Kind::Other, "flows.example", late.now)));
    late.wait(hours(2));
    late.must(&Command::File(said(2, Kind::PhoneHome, "flows.example", late.now)));
    assert!(!raised(&late), "the watch is over");
    assert!(!raised(&followed(20, "virus.example", malware())), "one mouth says both");
    let mut before = Night::begins_with(said(1, Kind::PhoneHome, "flows.example", evening()));
    before.wait(hours(1));
    before.must(&Command::File(said(2, Kind::Malware, "virus.example", before.now)));
    assert!(!raised(&before), "what came before the virus did not follow it");
}

#[test]
fn together_they_can_make_a_suspicion_and_never_more() {
    let mut night = Night::begins_with(virus(1, "bagle"));
    assert_eq!(night.stage(), Stage::Watching);
    night.wait(hours(3));
    night.must(&Command::File(said(2, Kind::PhoneHome, "flows.example", night.now)));
    assert_eq!(night.stage(), Stage::Suspected, "{}", night.case.judgement(&night.playbook, night.now).why);
    assert_eq!(night.rules(), [""; 0]);
}

#[test]
fn two_strangers_are_easily_one_and_raise_nothing() {
    let mut night = Night::begins_with(sighting(1, Kind::Malware, "virus.example", evening()));
    night.wait(hours(3));
    night.must(&Command::File(sighting(2, Kind::PhoneHome, "flows.example", night.now)));
    let why = night.case.judgement(&night.playbook, night.now).why;
    assert!(!why.contains("within the watch for malware"), "{why}");
}
