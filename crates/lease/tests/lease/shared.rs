//! Shared addresses: by formula, by log, and through to the subscriber behind.
use lease::nat::{Deterministic, DeterministicError};
use lease::{Attribution, Home, Lease, LeaseSource, PortBlock, Whose, attribute, behind, through};

use crate::at;

fn home() -> Home {
    Home::new(["203.0.113.0/24".parse().unwrap()]).unwrap()
}

fn whose(port: Option<u16>, at: jiff::Timestamp) -> Whose {
    let uncertainty = jiff::SignedDuration::from_secs(35);
    Whose { address: "203.0.113.1".parse().unwrap(), port, at, uncertainty }
}

fn formula(inside: &str, outside: &str, each: Option<u16>) -> Result<Deterministic, DeterministicError> {
    let since = at("2026-01-01T00:00:00Z");
    Deterministic::new(inside.parse().unwrap(), outside.parse().unwrap(), 1024, each, since)
}

#[test]
fn the_formula_shares_ports_out_in_order() {
    // 16 inside addresses for each outside one, (65535 - 1024) / 16 = 4031 ports each.
    let mapping = formula("100.64.0.0/26", "203.0.113.0/30", None).unwrap();
    let told = |port: u16| {
        let leases = mapping.leases("203.0.113.1".parse().unwrap(), Some(port));
        leases.first().map(|lease| {
            let ports = lease.ports.unwrap();
            format!("{} {}-{}", lease.subscriber, ports.first, ports.last)
        })
    };
    assert_eq!(told(1024).as_deref(), Some("100.64.0.16 1024-5054"));
    assert_eq!(told(5054).as_deref(), Some("100.64.0.16 1024-5054"));
    assert_eq!(told(5055).as_deref(), Some("100.64.0.17 5055-9085"));
    assert_eq!(told(65_519).as_deref(), Some("100.64.0.31 61489-65519"));
    for nobodys in [0, 1023, 65_520, 65_535] {
        assert_eq!(told(nobodys), None, "{nobodys}");
    }
    assert!(mapping.leases("203.0.113.4".parse().unwrap(), Some(2000)).is_empty());
    assert_eq!(mapping.leases("203.0.113.1".parse().unwrap(), None).len(), 16);
    // Every inside address has its own ports, once over.
    let outside: Vec<Lease> =
        (0..4).flat_map(|host| mapping.leases([203, 0, 113, host].into(), None)).collect();
    let names: std::collections::BTreeSet<_> = outside.iter().map(|lease| &lease.subscriber).collect();
    assert_eq!((outside.len(), names.len()), (64, 64));
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    let uneven = |result: Result<Deterministic, DeterministicError>| {
        assert!(matches!(result, Err(DeterministicError::Uneven { .. })), "{result:?}");
    };
    uneven(formula("100.64.0.0/30", "203.0.113.0/28", None));
    uneven(formula("10.0.0.0/8", "203.0.113.0/30", None));
    let many = formula("100.64.0.0/26", "203.0.113.0/30", Some(5000));
    assert!(matches!(many, Err(DeterministicError::TooMany { .. })), "{many:?}");
    assert!(formula("100.64.0.0/26", "203.0.113.0/30", Some(4032)).is_ok());
}

fn inside_lease(from: &str, to: Option<&str>, subscriber: &str) -> Lease {
    Lease {
        net: "100.64.0.16/32".parse().unwrap(),
        ports: None,
        from: at(from),
        to: to.map(at),
        subscriber: subscriber.parse().unwrap(),
        source: LeaseSource::Radius,
        record: format!("bng/{subscriber}"),
    }
}

#[test]
fn the_answer_goes_through_to_the_subscriber() {
    let mapping = formula("100.64.0.0/26", "203.0.113.0/30", None).unwrap();
    let question = whose(Some(2000), at("2026-03-01T12:00:00Z"));
    let outer = attribute(&home(), &mapping.leases(question.address, question.port), &question);
    let inner = behind(&outer, &question).expect("a second look");
    assert_eq!((inner.address.to_string(), inner.port), ("100.64.0.16".to_owned(), None));
    let leases = [
        inside_lease("2026-02-01T00:00:00Z", Some("2026-03-01T11:00:00Z"), "anna"),
        inside_lease("2026-03-01T11:00:00Z", None, "bert"),
    ];
    match through(outer.clone(), &leases, &question) {
        Attribution::One { subscriber, lease, boundary, reason } => {
            assert_eq!((subscriber.as_str(), lease.record.as_str()), ("bert", "bng/bert"));
            assert_eq!(boundary, Some(jiff::SignedDuration::from_hours(1)));
            assert!(reason.contains("100.64.0.16 held 203.0.113.1 ports 1024-5054"), "{reason}");
            assert!(reason.contains("bert held 100.64.0.16"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    // Where it changed hands, both are named; where nobody had it, nobody is, least of all the inside address.
    let near = whose(Some(2000), at("2026-03-01T11:00:20Z"));
    let outer_near = attribute(&home(), &mapping.leases(near.address, near.port), &near);
    match through(outer_near, &leases, &near) {
        Attribution::Several { candidates, .. } => assert_eq!(candidates.len(), 2),
        other => panic!("{other:?}"),
    }
    assert!(matches!(through(outer, &[], &question), Attribution::Nobody { .. }));
}

#[test]
fn without_a_port_everybody_behind_the_address_could_have_been_it() {
    let mapping = formula("100.64.0.0/26", "203.0.113.0/30", None).unwrap();
    let question = whose(None, at("2026-03-01T12:00:00Z"));
    match attribute(&home(), &mapping.leases(question.address, None), &question) {
        Attribution::Several { candidates, .. } => assert_eq!(candidates.len(), 16),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_same_inside_address_of_another_domain_is_not_looked_through() {
    let mut lease = inside_lease("2026-02-01T00:00:00Z", None, "100.64.0.16 in blue");
    lease.source = LeaseSource::NatLog;
    lease.net = "203.0.113.1/32".parse().unwrap();
    lease.ports = PortBlock::new(1024, 2047);
    let question = whose(Some(1500), at("2026-03-01T12:00:00Z"));
    let outer = attribute(&home(), &[lease], &question);
    assert_eq!(behind(&outer, &question), None);
    let subscriber = |answer: &Attribution| match answer {
        Attribution::One { subscriber, .. } => subscriber.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(subscriber(&through(outer, &[], &question)), "100.64.0.16 in blue");
}
