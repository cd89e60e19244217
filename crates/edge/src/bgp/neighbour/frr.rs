//! FRR's tables, asked through `vtysh`: zebra's own for blackholes, bgpd's for filters.
//!
//! Neither shows our mark, so what counts is a route by BGP to the very host, installed, that leads to nowhere; and a filter
//! that names that host, protocol and port, nothing else, and lets nothing pass. FRR 8.4 prints what is said of one filter
//! as an array of its own, one after the other.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Deserializer, Map, Value};

use crate::bgp::route::Match;
use crate::bgp::{Route, RouteKind};
use crate::error::EdgeError;
use crate::program::Program;

const BLACKHOLES: [&str; 4] = ["-c", "show ip route bgp json", "-c", "show ipv6 route bgp json"];
const FILTERS: [&str; 4] =
    ["-c", "show bgp ipv4 flowspec detail json", "-c", "show bgp ipv6 flowspec detail json"];

/// The routes that the router has installed, or the filters that it holds, and that discard.
pub(super) async fn discarded(vtysh: &Program, kind: RouteKind) -> Result<BTreeSet<Route>, EdgeError> {
    let words = match kind {
        RouteKind::Rtbh => BLACKHOLES,
        RouteKind::Flowspec => FILTERS,
    };
    let said = vtysh.run("read the routes at the neighbour", &words, None).await?;
    Ok(read(&said, kind))
}

/// Reads one JSON value after the other, up to the first that is none: `vtysh` says in words when there is nothing.
fn read(said: &[u8], kind: RouteKind) -> BTreeSet<Route> {
    let values = Deserializer::from_slice(said).into_iter::<Value>().map_while(Result::ok);
    let values = values.take(super::LONGEST);
    match kind {
        RouteKind::Rtbh => values.flat_map(blackholes).collect(),
        RouteKind::Flowspec => values.filter_map(|value| filter(&value)).collect(),
    }
}

/// `{"203.0.113.66/32": [{"protocol": "bgp", "installed": true, "nexthops": [{"blackhole": true, "fib": true}]}]}`.
fn blackholes(table: Value) -> Vec<Route> {
    let Value::Object(table) = table else { return Vec::new() };
    let is_so = |of: &Value, name: &str| of.get(name).and_then(Value::as_bool) == Some(true);
    let leads_nowhere = |route: &Value| {
        let mut hops = route.get("nexthops").and_then(Value::as_array).into_iter().flatten();
        let mut forwarding = hops.by_ref().filter(|hop| is_so(hop, "fib")).peekable();
        forwarding.peek().is_some() && forwarding.all(|hop| is_so(hop, "blackhole"))
    };
    let discards = |route: &Value| {
        let by_bgp = route.get("protocol").and_then(Value::as_str) == Some("bgp");
        by_bgp && is_so(route, "selected") && is_so(route, "installed") && leads_nowhere(route)
    };
    let of_net = |(net, routes): (&String, &Value)| {
        let host = host(net)?;
        routes.as_array()?.iter().any(discards).then_some(Route::Blackhole(host))
    };
    table.iter().take(super::LONGEST).filter_map(of_net).collect()
}

fn host(net: &str) -> Option<IpAddr> {
    let net: IpNet = net.parse().ok()?;
    (net.prefix_len() == net.max_prefix_len()).then_some(net.addr())
}

/// `[{"to": "203.0.113.66/32", "proto": "= 6 ", "dstp": "= 48613 "}, {"ecomlist": "FS:rate 0.000000"}, {"time": "…"}]`.
fn filter(entry: &Value) -> Option<Route> {
    let parts: Vec<&Map<String, Value>> = entry.as_array()?.iter().filter_map(Value::as_object).collect();
    let action = parts.iter().find_map(|part| part.get("ecomlist")?.as_str())?;
    let rate: f32 = action.trim().strip_prefix("FS:rate ")?.trim().parse().ok()?;
    let matches = parts.iter().find(|part| part.contains_key("to") || part.contains_key("from"))?;
    if rate != 0.0 || matches.len() != 3 {
        return None;
    }
    let number = |name: &str| matches.get(name)?.as_str()?.trim().strip_prefix('=').map(str::trim);
    let (is_destination, net) = match (matches.get("to"), matches.get("from")) {
        (Some(net), None) => (true, net),
        (None, Some(net)) => (false, net),
        _ => return None,
    };
    // IPv6 has an offset behind the length.
    let net = net.as_str()?;
    let net = net.strip_suffix("/off 0").unwrap_or(net);
    let it = Match {
        is_destination,
        host: host(net)?,
        protocol: number("proto")?.parse().ok()?,
        port: number("dstp")?.parse().ok()?,
    };
    it.rule().map(Route::Discard)
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::bgp::RouteKind;

    fn shown(said: &str, kind: RouteKind) -> Vec<String> {
        read(said.as_bytes(), kind).iter().map(|route| format!("{route:?}")).collect()
    }

    #[test]
    fn only_what_is_installed_and_leads_nowhere_counts() {
        let route = |net: &str, more: &str, hop: &str| {
            format!(
                "\"{net}\": [{{\"protocol\": \"bgp\", \"selected\": true, {more}, \"nexthops\": [{{\"ip\": \"192.0.2.1\", \"recursive\": true}}, {hop}]}}]"
            )
        };
        let nowhere = r#"{"fib": true, "blackhole": true, "unreachable": true}"#;
        let table = [
            route("203.0.113.45/32", "\"installed\": true", nowhere),
            route("203.0.113.46/32", "\"installed\": true", r#"{"fib": true, "interfaceName": "e0"}"#),
            route("203.0.113.47/32", "\"installed\": false", nowhere),
            route("203.0.113.0/24", "\"installed\": true", nowhere),
            route("203.0.113.48/32", "\"installed\": true", r#"{"blackhole": true}"#),
            route("203.0.113.49/32", "\"installed\": true", nowhere).replace("bgp", "static"),
        ];
        let said = format!("{{{}}}\n{{\n}}\n% no more", table.join(", "));
        assert_eq!(shown(&said, RouteKind::Rtbh), ["Blackhole(203.0.113.45)"]);
    }

    #[test]
    fn only_filters_that_let_nothing_pass_and_name_what_ours_name_count() {
        let entry = |matched: &str, action: &str| {
            format!("[{{{matched}}}, {{\"ecomlist\": \"{action}\"}}, {{\"time\": \"00:00:03\"}}]\n")
        };
        let ours = r#""from": "203.0.113.66/32", "proto": "= 6 ", "dstp": "= 25 ""#;
        let said = [
            entry(ours, "FS:rate 0.000000"),
            entry(
                r#""to": "2001:db8::66/128/off 0", "proto": "= 17 ", "dstp": "= 1080 ""#,
                "FS:rate 0.000000",
            ),
            entry(&ours.replace(".66", ".67"), "FS:rate 9600.000000"),
            entry(&ours.replace(".66", ".68"), "FS:redirect VRF 1:1"),
            entry(&format!("{ours}, \"pktlen\": \"= 100 \"").replace(".66", ".69"), "FS:rate 0.000000"),
            entry(&ours.replace(".66/32", ".0/24"), "FS:rate 0.000000"),
            entry(&ours.replace("= 25", ">= 25").replace(".66", ".70"), "FS:rate 0.000000"),
        ];
        let shown = shown(&said.concat(), RouteKind::Flowspec);
        assert_eq!(shown.len(), 2, "{shown:#?}");
        assert!(shown[0].contains("203.0.113.66") && shown[1].contains("2001:db8::66"), "{shown:#?}");
    }
}
