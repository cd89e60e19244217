//! What is said to a supposed proxy, byte for byte.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// `CONNECT host:port` in HTTP/1.0, bare, as libopm sends it: some old and embedded proxies take nothing more.
pub(crate) fn connect_1_0(landing: SocketAddr) -> Vec<u8> {
    format!("CONNECT {landing} HTTP/1.0\r\n\r\n").into_bytes()
}

/// `CONNECT host:port` in HTTP/1.1, which must carry a Host (RFC 9112 section 3.2).
pub(crate) fn connect_1_1(landing: SocketAddr, agent: &str) -> Vec<u8> {
    format!("CONNECT {landing} HTTP/1.1\r\nHost: {landing}\r\nUser-Agent: {agent}\r\n\r\n").into_bytes()
}

/// A GET in absolute form (RFC 9112 section 3.2.2): what a client says to a proxy.
pub(crate) fn get(authority: &str, nonce: &str, agent: &str) -> Vec<u8> {
    format!(
        "GET http://{authority}/nd/{nonce} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {agent}\r\n\
         Accept: text/plain\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

/// The nonce on a line of its own: what goes through a tunnel.
pub(crate) fn line(nonce: &str) -> Vec<u8> {
    format!("ND {nonce}\r\n").into_bytes()
}

/// SOCKS4 CONNECT with an empty user.
pub(crate) fn socks4(address: Ipv4Addr, port: u16) -> Vec<u8> {
    [&[4, 1][..], &port.to_be_bytes(), &address.octets(), &[0]].concat()
}

/// SOCKS4a CONNECT: the address 0.0.0.1 says that a name follows.
pub(crate) fn socks4a(name: &str, port: u16) -> Vec<u8> {
    [&[4, 1][..], &port.to_be_bytes(), &[0, 0, 0, 1, 0], name.as_bytes(), &[0]].concat()
}

/// SOCKS5 greeting: one method offered, "no authentication" (RFC 1928 section 3).
pub(crate) const SOCKS5_GREETING: [u8; 3] = [5, 1, 0];

/// SOCKS5 CONNECT to an address (RFC 1928 section 4).
pub(crate) fn socks5(landing: SocketAddr) -> Vec<u8> {
    let address = match landing.ip() {
        IpAddr::V4(v4) => [&[1][..], &v4.octets()].concat(),
        IpAddr::V6(v6) => [&[4][..], &v6.octets()].concat(),
    };
    [&[5, 1, 0][..], &address, &landing.port().to_be_bytes()].concat()
}

/// SOCKS5 CONNECT to a name. Names longer than a length byte holds cannot be configured.
pub(crate) fn socks5_name(name: &str, port: u16) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    [&[5, 1, 0, 3, length][..], name.as_bytes(), &port.to_be_bytes()].concat()
}
