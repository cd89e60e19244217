//! HTTP requests (RFC 9112 3): to a proxy by CONNECT or with a whole URI, to Docker's API, or to a web page.

use super::{Family, SHOWN, Target, Wanted};
use crate::bytes::{first_line, shown};

const METHODS: [&[u8]; 9] =
    [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH", b"CONNECT"];
/// Schemes of whole URIs, each with its usual port.
const SCHEMES: [(&str, u16); 3] = [("http://", 80), ("https://", 443), ("ftp://", 21)];

/// A request line.
pub(super) fn read(bytes: &[u8]) -> Option<Wanted> {
    let line = first_line(bytes);
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (method, uri) = (words.next()?, words.next()?);
    // RTSP and SIP have an OPTIONS too.
    let other = words.next().is_some_and(|version| !version.starts_with(b"HTTP/"));
    if !METHODS.contains(&method) || other {
        return None;
    }
    if method == b"CONNECT" {
        let target = host_port(uri);
        return Some(Wanted { target, ..Wanted::said("http-connect", Family::Proxy) }.with("request", line));
    }
    if let Some(target) = whole(uri) {
        let target = Some(target);
        return Some(Wanted { target, ..Wanted::said("http-absolute", Family::Proxy) }.with("request", line));
    }
    let (what, family) = if is_docker(uri) { ("docker", Family::Service) } else { ("http", Family::Web) };
    uri.starts_with(b"/")
        .then(|| Wanted::said(what, family).with("request", line))
        .or_else(|| (uri == b"*").then(|| Wanted::said(what, family).with("request", line)))
}

/// Where a whole URI (RFC 9112 3.2.2) leads; only proxies are asked so.
fn whole(uri: &[u8]) -> Option<Target> {
    let text = std::str::from_utf8(uri.get(..SHOWN.min(uri.len()))?).ok()?;
    let lower = text.to_ascii_lowercase();
    let (scheme, port) = SCHEMES.into_iter().find(|(scheme, _)| lower.starts_with(scheme))?;
    let rest = lower.get(scheme.len()..)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    host_port(authority.as_bytes()).or_else(|| {
        (!authority.is_empty()).then(|| Target { host: shown(authority.as_bytes(), SHOWN), port })
    })
}

/// `host:port`, `192.0.2.1:25` or `[2001:db8::1]:25` and nothing else.
pub(super) fn host_port(bytes: &[u8]) -> Option<Target> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= 255)?;
    let (host, port) = text.rsplit_once(':')?;
    let port: u16 = port.parse().ok().filter(|port| *port != 0)?;
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let good = match inner {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_'))
        }
    };
    good.then(|| Target { host: inner.unwrap_or(host).to_owned(), port })
}

/// Paths of the Docker Engine API (docs.docker.com/reference/api/engine): containers, images, exec, info, below a version
/// or not.
fn is_docker(uri: &[u8]) -> bool {
    let path = uri.strip_prefix(b"/v1.").map_or(uri, |rest| {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest.get(digits..).unwrap_or_default()
    });
    let places: [&[u8]; 6] = [b"/containers/", b"/images/", b"/exec/", b"/info", b"/version", b"/_ping"];
    places.iter().any(|place| path.starts_with(place))
        && (path.len() < uri.len() || path.starts_with(b"/containers/"))
        || path == b"/_ping"
}
