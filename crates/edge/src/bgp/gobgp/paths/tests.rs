use case::{Measure, RuleKey, Transport};
use jiff::Timestamp;

use super::{Dialect, Writer};
use crate::bgp::speaker::Listed;
use crate::bgp::{Api, BgpConfig, Mark, Marker, Route, RouteKind};

fn writer(number: u32) -> Writer {
    let config = BgpConfig {
        routes: RouteKind::Rtbh,
        api: Api::Gobgp(String::new()),
        mark: (64500, number),
        communities: Vec::new(),
        next_hop: "192.0.2.1".parse().unwrap(),
        next_hop6: "100::1".parse().unwrap(),
        neighbour: None,
        live: true,
    };
    Writer::new(&config, Marker { asn: 64500, number })
}

/// What is written in either API is read as ours with its mark, and as another hand's by whoever has another mark.
#[test]
fn a_path_is_read_as_written_in_both_apis() {
    let mark = Mark {
        since: Timestamp::from_second(1_790_000_000).unwrap(),
        until: Timestamp::from_second(1_790_007_200).unwrap(),
    };
    for (dialect, address) in [Dialect::V3, Dialect::V4].iter().flat_map(|dialect| {
        ["203.0.113.66", "2001:db8::66"].map(|address| (*dialect, address.parse().unwrap()))
    }) {
        let key = |measure| RuleKey { address, measure };
        let routes = [
            (RouteKind::Rtbh, Route::Blackhole(address)),
            (RouteKind::Flowspec, Route::Discard(key(Measure::Out { protocol: Transport::Tcp, port: 25 }))),
            (RouteKind::Flowspec, Route::Discard(key(Measure::In { protocol: Transport::Udp, port: 48613 }))),
        ];
        for (kind, route) in routes {
            let path = writer(6667).announced(dialect, route, mark);
            let mut listed = Listed::default();
            writer(6667).read(dialect, kind, std::slice::from_ref(&path), &mut listed);
            assert_eq!(listed.ours, [(route, mark)], "{dialect:?}");
            let mut others = Listed::default();
            writer(7000).read(dialect, kind, &[path], &mut others);
            assert!(others.ours.is_empty() && others.strangers.len() == 1, "{others:?}");
        }
    }
}
