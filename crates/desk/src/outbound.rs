//! The one door for what is sent over HTTP to a machine that is not ours: webhooks, pages to a chat, a heartbeat.
//!
//! A URL is foreign text even where an operator wrote it, and a name may answer differently each time it is asked. So
//! (OWASP, *Server-Side Request Forgery Prevention Cheat Sheet*): the name is looked up once, every address it has is
//! checked, the connection goes to one of just those addresses, no proxy of the environment stands between, and no
//! redirect is followed. What is inside the house is reached only where `outbound.allow` names it.

use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use ureq::http::{Request, Response, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// How long a request may take, from the name to the last byte.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest answer that is read, in bytes: a webhook's answer is a word, an identity provider's keys some KiB.
const LONGEST: u64 = 256 * 1024;
/// The longest URL that is tried, in bytes.
const LONGEST_URL: usize = 2048;
/// The most addresses of one name that are tried.
const ADDRESSES: usize = 8;

/// IPv4 addresses that are nobody's on the Internet (IANA IPv4 Special-Purpose Address Registry, RFC 6890; multicast,
/// RFC 5771; reserved, RFC 1112 section 4).
const SPECIAL_V4: [Ipv4Net; 15] = [
    Ipv4Net::new_assert(Ipv4Addr::new(0, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10),
    Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16),
    Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 0, 0, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 0, 2, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 88, 99, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16),
    Ipv4Net::new_assert(Ipv4Addr::new(198, 18, 0, 0), 15),
    Ipv4Net::new_assert(Ipv4Addr::new(198, 51, 100, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(203, 0, 113, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(224, 0, 0, 0), 4),
    Ipv4Net::new_assert(Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The only IPv6 addresses given out to anybody (RFC 4291 section 2.4). All that carries an IPv4 address inside is
/// outside it, but for the two below.
const GLOBAL_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What of those is nobody's all the same, or leads to an IPv4 address (IANA IPv6 Special-Purpose Address Registry):
/// protocol assignments with Teredo (RFC 4380), 6to4 (RFC 3056), documentation (RFC 3849, RFC 9637).
const SPECIAL_V6: [Ipv6Net; 4] = [
    Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    Ipv6Net::new_assert(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    Ipv6Net::new_assert(Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Why nothing was sent, or no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The URL is none that is sent to; trying again does not help.
    #[error("the URL {0}")]
    Url(&'static str),
    /// The name leads to an address that is not sent to.
    #[error(
        "{host} leads to {address}, which is inside this house or nobody's; name it in outbound.allow if it is meant"
    )]
    Refused {
        /// The host as the URL names it.
        host: String,
        /// Where it leads.
        address: IpAddr,
    },
    /// The name, the connection or the exchange failed.
    #[error("{0}")]
    Failed(String),
}

/// Sends requests to the outside. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbound {
    allowed: Arc<[IpNet]>,
    never: Arc<[IpNet]>,
    names: Arc<dyn Names>,
}

/// Who is asked where a name leads.
trait Names: Debug + Send + Sync {
    fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The system's resolver, which also reads `0x7f.1` and `2130706433` as the addresses that they are.
#[derive(Debug)]
struct SystemNames;

impl Names for SystemNames {
    fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok((bare, port).to_socket_addrs()?.take(ADDRESSES).collect())
    }
}

impl Outbound {
    /// `allowed` may be sent to although it is inside, also without TLS; `never` is refused although it is outside: our
    /// own routers and servers.
    #[must_use]
    pub fn new(allowed: &[IpNet], never: &[IpNet]) -> Outbound {
        Outbound { allowed: allowed.into(), never: never.into(), names: Arc::new(SystemNames) }
    }

    /// The same, with more that may be sent to although it is inside.
    #[must_use]
    pub(crate) fn also(&self, allowed: &[IpNet]) -> Outbound {
        let allowed = self.allowed.iter().chain(allowed).copied().collect();
        Outbound { allowed, never: self.never.clone(), names: self.names.clone() }
    }

    /// Whether an address may be sent to.
    #[must_use]
    pub fn admits(&self, address: IpAddr) -> bool {
        let lies_in = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&address));
        lies_in(&self.allowed) || (is_global(address) && !lies_in(&self.never))
    }

    /// Whether a URL can be sent to, as far as it can be seen without asking where its name leads.
    ///
    /// # Errors
    /// [`OutboundError::Url`] says what is wrong with it.
    pub fn check(url: &str) -> Result<(), OutboundError> {
        if url.len() > LONGEST_URL {
            return Err(OutboundError::Url("is too long"));
        }
        check_uri(&url.parse().map_err(|_| OutboundError::Url("cannot be read"))?)
    }

    /// Posts `body` as JSON with these headers beside; the status and the beginning of what was answered.
    ///
    /// # Errors
    /// [`OutboundError`]; a status that is no success is none.
    pub async fn post_json(
        &self,
        url: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<Response<Vec<u8>>, OutboundError> {
        Self::check(url)?;
        let plain = Request::post(url).header("content-type", "application/json");
        let request = headers.iter().fold(plain, |request, (name, value)| request.header(*name, value));
        let request = request.body(body).map_err(|error| OutboundError::Failed(error.to_string()))?;
        self.send(request).await
    }

    /// Sends a request and reads at most 256 KiB of the answer, whatever its status. Redirects are answers like others.
    ///
    /// # Errors
    /// [`OutboundError`].
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutboundError> {
        check_uri(request.uri())?;
        let door = self.clone();
        let sent = tokio::task::spawn_blocking(move || door.send_now(request));
        // The system's resolver takes no deadline, so there is one around it.
        match tokio::time::timeout(PATIENCE.saturating_add(Duration::from_secs(1)), sent).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Err(OutboundError::Failed(format!("the request was cut off: {error}"))),
            Err(_) => Err(OutboundError::Failed("no answer came in time".to_owned())),
        }
    }

    fn send_now(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutboundError> {
        let addresses = self.admitted(request.uri())?;
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .max_idle_connections(0)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent("nightdesk")
            .build();
        let agent = ureq::Agent::with_parts(config, DefaultConnector::default(), Pinned(addresses));
        let failed = |error: ureq::Error| OutboundError::Failed(error.to_string());
        let (parts, mut body) = agent.run(request).map_err(failed)?.into_parts();
        let text = body.with_config().limit(LONGEST).read_to_vec().map_err(failed)?;
        Ok(Response::from_parts(parts, text))
    }

    /// Every address the URL's name has, if all of them may be sent to. One that may not refuses the others too: a name
    /// with both kinds is a trick or a mistake.
    fn admitted(&self, uri: &Uri) -> Result<Vec<SocketAddr>, OutboundError> {
        let host = uri.host().unwrap_or_default();
        let https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let failed = |error: io::Error| OutboundError::Failed(format!("{host} was not found: {error}"));
        let addresses = self.names.look_up(host, port).map_err(failed)?;
        if let Some(refused) = addresses.iter().find(|address| !self.admits(address.ip())) {
            return Err(OutboundError::Refused { host: host.to_owned(), address: refused.ip() });
        }
        let inside = |address: &SocketAddr| self.allowed.iter().any(|net| net.contains(&address.ip()));
        if !https && !addresses.iter().all(inside) {
            return Err(OutboundError::Url(
                "begins with http://; only what outbound.allow names is sent to so",
            ));
        }
        if addresses.is_empty() {
            return Err(OutboundError::Failed(format!("{host} has no address")));
        }
        Ok(addresses)
    }
}

fn check_uri(uri: &Uri) -> Result<(), OutboundError> {
    if !matches!(uri.scheme_str(), Some("https" | "http")) {
        return Err(OutboundError::Url("begins with neither https:// nor http://"));
    }
    let Some(authority) = uri.authority() else { return Err(OutboundError::Url("names no host")) };
    if authority.as_str().contains('@') {
        return Err(OutboundError::Url("holds a name or a password"));
    }
    if authority.host().is_empty() || authority.port_u16() == Some(0) {
        return Err(OutboundError::Url("names no host or port"));
    }
    Ok(())
}

/// Whether an address is somebody's on the Internet. An IPv4 address in IPv6's clothes never is: nobody writes that
/// without something to hide.
fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !SPECIAL_V4.iter().any(|net| net.contains(&v4)),
        IpAddr::V6(v6) => GLOBAL_V6.contains(&v6) && !SPECIAL_V6.iter().any(|net| net.contains(&v6)),
    }
}

/// Answers with the addresses that were checked, and with no others, however often it is asked.
#[derive(Debug)]
struct Pinned(Vec<SocketAddr>);

impl Resolver for Pinned {
    fn resolve(
        &self,
        _: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut pinned = self.empty();
        self.0.iter().take(ADDRESSES).for_each(|address| pinned.push(*address));
        Ok(pinned)
    }
}

#[cfg(test)]
mod tests;
