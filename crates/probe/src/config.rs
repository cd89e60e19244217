//! What a prober needs to know before it may ask anything.

use std::net::SocketAddr;
use std::time::Duration;

use case::Territory;

/// Most ports one question may name; more are left out, and the transcript says so.
pub const MAX_PORTS: usize = 32;

/// Settings of a [`crate::Prober`]. There is no "off" for the last door or for the manners.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where we may connect to. Asked again immediately before every connection.
    pub territory: Territory,
    /// The addresses a target is told to connect to: ours, as seen from outside (they differ from the bound ones
    /// behind a NAT or with a wildcard bind). Empty: the addresses the [`crate::Landing`] is bound to. They may lie
    /// outside home. With several, CONNECT prefers port 443, which many proxies allow when they allow nothing else.
    pub landing: Vec<SocketAddr>,
    /// A host name that resolves to the landing, for proxies that take names only. Without it such proxies are
    /// given the landing address in text, which most resolvers take as well.
    pub landing_name: Option<String>,
    /// How long one port may take, all methods together.
    pub deadline: Duration,
    /// The least time between two probes of one address that no operator asked for.
    pub min_gap: Duration,
    /// Ports begun per second over all questions; each begins at most seven connections.
    pub ports_per_second: u32,
    /// Ports in progress at once over all questions.
    pub ports_at_once: usize,
    /// Who probes, with the mailbox to write to: sent as `User-Agent`. Control and non-ASCII characters are dropped.
    pub name: String,
}

impl Config {
    /// The defaults for a territory: 10 s a port (nmap's limit per step; libopm waits 30 s), 10 min between probes.
    #[must_use]
    pub fn new(territory: Territory) -> Self {
        Config {
            territory,
            landing: Vec::new(),
            landing_name: None,
            deadline: Duration::from_secs(10),
            min_gap: Duration::from_secs(600),
            ports_per_second: 20,
            ports_at_once: 32,
            name: "nightdesk".to_owned(),
        }
    }
}
