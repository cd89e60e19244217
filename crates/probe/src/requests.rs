//! What is said to a supposed proxy, byte for byte.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::login::Login;

/// `CONNECT host:port` in HTTP/1.0, bare, as libopm sends it: some old and embedded proxies take nothing more.
pub(crate) fn connect_1_0(landing: SocketAddr, login: Option<&Login>) -> Vec<u8> {
    format!("CONNECT {landing} HTTP/1.0\r\n{}\r\n", authorization(login)).into_bytes()
}

/// `CONNECT host:port` in HTTP/1.1, which must carry a Host (RFC 9112 section 3.2).
pub(crate) fn connect_1_1(authority: &str, agent: &str, login: Option<&Login>) -> Vec<u8> {
    format!(
        "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {agent}\r\n{}\r\n",
        authorization(login)
    )
    .into_bytes()
}

/// A page of the landing that is to be fetched for us.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page<'a> {
    /// Its host and port.
    pub(crate) authority: &'a str,
    /// The nonce that names it.
    pub(crate) nonce: &'a str,
    /// Who we are.
    pub(crate) agent: &'a str,
    /// What the proxy is told, where it asks.
    pub(crate) login: Option<&'a Login>,
}

/// A GET in absolute form (RFC 9112 section 3.2.2): what a client says to a proxy.
pub(crate) fn get(page: Page<'_>) -> Vec<u8> {
    let Page { authority, nonce, .. } = page;
    format!("GET http://{authority}/nd/{nonce} HTTP/1.1\r\n{}\r\n", fields(page)).into_bytes()
}

/// A GET in origin form with the landing as its Host: what an accelerator or a transparent proxy takes.
pub(crate) fn origin(page: Page<'_>) -> Vec<u8> {
    format!("GET /nd/{} HTTP/1.1\r\n{}\r\n", page.nonce, fields(page)).into_bytes()
}

/// A POST in absolute form, in HTTP/1.0: some filters look at GET and CONNECT alone.
pub(crate) fn post(page: Page<'_>) -> Vec<u8> {
    let Page { authority, nonce, .. } = page;
    format!(
        "POST http://{authority}/nd/{nonce} HTTP/1.0\r\n{}Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n\r\n",
        fields(page)
    )
    .into_bytes()
}

fn fields(page: Page<'_>) -> String {
    let Page { authority, agent, login, .. } = page;
    format!(
        "Host: {authority}\r\nUser-Agent: {agent}\r\nAccept: text/plain\r\nConnection: close\r\n{}",
        authorization(login)
    )
}

fn authorization(login: Option<&Login>) -> String {
    login.map_or_else(String::new, |login| format!("Proxy-Authorization: Basic {}\r\n", login.basic()))
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

/// SOCKS5 greeting: one method offered, "no authentication" or, with a login, "user and password" (RFC 1928 section 3).
pub(crate) fn socks5_greeting(login: Option<&Login>) -> [u8; 3] {
    [5, 1, if login.is_some() { 2 } else { 0 }]
}

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
