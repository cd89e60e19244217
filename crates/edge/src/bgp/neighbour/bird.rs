//! BIRD's own tables, asked through `birdc`.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::bgp::route::Match;
use crate::bgp::{Marker, Route};
use crate::error::EdgeError;
use crate::program::Program;

/// The routes with our mark that the router has chosen and that discard. A blackhole that leads on to some interface, or
/// one that lost to another route, does not count.
pub(super) async fn discarded(birdc: &Program, marker: Marker) -> Result<BTreeSet<Route>, EdgeError> {
    let ours = format!("bgp_large_community ~ [({}, {}, *)]", marker.asn, marker.number);
    let words = ["show", "route", "table", "all", "where", &ours];
    let said = birdc.run("read the routes at the neighbour", &words, None).await?;
    Ok(read(&String::from_utf8_lossy(&said)))
}

/// Reads `show route`. A line that begins with a blank is another route to the net of the line before it.
fn read(said: &str) -> BTreeSet<Route> {
    let mut net = None;
    let mut routes = BTreeSet::new();
    for line in said.lines().take(super::LONGEST) {
        if !line.starts_with([' ', '\t']) {
            net = filter(line).or_else(|| host(line));
        }
        let (Some(route), true) = (net, line.contains("] * (")) else { continue };
        let discards = match route {
            Route::Discard(_) => true,
            Route::Blackhole(_) => {
                ["blackhole", "unreachable", "prohibited"].iter().any(|word| line.contains(word))
            }
        };
        if discards {
            routes.insert(route);
        }
    }
    routes
}

/// `203.0.113.45/32      blackhole [edge …`.
fn host(line: &str) -> Option<Route> {
    let (address, length) = line.split_whitespace().next()?.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let whole = if address.is_ipv4() { "32" } else { "128" };
    (length == whole).then_some(Route::Blackhole(address))
}

/// `flow4 { src 192.0.2.7/32; proto 6; dport 25; }  [edge …`. One that matches anything else is not one of ours.
fn filter(line: &str) -> Option<Route> {
    let inside = line.strip_prefix("flow4 {").or_else(|| line.strip_prefix("flow6 {"))?;
    let (inside, _) = inside.split_once('}')?;
    let (mut place, mut protocol, mut port) = (None, None, None);
    for part in inside.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once(' ')? {
            (way @ ("dst" | "src"), net) if place.is_none() => {
                let Route::Blackhole(host) = host(net)? else { return None };
                place = Some((way == "dst", host));
            }
            ("proto" | "next header", number) if protocol.is_none() => protocol = number.parse().ok(),
            ("next", number) if protocol.is_none() => {
                protocol = number.strip_prefix("header ")?.parse().ok();
            }
            ("dport", number) if port.is_none() => port = number.parse().ok(),
            _ => return None,
        }
    }
    let (is_destination, host) = place?;
    Match { is_destination, host, protocol: protocol?, port: port? }.rule().map(Route::Discard)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn only_what_the_router_chose_and_discards_counts() {
        let said = "BIRD 2.0.12 ready.\nTable master4:\n\
            203.0.113.45/32      blackhole [edge 12:00:00.000 from 192.0.2.1] * (100) [AS64500i]\n\
            203.0.113.46/32      unicast [edge 12:00:00.000 from 192.0.2.1] * (100) [AS64500i]\n\
            203.0.113.47/32      unicast [other 12:00:00.000] * (200) [i]\n\
            \u{20}                    blackhole [edge 12:00:00.000 from 192.0.2.1] (100) [AS64500i]\n\
            203.0.113.0/24       blackhole [edge 12:00:00.000 from 192.0.2.1] * (100) [AS64500i]\n\
            Table flowtab4:\n\
            flow4 { src 203.0.113.7/32; proto 6; dport 25; }  [edge 12:00:00.000] * (100) [AS64500i]\n\
            flow4 { dst 203.0.113.7/32; proto 17; dport 1080; }  [edge 12:00:00.000] * (100) [AS64500i]\n\
            flow4 { dst 203.0.113.8/32; proto 6; dport 1080; length 100..200; }  [edge 12:00:00.000] * (100) [i]\n\
            flow4 { proto 6; dport 25; }  [edge 12:00:00.000] * (100) [AS64500i]\n";
        let shown: Vec<String> = read(said).iter().map(|route| format!("{route:?}")).collect();
        assert_eq!(shown.len(), 3, "{shown:#?}");
        assert!(shown[0].contains("Blackhole(203.0.113.45)"), "{shown:#?}");
        assert!(shown[1..].iter().all(|route| route.contains("203.0.113.7")), "{shown:#?}");
    }
}
