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
    /// The domain whose mail exchanger the landing is, for relay tests. Without it test mails go to the landing's
    /// address in brackets, which many mail servers refuse to relay to: they are then found closed, or not at all.
    pub landing_domain: Option<String>,
    /// How long one port may take, all methods together.
    pub deadline: Duration,
    /// How long one mail server may take, all forms of addressing together.
    pub relay_deadline: Duration,
    /// Whether known names and passwords (factory settings) are tried where a port asks for one. Names and passwords
    /// that nobody has are always tried: whoever takes them takes anything.
    pub known_logins: bool,
    /// The least time between two probes of one address that no operator asked for.
    pub min_gap: Duration,
    /// Ports begun per second over all questions; each begins eleven to fourteen connections, and further ones where
    /// it refuses a way or speaks TLS.
    pub ports_per_second: u32,
    /// Ports in progress at once over all questions.
    pub ports_at_once: usize,
    /// Who probes, with the mailbox to write to: sent as `User-Agent`. Control and non-ASCII characters are dropped.
    pub name: String,
}

impl Config {
    /// The defaults for a territory: 30 s a port (as libopm waits; slow proxies need 15 s and more), 2 min a mail server,
    /// 10 min between probes.
    #[must_use]
    pub fn new(territory: Territory) -> Self {
        Config {
            territory,
            landing: Vec::new(),
            landing_name: None,
            landing_domain: None,
            deadline: Duration::from_secs(30),
            relay_deadline: Duration::from_secs(120),
            known_logins: false,
            min_gap: Duration::from_secs(600),
            ports_per_second: 20,
            ports_at_once: 32,
            name: "nightdesk".to_owned(),
        }
    }
}
