//! Routes as GoBGP's paths, and back.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::bgp::mark::{Mark, Marker};
use crate::bgp::route::{Match, Route};
use crate::bgp::speaker::Listed;
use crate::bgp::{BgpConfig, RouteKind};

use super::api::{
    COMMUNITIES, Communities, Dialect, EXTENDED_COMMUNITIES, ExtendedCommunities, FLOW_COMPONENT,
    FLOW_PREFIX, FLOW_SPEC, Family, FlowSpecComponent, FlowSpecIpPrefix, FlowSpecItem, FlowSpecNlri,
    IP_PREFIX, IpAddressPrefix, LARGE_COMMUNITIES, LargeCommunities, LargeCommunity, NEXT_HOP, NextHop,
    ORIGIN, Origin, Path, TRAFFIC_RATE, TrafficRate,
};

/// BLACKHOLE (RFC 7999 section 5) and NO_EXPORT (RFC 1997): the route goes no further than whom it is meant for.
pub(crate) const BLACKHOLE: (u16, u16) = (65535, 666);
pub(crate) const NO_EXPORT: (u16, u16) = (65535, 65281);

/// Types of components of a filter (RFC 8955 section 4.2.2).
const DESTINATION: u32 = 1;
const SOURCE: u32 = 2;
const PROTOCOL: u32 = 3;
const DESTINATION_PORT: u32 = 5;

/// The operator "equal" (RFC 8955 section 4.2.1.1); GoBGP adds the bits for length and end of list.
const EQUAL: u32 = 1;

/// Strangers that are told of by name.
const NAMED_AT_MOST: usize = 5;

/// Writes and reads paths.
#[derive(Debug)]
pub(crate) struct Writer {
    marker: Marker,
    communities: Vec<(u16, u16)>,
    next_hop: Ipv4Addr,
    next_hop6: Ipv6Addr,
}

impl Writer {
    pub(crate) fn new(config: &BgpConfig, marker: Marker) -> Writer {
        let (communities, next_hop, next_hop6) =
            (config.communities.clone(), config.next_hop, config.next_hop6);
        Writer { marker, communities, next_hop, next_hop6 }
    }

    /// The path that withdraws a route.
    pub(crate) fn withdrawn(&self, dialect: Dialect, route: Route) -> Path {
        Path { is_withdraw: true, ..self.path(dialect, route, Vec::new()) }
    }

    /// The path that announces a route.
    pub(crate) fn announced(&self, dialect: Dialect, route: Route, mark: Mark) -> Path {
        let large = self.marker.write(mark).map(|(asn, number, value)| LargeCommunity { asn, number, value });
        let mut attributes = vec![
            dialect.wrap(COMMUNITIES, &Communities { communities: self.communities_of(&route) }),
            dialect.wrap(LARGE_COMMUNITIES, &LargeCommunities { communities: large.to_vec() }),
        ];
        if matches!(route, Route::Discard(_)) {
            let nothing_passes = dialect.wrap(TRAFFIC_RATE, &TrafficRate { asn: 0, rate: 0.0 });
            let extended = ExtendedCommunities { communities: vec![nothing_passes] };
            attributes.push(dialect.wrap(EXTENDED_COMMUNITIES, &extended));
        }
        self.path(dialect, route, attributes)
    }

    fn path(&self, dialect: Dialect, route: Route, more: Vec<Vec<u8>>) -> Path {
        // Where a filter has no next hop GoBGP still wants one named.
        let next_hop = match route {
            Route::Blackhole(IpAddr::V4(_)) => self.next_hop.to_string(),
            Route::Blackhole(IpAddr::V6(_)) => self.next_hop6.to_string(),
            Route::Discard(_) => "0.0.0.0".to_owned(),
        };
        let mut attributes =
            vec![dialect.wrap(ORIGIN, &Origin { origin: 0 }), dialect.wrap(NEXT_HOP, &NextHop { next_hop })];
        attributes.extend(more);
        Path {
            nlri: nlri(dialect, route),
            attributes,
            is_withdraw: false,
            family: Some(Family::of_route(&route)),
            neighbour: String::new(),
        }
    }

    fn communities_of(&self, route: &Route) -> Vec<u32> {
        let blackhole = matches!(route, Route::Blackhole(_)).then_some(BLACKHOLE);
        let all = blackhole.into_iter().chain([NO_EXPORT]).chain(self.communities.iter().copied());
        all.map(|(high, low)| u32::from(high) << 16 | u32::from(low)).collect()
    }

    /// Sorts what a table holds into ours and others'.
    pub(crate) fn read(&self, dialect: Dialect, kind: RouteKind, paths: &[Path], listed: &mut Listed) {
        for path in paths.iter().filter(|path| matches!(path.neighbour.as_str(), "" | "<nil>" | "invalid IP"))
        {
            let route = route(dialect, kind, &path.nlri);
            match (route, self.mark(dialect, path)) {
                (Some(route), Some(mark)) => listed.ours.push((route, mark)),
                (route, None) if is_block(dialect, kind, path) => {
                    let what = route.map_or_else(|| "a filter of another shape".to_owned(), in_words);
                    if listed.strangers.len() < NAMED_AT_MOST {
                        listed
                            .strangers
                            .push(format!("{what} was announced by another hand and is left alone"));
                    }
                }
                _ => {}
            }
        }
    }

    fn mark(&self, dialect: Dialect, path: &Path) -> Option<Mark> {
        let large = |bytes: &Vec<u8>| dialect.unwrap::<LargeCommunities>(LARGE_COMMUNITIES, bytes);
        let all = path.attributes.iter().find_map(large)?;
        self.marker.read(all.communities.iter().map(|one| (one.asn, one.number, one.value)))
    }
}

/// Whether another's path is a block: any filter is, and a host route with BLACKHOLE.
fn is_block(dialect: Dialect, kind: RouteKind, path: &Path) -> bool {
    let communities = |bytes: &Vec<u8>| dialect.unwrap::<Communities>(COMMUNITIES, bytes);
    let is_blackhole = || {
        let (high, low) = BLACKHOLE;
        let blackhole = u32::from(high) << 16 | u32::from(low);
        path.attributes.iter().find_map(communities).is_some_and(|all| all.communities.contains(&blackhole))
    };
    kind == RouteKind::Flowspec || is_blackhole()
}

fn in_words(route: Route) -> String {
    match route {
        Route::Blackhole(address) => format!("a blackhole for {address}"),
        Route::Discard(key) => format!("a filter on {key}"),
    }
}

fn nlri(dialect: Dialect, route: Route) -> Vec<u8> {
    let length = |address: IpAddr| if address.is_ipv4() { 32 } else { 128 };
    match route {
        Route::Blackhole(address) => {
            let prefix = IpAddressPrefix { length: length(address), prefix: address.to_string() };
            dialect.wrap(IP_PREFIX, &prefix)
        }
        Route::Discard(key) => {
            let it = Match::from(key);
            let kind = if it.is_destination { DESTINATION } else { SOURCE };
            let host = FlowSpecIpPrefix { kind, length: length(it.host), prefix: it.host.to_string() };
            let equal = |kind, value| {
                let items = vec![FlowSpecItem { operator: EQUAL, value }];
                dialect.wrap(FLOW_COMPONENT, &FlowSpecComponent { kind, items })
            };
            let rules = vec![
                dialect.wrap(FLOW_PREFIX, &host),
                equal(PROTOCOL, it.protocol.into()),
                equal(DESTINATION_PORT, it.port.into()),
            ];
            dialect.wrap(FLOW_SPEC, &FlowSpecNlri { rules })
        }
    }
}

fn route(dialect: Dialect, kind: RouteKind, bytes: &[u8]) -> Option<Route> {
    let host = |prefix: &str, length: u32| {
        let address: IpAddr = prefix.parse().ok()?;
        (length == if address.is_ipv4() { 32 } else { 128 }).then_some(address)
    };
    if kind == RouteKind::Rtbh {
        let prefix: IpAddressPrefix = dialect.unwrap(IP_PREFIX, bytes)?;
        return host(&prefix.prefix, prefix.length).map(Route::Blackhole);
    }
    let filter: FlowSpecNlri = dialect.unwrap(FLOW_SPEC, bytes)?;
    let [place, protocol, port] = filter.rules.as_slice() else { return None };
    let place: FlowSpecIpPrefix = dialect.unwrap(FLOW_PREFIX, place)?;
    let number = |kind, bytes: &[u8]| {
        let component: FlowSpecComponent = dialect.unwrap(FLOW_COMPONENT, bytes)?;
        let [item] = component.items.as_slice() else { return None };
        // The bits beside the comparison tell lengths and the end of the list.
        (component.kind == kind && item.operator & 7 == EQUAL).then_some(item.value)
    };
    let it = Match {
        is_destination: place.kind == DESTINATION,
        host: host(&place.prefix, place.length)?,
        protocol: u8::try_from(number(PROTOCOL, protocol)?).ok()?,
        port: u16::try_from(number(DESTINATION_PORT, port)?).ok()?,
    };
    it.rule().map(Route::Discard)
}

#[cfg(test)]
mod tests;
