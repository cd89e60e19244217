//! What can go wrong before the first question; afterwards failures are verdicts with a transcript.

use std::io;
use std::net::SocketAddr;

/// Why the landing listener could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LandingError {
    /// No address was given to listen on.
    #[error(
        "no landing address is configured: a probe proves nothing without a place for the relayed connection to land"
    )]
    NoAddress,
    /// A listener that was handed over no longer knows its address.
    #[error("a landing listener that was handed over cannot say its address: {0}")]
    Lost(io::Error),
    /// One address could not be bound.
    #[error(
        "cannot listen on the landing address {address}: {source} (is it on this machine, is the port free, and may \
         this process use it?)"
    )]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Why a prober cannot be made of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The landing is bound to a wildcard and nothing says what address targets should be told.
    #[error(
        "the landing listens on {0}, which no proxy can connect to: set the landing address that subscribers can reach"
    )]
    Wildcard(SocketAddr),
    /// A landing address has no port.
    #[error("the landing address {0} has port 0: name the port that the landing listens on")]
    NoPort(SocketAddr),
    /// The landing name cannot be put into a request.
    #[error(
        "the landing name {0:?} is not a host name: use letters, digits, hyphens and dots, at most 253 characters"
    )]
    Name(String),
}
