//! The ways in which a proxy can be asked to connect to our landing.

use std::net::{IpAddr, SocketAddr};

/// One way of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// HTTP/1.0 CONNECT, bare.
    Connect10,
    /// HTTP/1.1 CONNECT with Host.
    Connect11,
    /// HTTP GET in absolute form.
    Get,
    /// SOCKS4 to an address.
    Socks4,
    /// SOCKS4a to a name.
    Socks4a,
    /// SOCKS5 to an address.
    Socks5,
    /// SOCKS5 to a name.
    Socks5Name,
}

/// Methods of one family are spoken by the same servers: what one says explains the other family's silence, not its
/// own family's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Http,
    Socks,
}

impl Method {
    pub(crate) const ALL: [Method; 7] = [
        Method::Socks5,
        Method::Connect11,
        Method::Connect10,
        Method::Get,
        Method::Socks4,
        Method::Socks4a,
        Method::Socks5Name,
    ];

    /// How the transcript calls it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Method::Connect10 => "http-connect",
            Method::Connect11 => "http-connect-1.1",
            Method::Get => "http-get",
            Method::Socks4 => "socks4",
            Method::Socks4a => "socks4a",
            Method::Socks5 => "socks5",
            Method::Socks5Name => "socks5-by-name",
        }
    }

    /// How the answer calls it.
    pub(crate) fn protocol(self) -> &'static str {
        match self {
            Method::Connect10 | Method::Connect11 => "http-connect",
            Method::Socks5 | Method::Socks5Name => "socks5",
            Method::Get | Method::Socks4 | Method::Socks4a => self.label(),
        }
    }

    pub(crate) fn family(self) -> Family {
        match self {
            Method::Connect10 | Method::Connect11 | Method::Get => Family::Http,
            Method::Socks4 | Method::Socks4a | Method::Socks5 | Method::Socks5Name => Family::Socks,
        }
    }

    /// Which landing to name: of the target's own address family when there is one, IPv4 where the method knows no
    /// other, and for CONNECT port 443, which Debian's squid and many others allow when they allow nothing else.
    pub(crate) fn landing(self, landings: &[SocketAddr], target: IpAddr) -> Option<SocketAddr> {
        let possible = landings.iter().filter(|landing| self != Method::Socks4 || landing.is_ipv4());
        possible.copied().min_by_key(|landing| {
            let tunnel = matches!(self, Method::Connect10 | Method::Connect11);
            (landing.is_ipv4() != target.is_ipv4(), tunnel && landing.port() != 443)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_names_the_landing_that_most_proxies_can_reach() {
        let landings: Vec<SocketAddr> = ["[2001:db8::1]:6667", "192.0.2.1:6667", "192.0.2.1:443"]
            .map(|text| text.parse().unwrap())
            .into();
        let v4: IpAddr = "198.51.100.7".parse().unwrap();
        let v6: IpAddr = "2001:db8:1::7".parse().unwrap();
        assert_eq!(Method::Connect11.landing(&landings, v4), Some(landings[2]));
        assert_eq!(Method::Socks5.landing(&landings, v4), Some(landings[1]));
        assert_eq!(Method::Socks5.landing(&landings, v6), Some(landings[0]));
        assert_eq!(Method::Socks4.landing(&landings, v6), Some(landings[1]));
        assert_eq!(Method::Socks4.landing(&landings[..1], v6), None);
    }
}
