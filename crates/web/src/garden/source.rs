//! From which address a customer asks.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use ipnet::IpNet;

use super::Plot;

/// The customer's address.
pub(super) struct Source(pub(super) IpAddr);

impl FromRequestParts<Plot> for Source {
    type Rejection = StatusCode;
    async fn from_request_parts(parts: &mut Parts, plot: &Plot) -> Result<Self, StatusCode> {
        let peer = super::peer(&parts.extensions).ok_or(StatusCode::FORBIDDEN)?;
        Ok(Source(address(peer, &parts.headers, &plot.config.proxies)))
    }
}

/// The nearest address that is no proxy of ours. Anybody can write X-Forwarded-For; only what our own proxies added to
/// its end is believed.
fn address(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let is_ours = |address: &IpAddr| proxies.iter().any(|net| net.contains(address));
    if !is_ours(&peer) {
        return peer;
    }
    let lines = headers.get_all("x-forwarded-for").into_iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut nearest = peer;
    for hop in hops.into_iter().rev() {
        // What cannot be read breaks the chain: behind it everything is hearsay.
        let Ok(address) = hop.parse::<IpAddr>() else { break };
        nearest = address.to_canonical();
        if !is_ours(&nearest) {
            break;
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let proxies = ["192.0.2.80/32".parse().unwrap(), "192.0.2.81/32".parse().unwrap()];
        address(peer.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn only_our_own_proxies_say_for_whom_they_ask() {
        assert_eq!(
            of("198.51.100.7", &["203.0.113.1"]),
            "198.51.100.7",
            "a customer may write what they like"
        );
        assert_eq!(of("192.0.2.80", &["203.0.113.1, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(of("192.0.2.80", &["203.0.113.1", "198.51.100.7, 192.0.2.81"]), "198.51.100.7");
        assert_eq!(of("192.0.2.80", &["198.51.100.7, unknown"]), "192.0.2.80");
        assert_eq!(of("192.0.2.80", &[]), "192.0.2.80");
    }
}
