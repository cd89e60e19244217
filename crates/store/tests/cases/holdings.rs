//! Leases.

use std::net::IpAddr;
use std::time::Instant;

use lease::{Lease, LeaseSource, PortBlock, SubscriberId};
use store::{ImportCount, Store};

use super::at;
use crate::stand::Stand;

fn lease(net: &str, from: i64, to: Option<i64>, subscriber: &str) -> Lease {
    Lease {
        net: net.parse().expect("a prefix"),
        ports: None,
        from: at(from),
        to: to.map(at),
        subscriber: subscriber.parse().expect("a name"),
        source: LeaseSource::Static,
        record: format!("leases.csv:{from}"),
    }
}

fn counts(new: u64, changed: u64, same: u64, contacts: u64) -> ImportCount {
    ImportCount { new, changed, same, contacts }
}

async fn near(store: &Store, address: &str, from: i64, to: i64) -> Vec<String> {
    let found =
        store.leases_near(address.parse().expect("an address"), at(from), at(to)).await.expect("looks up");
    found.into_iter().map(|lease| lease.subscriber.to_string()).collect()
}

pub(crate) async fn importing_twice_changes_nothing(stand: Stand) {
    let store = stand.open().await;
    let mut shared = lease("198.51.100.1/32", 0, None, "line-3");
    shared.ports = Some(PortBlock { first: 1024, last: 2047 });
    let mut neighbour = shared.clone();
    neighbour.ports = Some(PortBlock { first: 2048, last: 3071 });
    let rows = [
        lease("192.0.2.1/32", 0, Some(100), "line-1"),
        lease("2001:db8:1::/56", 0, None, "line-2"),
        lease("192.0.2.1/32", 0, Some(100), "line-1"),
        shared.clone(),
        neighbour.clone(),
    ];
    let contacts = [("line-1".parse::<SubscriberId>().expect("a name"), "one@example.net".to_owned())];
    assert_eq!(store.import_leases(&rows, &contacts).await.expect("imports"), counts(4, 0, 0, 1));
    assert_eq!(store.import_leases(&rows, &contacts).await.expect("imports"), counts(0, 0, 4, 0));
    assert_eq!(store.lease_count().await.expect("counts"), 4);
    assert_eq!(store.contact(&contacts[0].0).await.expect("reads").as_deref(), Some("one@example.net"));
    assert_eq!(store.contact(&"line-2".parse().expect("a name")).await.expect("reads"), None);
    let address: IpAddr = "198.51.100.1".parse().expect("an address");
    assert_eq!(store.leases_near(address, at(5), at(5)).await.expect("looks up"), [shared, neighbour]);
    let held = store.held_now(&"line-2".parse().expect("a name"), at(5)).await.expect("looks up");
    assert_eq!(held, [rows[1].clone()]);
    assert!(store.held_now(&"line-1".parse().expect("a name"), at(100)).await.expect("looks up").is_empty());
    assert_eq!(store.held_now(&"line-1".parse().expect("a name"), at(99)).await.expect("looks up").len(), 1);
}

pub(crate) async fn an_end_is_filled_in_and_never_forgotten(stand: Stand) {
    let store = stand.open().await;
    let (open, ended) =
        (lease("192.0.2.1/32", 0, None, "line-1"), lease("192.0.2.1/32", 0, Some(100), "line-1"));
    let address: IpAddr = "192.0.2.1".parse().expect("an address");
    let import = async |leases: &[Lease]| store.import_leases(leases, &[]).await.expect("imports");
    let end = async || store.leases_near(address, at(0), at(0)).await.expect("looks up")[0].to;
    assert_eq!(import(std::slice::from_ref(&open)).await, counts(1, 0, 0, 0));
    assert_eq!(end().await, None);
    assert_eq!(import(std::slice::from_ref(&ended)).await, counts(0, 1, 0, 0));
    assert_eq!(import(std::slice::from_ref(&open)).await, counts(0, 0, 1, 0));
    assert_eq!(end().await, Some(at(100)));
    // Start and stop record in one file, in either order.
    let other = |to| lease("192.0.2.2/32", 0, to, "line-2");
    assert_eq!(import(&[other(Some(50)), other(None)]).await, counts(1, 0, 0, 0));
    assert_eq!(near(&store, "192.0.2.2", 50, 60).await, ["line-2"]);
    assert_eq!(store.held_now(&"line-2".parse().expect("a name"), at(60)).await.expect("looks up"), []);
}

pub(crate) async fn boundaries_are_inclusive_at_the_beginning_and_exclusive_at_the_end(stand: Stand) {
    let store = stand.open().await;
    let day = 86_400;
    let rows = [
        lease("192.0.2.1/32", 0, Some(100), "first"),
        lease("192.0.2.1/32", 200, Some(300), "second"),
        lease("192.0.2.1/32", 300, Some(400), "third"),
        lease("192.0.2.1/32", 400 + 30 * day, None, "last"),
        lease("192.0.2.0/24", 0, None, "whole prefix"),
        lease("192.0.2.2/32", 0, Some(10), "neighbour"),
    ];
    store.import_leases(&rows, &[]).await.expect("imports");
    // Always with the one before and the one after.
    assert_eq!(near(&store, "192.0.2.1", 250, 250).await, ["whole prefix", "first", "second", "third"]);
    assert_eq!(near(&store, "192.0.2.1", 150, 150).await, ["whole prefix", "first", "second"]);
    assert_eq!(near(&store, "192.0.2.1", 100, 199).await, ["whole prefix", "first", "second"]);
    assert_eq!(near(&store, "192.0.2.1", 99, 200).await, ["whole prefix", "first", "second", "third"]);
    assert_eq!(near(&store, "192.0.2.1", 300, 300).await, ["whole prefix", "second", "third", "last"]);
    // Long after the last ended, and long into the open one.
    assert_eq!(near(&store, "192.0.2.1", 20 * day, 20 * day).await, ["whole prefix", "third", "last"]);
    assert_eq!(
        near(&store, "::ffff:192.0.2.1", 300 * day, 300 * day).await,
        ["whole prefix", "third", "last"]
    );
    assert_eq!(near(&store, "192.0.2.1", -50, -50).await, ["whole prefix", "first"]);
    assert_eq!(near(&store, "192.0.2.3", 0, 0).await, ["whole prefix"]);
    assert!(near(&store, "2001:db8::1", 0, 0).await.is_empty());
    // A prefix length that another process brought.
    let other = stand.open().await;
    other.import_leases(&[lease("2001:db8::/48", 0, None, "delegated")], &[]).await.expect("imports");
    assert_eq!(near(&store, "2001:db8:0:ff::1", 0, 0).await, ["delegated"]);
}

pub(crate) async fn exported_blocks_are_not_believed_beyond_what_was_heard(stand: Stand) {
    let store = stand.open().await;
    let block = |from, to, subscriber| Lease {
        source: LeaseSource::NatExport,
        ports: PortBlock::new(1024, 2047),
        ..lease("198.51.100.1/32", from, to, subscriber)
    };
    let open = [block(0, None, "10.66.0.17"), block(50, None, "10.66.0.18")];
    let rest = [block(10, Some(20), "10.66.0.19"), lease("198.51.100.1/32", 60, None, "line-1")];
    store.import_leases(&[&open[..], &rest].concat(), &[]).await.expect("imports");
    assert_eq!(store.end_open_translations().await.expect("ends"), 2);
    let address = "198.51.100.1".parse().expect("an address");
    let found = store.leases_near(address, at(0), at(100)).await.expect("looks up");
    let ends: Vec<_> = found.into_iter().map(|lease| (lease.subscriber.to_string(), lease.to)).collect();
    let kept =
        [("10.66.0.17", Some(50)), ("10.66.0.19", Some(20)), ("10.66.0.18", Some(50)), ("line-1", None)];
    assert_eq!(ends, kept.map(|(name, end)| (name.to_owned(), end.map(at))));
    assert_eq!(store.end_open_translations().await.expect("ends"), 0);
}

/// Leases and questions drawn by lot, against the plain definition.
pub(crate) async fn the_lookup_agrees_with_reading_everything(stand: Stand) {
    let mut seed = 2003_u64;
    let mut draw = |below: i64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(seed >> 33).expect("31 bits") % below
    };
    let nets = ["192.0.2.1/32", "192.0.2.0/25", "192.0.2.0/24", "2001:db8::1/128", "2001:db8::/56", "::/0"];
    let hour = 3600;
    let leases: Vec<Lease> = (0..600)
        .map(|number| {
            let net = nets[usize::try_from(draw(6)).expect("small")];
            let from = draw(60 * 24) * hour;
            // Some minutes, a day, about the two days the look-up walks back, a month, or without end.
            let long = [hour / 2, 24 * hour, 48 * hour, 48 * hour + 1, 720 * hour]
                [usize::try_from(draw(5)).expect("small")];
            let to = (draw(5) > 0).then_some(from + long);
            lease(net, from, to, &format!("line-{number:03}"))
        })
        .collect();
    let store = stand.open().await;
    store.import_leases(&leases, &[]).await.expect("imports");
    for _ in 0..150 {
        let address: IpAddr = ["192.0.2.1", "192.0.2.200", "2001:db8::1"]
            [usize::try_from(draw(3)).expect("small")]
        .parse()
        .expect("an address");
        let from = draw(62 * 24) * hour - hour;
        let (from, to) = (at(from), at(from + draw(3) * hour / 2));
        let mut expected: Vec<&Lease> = Vec::new();
        for net in nets {
            let under =
                |lease: &&Lease| lease.net == net.parse().expect("a prefix") && lease.net.contains(&address);
            let ended = |lease: &&Lease| lease.to.is_some_and(|end| end <= from);
            expected.extend(leases.iter().filter(under).filter(|lease| lease.from <= to && !ended(lease)));
            let key = |lease: &&Lease| (lease.from, lease.subscriber.clone());
            expected.extend(
                leases.iter().filter(under).filter(|lease| lease.from < from).filter(ended).max_by_key(key),
            );
            expected.extend(leases.iter().filter(under).filter(|lease| lease.from > to).min_by_key(key));
        }
        let mut expected: Vec<(jiff::Timestamp, &SubscriberId)> =
            expected.into_iter().map(|lease| (lease.from, &lease.subscriber)).collect();
        let found = store.leases_near(address, from, to).await.expect("looks up");
        assert!(found.is_sorted_by_key(|lease| lease.from));
        let mut found: Vec<_> = found.iter().map(|lease| (lease.from, &lease.subscriber)).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{address} from {from} to {to}");
    }
}

pub(crate) async fn a_hundred_thousand_leases_import_in_seconds(stand: Stand) {
    let store = stand.open().await;
    let leases: Vec<Lease> = (0..100_000_u32)
        .map(|number| {
            let mut lease =
                lease("198.51.100.0/32", i64::from(number / 1000), None, &format!("line-{number}"));
            lease.net = IpAddr::from((0xC000_0200 + number % 1000).to_be_bytes()).into();
            lease
        })
        .collect();
    for expected in [counts(100_000, 0, 0, 0), counts(0, 0, 100_000, 0)] {
        let begun = Instant::now();
        assert_eq!(store.import_leases(&leases, &[]).await.expect("imports"), expected);
        let took = begun.elapsed();
        eprintln!("100,000 leases in {took:?} ({expected:?})");
        // Seconds on an idle machine; generous, for an unoptimised build on a busy one.
        assert!(took.as_secs() < 120, "{took:?}");
    }
}
