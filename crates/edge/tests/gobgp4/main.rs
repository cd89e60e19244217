//! The API of GoBGP 4, spoken to a server that knows no other.
//!
//! Debian has GoBGP 3, against which `bgp.rs` runs the real daemon. Version 4 renamed the service and replaced `Any` by
//! typed messages; this server has those definitions from the project's published files and keeps a table of paths as
//! the daemon does: what it cannot understand it refuses, and what was withdrawn is gone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod api;
mod server;

use std::net::IpAddr;

use api::{Attr, Extcom, NlriChoice, Path, Rule};
use case::{CaseId, Home, Measure, Plan, RuleKey, Territory, Transport};
use edge::{Api, BgpConfig, Config, Outlet, RouteKind, is_unverified};
use jiff::{SignedDuration, Timestamp};

const TCP: Transport = Transport::Tcp;

fn plan() -> Plan {
    let measures = [Measure::Out { protocol: TCP, port: 25 }, Measure::In { protocol: TCP, port: 48613 }];
    let until = Timestamp::from_second(Timestamp::now().as_second()).unwrap() + SignedDuration::from_hours(2);
    let rule = |address: &str, measure| case::Rule {
        key: RuleKey { address: address.parse().unwrap(), measure },
        case: CaseId(1),
        until,
    };
    let lines = ["203.0.113.66", "2001:db8::66"];
    Plan::new(lines.iter().flat_map(|at| measures.map(|measure| rule(at, measure))).collect())
}

fn outlet(routes: RouteKind, server: &str) -> Outlet {
    let home = ["203.0.112.0/20", "2001:db8::/32"].map(|net| net.parse().unwrap());
    let territory = Territory { home: Home::new(home).unwrap(), never_touch: Vec::new().into() };
    let bgp = BgpConfig {
        routes,
        api: Api::Gobgp(server.to_owned()),
        mark: (64500, 6667),
        communities: Vec::new(),
        next_hop: "192.0.2.1".parse().unwrap(),
        next_hop6: "100::1".parse().unwrap(),
        neighbour: None,
        live: true,
    };
    Outlet::bgp("core", Config { territory, max_new_per_hour: 100 }, bgp)
}

/// What a path means, in words; only of one that has all its parts.
fn told(path: &Path) -> String {
    let has = |found: fn(&Attr) -> bool| path.pattrs.iter().filter_map(|one| one.attr.as_ref()).any(found);
    assert!(has(|attr| matches!(attr, Attr::Origin(_))) && has(|attr| matches!(attr, Attr::NextHop(_))));
    let marked = |attr: &Attr| match attr {
        Attr::LargeCommunities(all) => {
            all.communities.iter().all(|one| one.global_admin == 64500) && all.communities.len() == 2
        }
        _ => false,
    };
    assert!(has(marked), "without our mark: {path:?}");
    let discards = |attr: &Attr| match attr {
        Attr::ExtendedCommunities(all) => all
            .communities
            .iter()
            .any(|one| matches!(one.extcom, Some(Extcom::TrafficRate(rate)) if rate.rate == 0.0)),
        _ => false,
    };
    let blackhole = |attr: &Attr| match attr {
        Attr::Communities(all) => all.communities.contains(&0xffff_029a),
        _ => false,
    };
    match path.nlri.as_ref().and_then(|nlri| nlri.nlri.as_ref()).unwrap() {
        NlriChoice::Prefix(prefix) => {
            assert!(has(blackhole), "{path:?}");
            format!("{}/{} to nowhere", prefix.prefix, prefix.prefix_len)
        }
        NlriChoice::FlowSpec(filter) => {
            assert!(has(discards), "{path:?}");
            let part = |rule: &api::FlowSpecRule| match rule.rule.as_ref().unwrap() {
                Rule::IpPrefix(host) => format!("{}:{}/{}", host.r#type, host.prefix, host.prefix_len),
                Rule::Component(one) => {
                    let item = one.items.first().unwrap();
                    assert_eq!(one.items.len(), 1, "{one:?}");
                    format!("{}:{}", one.r#type, item.value)
                }
                Rule::Mac(_) => "a MAC".to_owned(),
            };
            filter.rules.iter().map(part).collect::<Vec<_>>().join(" ")
        }
    }
}

#[tokio::test]
async fn routes_go_in_are_found_again_and_are_taken_back() {
    let server = server::Server::start().await;
    for (routes, expected) in [
        (RouteKind::Rtbh, vec!["2001:db8::66/128 to nowhere", "203.0.113.66/32 to nowhere"]),
        (
            RouteKind::Flowspec,
            vec![
                "1:2001:db8::66/128 3:6 5:48613",
                "1:203.0.113.66/32 3:6 5:48613",
                "2:2001:db8::66/128 3:6 5:25",
                "2:203.0.113.66/32 3:6 5:25",
            ],
        ),
    ] {
        // Another hand's, which stays.
        let theirs: IpAddr = "203.0.113.99".parse().unwrap();
        server.announced_by_hand(theirs);
        let plan = plan();
        let mut first = outlet(routes, &server.url());
        let receipt = first.reconcile(&plan, Timestamp::now()).await.unwrap();
        assert_eq!(receipt.added.len(), 4);
        assert!(receipt.refused.iter().all(is_unverified), "no router was asked: {receipt:?}");
        let mut held: Vec<String> = server.ours().iter().map(told).collect();
        held.sort();
        assert_eq!(held, expected);

        // Another process finds the same with its ends, and takes back what nothing plans.
        let mut again = outlet(routes, &server.url());
        let same = again.reconcile(&plan, Timestamp::now()).await.unwrap();
        assert!(same.added.is_empty() && same.removed.is_empty(), "{same:#?}");
        let none = again.reconcile(&Plan::default(), Timestamp::now()).await.unwrap();
        assert_eq!(none.removed.len(), expected.len().max(2), "{none:?}");
        assert!(server.ours().is_empty());
        assert_eq!(server.paths(), 1, "another hand's route was taken away");
        if routes == RouteKind::Rtbh {
            assert!(same.by_hand.iter().any(|told| told.contains("203.0.113.99")), "{same:?}");
        }
    }
    assert!(server.refused_of_version_3() > 0, "which API it speaks was never asked");
}
