//! The one way to DNS.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::read_system_conf;

/// How long one server may take for one question; with [`ATTEMPTS`] a dead one costs three seconds.
const TIMEOUT: Duration = Duration::from_millis(1500);
/// How often a question is put.
const ATTEMPTS: usize = 2;
/// Answers kept; each is some hundred bytes.
const CACHE: u64 = 16_384;
/// No answer is kept longer, whatever its TTL: a changed key or record counts within the hour.
const KEPT_AT_MOST: Duration = Duration::from_secs(3600);
/// No "there is none" is kept longer.
const ABSENT_AT_MOST: Duration = Duration::from_secs(300);

/// Asks DNS, with a cache. Cheap to clone; all clones share the cache and the connections.
#[derive(Clone)]
pub struct Resolver {
    hickory: TokioResolver,
}

/// Why DNS cannot be asked at all.
#[derive(Debug, thiserror::Error)]
#[error("DNS cannot be asked: {reason}; name servers in lookup.resolvers, or mend /etc/resolv.conf")]
pub struct ResolverError {
    reason: String,
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

impl Resolver {
    /// A resolver that asks `servers`, or those of the system when there are none. Asks nothing yet.
    ///
    /// # Errors
    /// [`ResolverError`] when the system's configuration cannot be read.
    pub fn new(servers: &[SocketAddr]) -> Result<Resolver, ResolverError> {
        let wrong = |error: &dyn std::fmt::Display| ResolverError { reason: error.to_string() };
        let (config, mut options) = if servers.is_empty() {
            read_system_conf().map_err(|error| wrong(&error))?
        } else {
            let servers = servers.iter().map(|server| name_server(*server)).collect();
            (ResolverConfig::from_parts(None, Vec::new(), servers), ResolverOpts::default())
        };
        options.timeout = TIMEOUT;
        options.attempts = ATTEMPTS;
        options.cache_size = CACHE;
        options.positive_max_ttl = Some(KEPT_AT_MOST);
        options.negative_max_ttl = Some(ABSENT_AT_MOST);
        options.use_hosts_file = ResolveHosts::Never;
        let hickory = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(options)
            .build()
            .map_err(|error| wrong(&error))?;
        Ok(Resolver { hickory })
    }

    /// The resolver underneath.
    pub(crate) fn hickory(&self) -> &TokioResolver {
        &self.hickory
    }
}

/// One server, over UDP and, for what does not fit, TCP.
fn name_server(server: SocketAddr) -> NameServerConfig {
    let on_its_port = |mut connection: ConnectionConfig| {
        connection.port = server.port();
        connection
    };
    let connections = vec![on_its_port(ConnectionConfig::udp()), on_its_port(ConnectionConfig::tcp())];
    NameServerConfig::new(server.ip(), true, connections)
}
