//! The ways in which a proxy can be asked to connect to our landing.

use std::net::{IpAddr, SocketAddr};

/// One way of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// HTTP/1.0 CONNECT, bare.
    Connect10,
    /// HTTP/1.1 CONNECT with Host.
    Connect11,
    /// HTTP/1.1 CONNECT to a name: filters that let no bare address pass let this.
    ConnectName,
    /// HTTP GET in absolute form.
    Get,
    /// The same, of a name.
    GetName,
    /// HTTP POST in absolute form.
    Post,
    /// HTTP GET in origin form, the landing as its Host.
    Origin,
    /// The same, with a name as its Host: some resolve that and nothing else (haproxy's `do-resolve`).
    OriginName,
    /// SOCKS4 to an address.
    Socks4,
    /// SOCKS4a to a name.
    Socks4a,
    /// SOCKS5 to an address.
    Socks5,
    /// SOCKS5 to a name.
    Socks5Name,
    /// A prompt that waits for an order to connect.
    Telnet,
}

/// Methods of one family are spoken by the same servers: what one says explains the other family's silence, not its
/// own family's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Http,
    Socks,
    /// A telnet server speaks first: its silence says that it is none.
    Telnet,
}

impl Method {
    pub(crate) const ALL: [Method; 13] = [
        Method::Socks5,
        Method::Connect11,
        Method::Connect10,
        Method::Get,
        Method::Socks4,
        Method::Socks4a,
        Method::Socks5Name,
        Method::Post,
        Method::Origin,
        Method::ConnectName,
        Method::GetName,
        Method::OriginName,
        Method::Telnet,
    ];

    /// How the transcript calls it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Method::Connect10 => "http-connect",
            Method::Connect11 => "http-connect-1.1",
            Method::ConnectName => "http-connect-by-name",
            Method::Get => "http-get",
            Method::GetName => "http-get-by-name",
            Method::Post => "http-post",
            Method::Origin => "http-host",
            Method::OriginName => "http-host-by-name",
            Method::Socks4 => "socks4",
            Method::Socks4a => "socks4a",
            Method::Socks5 => "socks5",
            Method::Socks5Name => "socks5-by-name",
            Method::Telnet => "telnet",
        }
    }

    /// How the answer calls it.
    pub(crate) fn protocol(self) -> &'static str {
        match self {
            Method::Connect10 | Method::Connect11 | Method::ConnectName => "http-connect",
            Method::GetName => "http-get",
            Method::OriginName => "http-host",
            Method::Socks5 | Method::Socks5Name => "socks5",
            other => other.label(),
        }
    }

    pub(crate) fn family(self) -> Family {
        match self {
            Method::Socks4 | Method::Socks4a | Method::Socks5 | Method::Socks5Name => Family::Socks,
            Method::Telnet => Family::Telnet,
            _ => Family::Http,
        }
    }

    /// Whether it asks for a page to be fetched; the others ask for a tunnel.
    pub(crate) fn fetches(self) -> bool {
        matches!(self, Method::Get | Method::GetName | Method::Post | Method::Origin | Method::OriginName)
    }

    /// Whether it is of use only where the landing has a name.
    pub(crate) fn needs_name(self) -> bool {
        matches!(self, Method::ConnectName | Method::GetName | Method::OriginName)
    }

    /// Whether it can be tried again with a name and a password.
    pub(crate) fn takes_login(self) -> bool {
        matches!(self, Method::Connect11 | Method::Get | Method::Socks5 | Method::Socks5Name)
    }

    /// The landings to name, the likeliest to be reached first, one for each address family and port: of the target's
    /// own family before the other, and the port that proxies allow when they allow one alone. That is 443 for CONNECT
    /// (Debian's squid and many others) and for tunnels by name, 80 for pages and for the other tunnels; 25 comes last.
    pub(crate) fn landings(self, landings: &[SocketAddr], target: IpAddr) -> Vec<SocketAddr> {
        let liked: &[u16] = match self {
            Method::Connect10
            | Method::Connect11
            | Method::ConnectName
            | Method::Socks5Name
            | Method::Socks4a => &[443, 80],
            _ => &[80, 443],
        };
        let possible = landings.iter().filter(|landing| self != Method::Socks4 || landing.is_ipv4());
        let mut possible: Vec<SocketAddr> = possible.copied().collect();
        possible.sort_by_key(|landing| {
            let port = landing.port();
            let place = liked.iter().position(|liked| *liked == port).unwrap_or(liked.len());
            (landing.is_ipv4() != target.is_ipv4(), port == 25, place)
        });
        possible.dedup();
        possible
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_names_the_landing_first_that_most_proxies_can_reach() {
        let landings: Vec<SocketAddr> =
            ["[2001:db8::1]:6667", "192.0.2.1:25", "192.0.2.1:6667", "192.0.2.1:443", "192.0.2.1:80"]
                .map(|text| text.parse().unwrap())
                .into();
        let v4: IpAddr = "198.51.100.7".parse().unwrap();
        let v6: IpAddr = "2001:db8:1::7".parse().unwrap();
        let ports = |method: Method, target| -> Vec<u16> {
            method.landings(&landings, target).iter().map(SocketAddr::port).collect()
        };
        assert_eq!(ports(Method::Connect11, v4), [443, 80, 6667, 25, 6667]);
        assert_eq!(ports(Method::Get, v4), [80, 443, 6667, 25, 6667]);
        assert_eq!(Method::Socks5.landings(&landings, v6).first(), Some(&landings[0]));
        assert_eq!(Method::Socks4.landings(&landings, v6).first(), Some(&landings[4]));
        assert!(Method::Socks4.landings(&landings[..1], v6).is_empty());
    }
}
