//! Who held it then: stories, and the answer held against an oracle that looks at every instant.
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use lease::{Attribution, Home, Lease, LeaseSource, PortBlock, SubscriberId, Whose, attribute};
use proptest::prelude::*;

use crate::at;

const LINE: &str = "198.51.100.7";

fn home() -> Home {
    Home::new(["198.51.100.0/24", "2001:db8::/32"].map(|net| net.parse().unwrap())).unwrap()
}

fn lease(subscriber: &str, from: &str, to: Option<&str>) -> Lease {
    Lease {
        net: "198.51.100.7/32".parse().unwrap(),
        ports: None,
        from: at(from),
        to: to.map(at),
        subscriber: subscriber.parse().unwrap(),
        source: LeaseSource::Static,
        record: format!("leases.csv:{subscriber}"),
    }
}

fn ports(mut lease: Lease, first: u16, last: u16) -> Lease {
    lease.ports = Some(PortBlock { first, last });
    lease
}

fn radius(mut lease: Lease, session: &str) -> Lease {
    lease.source = LeaseSource::RadiusDetail;
    session.clone_into(&mut lease.record);
    lease
}

fn whose(moment: &str, minutes: i64) -> Whose {
    let uncertainty = SignedDuration::from_mins(minutes);
    Whose { address: LINE.parse().unwrap(), port: None, at: at(moment), uncertainty }
}

fn who(leases: &[Lease], whose: &Whose) -> Attribution {
    attribute(&home(), leases, whose)
}

fn reason(attribution: &Attribution) -> &str {
    match attribution {
        Attribution::One { reason, .. }
        | Attribution::Several { reason, .. }
        | Attribution::Nobody { reason } => reason,
        Attribution::Foreign => "foreign",
    }
}

#[test]
fn one_line_held_it_all_the_time_in_question() {
    let leases = [lease("dsl-17", "2026-03-01T00:00:00Z", Some("2026-03-02T00:00:00Z"))];
    let answer = who(&leases, &whose("2026-03-01T22:00:00Z", 5));
    let Attribution::One { subscriber, boundary, reason, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(subscriber.as_str(), "dsl-17");
    assert_eq!(boundary, Some(SignedDuration::from_hours(2)));
    assert_eq!(
        reason,
        "dsl-17 held 198.51.100.7 from 2026-03-01T00:00:00Z until 2026-03-02T00:00:00Z (leases.csv:dsl-17); \
         2026-03-01T22:00:00Z is 2h from the nearer end, and the clocks may differ by 5m"
    );
}

#[test]
fn within_the_clocks_error_of_a_change_of_hands_it_could_have_been_either() {
    let leases = [
        lease("dsl-17", "2026-03-01T00:00:00Z", Some("2026-03-01T12:00:00Z")),
        lease("dsl-18", "2026-03-01T12:00:00Z", None),
    ];
    let answer = who(&leases, &whose("2026-03-01T12:04:00Z", 5));
    let Attribution::Several { candidates, reason } = answer else { panic!("{answer:?}") };
    assert_eq!(candidates.iter().map(SubscriberId::as_str).collect::<Vec<_>>(), ["dsl-17", "dsl-18"]);
    assert!(reason.contains("changed hands at 2026-03-01T12:00:00Z"), "{reason}");
    let answer = who(&leases, &whose("2026-03-01T12:06:00Z", 5));
    assert!(matches!(answer, Attribution::One { subscriber, .. } if subscriber.as_str() == "dsl-18"));
}

#[test]
fn adjacent_leases_of_one_line_are_one_and_a_gap_between_them_is_a_doubt() {
    let joined = [
        lease("dsl-17", "2026-03-01T00:00:00Z", Some("2026-03-01T12:00:00Z")),
        lease("dsl-17", "2026-03-01T12:00:00Z", Some("2026-03-01T13:00:00Z")),
    ];
    let answer = who(&joined, &whose("2026-03-01T12:00:00Z", 5));
    assert!(
        matches!(answer, Attribution::One { boundary, .. } if boundary == Some(SignedDuration::from_hours(1)))
    );
    let gap = [joined[0].clone(), lease("dsl-17", "2026-03-01T12:00:01Z", None)];
    let answer = who(&gap, &whose("2026-03-01T12:04:00Z", 5));
    assert!(
        matches!(&answer, Attribution::Several { candidates, .. } if candidates.len() == 1),
        "{answer:?}"
    );
    assert!(reason(&answer).ends_with("it could have been dsl-17 or nobody"), "{}", reason(&answer));
}

#[test]
fn a_lease_ends_before_its_last_instant_and_begins_with_its_first() {
    let leases = [lease("dsl-17", "2026-03-01T00:00:00Z", Some("2026-03-01T12:00:00Z"))];
    assert!(matches!(who(&leases, &whose("2026-03-01T00:00:00Z", 0)), Attribution::One { .. }));
    assert!(matches!(who(&leases, &whose("2026-03-01T12:00:00Z", 0)), Attribution::Nobody { .. }));
}

#[test]
fn nobody_is_told_apart_by_what_came_before_and_after() {
    let earlier = lease("dsl-17", "2026-03-01T00:00:00Z", Some("2026-03-01T01:00:00Z"));
    let later = lease("dsl-18", "2026-03-02T00:00:00Z", None);
    let then = whose("2026-03-01T12:00:00Z", 5);
    assert_eq!(
        reason(&who(&[later.clone(), earlier.clone()], &then)),
        "198.51.100.7 was between leases: dsl-17 until 2026-03-01T01:00:00Z (leases.csv:dsl-17), dsl-18 from \
         2026-03-02T00:00:00Z (leases.csv:dsl-18)"
    );
    assert!(reason(&who(&[], &then)).contains("never leased"));
    assert!(reason(&who(&[earlier], &then)).contains("was free"));
    assert!(reason(&who(&[later], &then)).contains("not leased yet"));
}

#[test]
fn what_is_not_ours_is_foreign_and_a_mapped_address_is_what_it_carries() {
    let leases = [lease("dsl-17", "2026-03-01T00:00:00Z", None)];
    let mut question = whose("2026-03-01T12:00:00Z", 5);
    question.address = "::ffff:198.51.100.7".parse().unwrap();
    assert!(matches!(who(&leases, &question), Attribution::One { .. }));
    question.address = "192.0.2.1".parse().unwrap();
    assert_eq!(who(&leases, &question), Attribution::Foreign);
    let mut mapped = leases[0].clone();
    mapped.net = "::ffff:198.51.100.7/128".parse().unwrap();
    assert!(matches!(who(&[mapped], &whose("2026-03-01T12:00:00Z", 5)), Attribution::One { .. }));
}

#[test]
fn a_shared_address_wants_the_port() {
    let leases = [
        ports(lease("cgn-1", "2026-03-01T00:00:00Z", None), 1024, 2047),
        ports(lease("cgn-2", "2026-03-01T00:00:00Z", None), 2048, 4095),
    ];
    let mut question = whose("2026-03-01T12:00:00Z", 5);
    assert!(
        matches!(who(&leases, &question), Attribution::Several { candidates, .. } if candidates.len() == 2)
    );
    assert!(
        matches!(who(&leases[..1], &question), Attribution::Several { .. }),
        "one share is known, not the others"
    );
    question.port = Some(2048);
    assert!(
        matches!(who(&leases, &question), Attribution::One { subscriber, .. } if subscriber.as_str() == "cgn-2")
    );
    let answer = who(&leases, &question);
    assert!(
        reason(&answer).starts_with("cgn-2 held 198.51.100.7 ports 2048-4095 from"),
        "{}",
        reason(&answer)
    );
    question.port = Some(80);
    assert!(reason(&who(&leases, &question)).contains("no lease covers port 80"));
}

#[test]
fn a_session_without_a_stop_ends_with_the_next_on_its_address() {
    let lost = radius(lease("dsl-17", "2026-03-01T00:00:00Z", None), "s1");
    let next = radius(lease("dsl-18", "2026-03-01T12:00:00Z", None), "s2");
    let leases = [next, lost.clone()];
    assert!(
        matches!(who(&leases, &whose("2026-03-01T15:00:00Z", 5)), Attribution::One { subscriber, .. } if subscriber.as_str() == "dsl-18")
    );
    assert!(
        matches!(who(&leases, &whose("2026-03-01T11:00:00Z", 5)), Attribution::One { subscriber, .. } if subscriber.as_str() == "dsl-17")
    );
    // Its Stop came in the next day's file, where the session was counted to have begun a second later.
    let stopped = radius(lease("dsl-17", "2026-03-01T00:00:01Z", Some("2026-03-01T06:00:00Z")), "s1");
    assert!(matches!(who(&[lost, stopped], &whose("2026-03-01T09:00:00Z", 5)), Attribution::Nobody { .. }));
}

#[test]
fn an_address_in_a_delegated_prefix_is_its_holders() {
    let mut prefix = lease("dsl-17", "2026-03-01T00:00:00Z", None);
    prefix.net = "2001:db8:45::/56".parse().unwrap();
    let mut question = whose("2026-03-01T12:00:00Z", 5);
    question.address = "2001:db8:45:17::1".parse().unwrap();
    let answer = who(&[prefix], &question);
    assert!(
        reason(&answer).starts_with("dsl-17 held 2001:db8:45:17::1 (in 2001:db8:45::/56) from"),
        "{answer:?}"
    );
}

/// Times are whole seconds after this.
const EPOCH: i64 = 1_772_400_000;

fn second(after: i64) -> Timestamp {
    Timestamp::from_second(EPOCH + after).unwrap()
}

fn any_lease() -> impl Strategy<Value = Lease> {
    let ports = prop::option::weighted(0.2, (0..4u16, 0..4u16));
    let net =
        prop_oneof![4 => Just("198.51.100.7/32"), 1 => Just("198.51.100.0/29"), 1 => Just("198.51.100.8/32")];
    (0..40i64, prop::option::of(0..25i64), 0..3u8, net, ports).prop_map(
        |(from, long, subscriber, net, ports)| Lease {
            net: net.parse().unwrap(),
            ports: ports.map(|(a, b)| PortBlock { first: a.min(b), last: a.max(b) }),
            from: second(from),
            to: long.map(|long| second(from + long)),
            subscriber: format!("dsl-{subscriber}").parse().unwrap(),
            source: LeaseSource::Static,
            record: format!("leases.csv:{from}"),
        },
    )
}

/// Who holds `address` and `port` in one instant, by looking at every lease.
fn holders(leases: &[Lease], address: IpAddr, port: u16, instant: Timestamp) -> Vec<&SubscriberId> {
    let holds = |lease: &&Lease| {
        lease.net.contains(&address)
            && lease.ports.is_none_or(|block| block.contains(port))
            && lease.from <= instant
            && lease.to.is_none_or(|to| instant < to)
    };
    let mut found: Vec<&SubscriberId> = leases.iter().filter(holds).map(|lease| &lease.subscriber).collect();
    found.sort();
    found.dedup();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn the_answer_is_what_looking_at_every_instant_gives(
        leases in prop::collection::vec(any_lease(), 0..8),
        moment in 0..60i64,
        uncertainty in 0..6i64,
        port in prop::option::weighted(0.6, 0..4u16),
    ) {
        let address: IpAddr = LINE.parse().unwrap();
        let uncertainty = SignedDuration::from_secs(uncertainty);
        let question = Whose { address, port, at: second(moment), uncertainty };
        // Half seconds, so that the time between two whole ones is looked at as well.
        let (first, last) = (second(moment) - uncertainty, second(moment) + uncertainty);
        let halves = (0..=4 * uncertainty.as_secs()).map(|n| first + SignedDuration::from_millis(500 * n));
        let instants: Vec<Timestamp> = halves.filter(|instant| *instant <= last).collect();
        let every = |port: u16| instants.iter().map(|at| holders(&leases, address, port, *at)).collect::<Vec<_>>();
        let at_all = |port: u16| { let mut all = every(port).concat(); all.sort(); all.dedup(); all };
        // Without a port any of the four could have been meant.
        let asked: Vec<u16> = port.map_or_else(|| (0..4).collect(), |port| vec![port]);
        let mut possible: Vec<_> = asked.iter().flat_map(|port| at_all(*port)).collect();
        possible.sort();
        possible.dedup();
        match who(&leases, &question) {
            Attribution::One { subscriber, lease, .. } => {
                for port in &asked {
                    for then in every(*port) {
                        prop_assert_eq!(then, vec![&subscriber]);
                    }
                }
                prop_assert_eq!(&lease.subscriber, &subscriber);
                prop_assert!(lease.from <= question.at && lease.to.is_none_or(|to| question.at < to));
            }
            Attribution::Several { candidates, .. } => {
                prop_assert_eq!(candidates.iter().collect::<Vec<_>>(), possible.clone());
                let alone = |port: &u16| every(*port).iter().all(|then| then.len() == 1);
                let shared = port.is_none() && leases.iter().any(|lease| lease.ports.is_some());
                prop_assert!(shared || !(possible.len() == 1 && asked.iter().all(alone)));
            }
            Attribution::Nobody { .. } => prop_assert!(possible.is_empty()),
            Attribution::Foreign => prop_assert!(false, "it is ours"),
        }
    }
}
