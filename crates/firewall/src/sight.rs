//! One thing the network saw of a line's firewall.

use std::net::IpAddr;

use case::Transport;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What came back to somebody who came in unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Came {
    /// An answer: a TCP connection that came about, or a datagram.
    Answer,
    /// A refusal: RST, or port unreachable. A firewall that rejects looks the same as a machine on which nothing listens;
    /// only the hop limit tells whether the router itself sent it or a machine behind.
    Refusal {
        /// Whether a machine behind the router sent it; `None` where the hop limit was not seen.
        behind: Option<bool>,
    },
    /// ICMP "administratively prohibited", sent by the router itself: a firewall says that it is one.
    Prohibited,
    /// Nothing.
    Nothing {
        /// Whether the line was seen to send something else within the same minute. Else it may have been switched off.
        alive: bool,
    },
}

/// Somebody outside came to a port of the line, whom nobody inside had called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sight {
    /// When.
    pub at: Timestamp,
    /// The address of the line.
    pub address: IpAddr,
    /// The transport.
    pub protocol: Transport,
    /// The port.
    pub port: u16,
    /// Who came.
    pub peer: IpAddr,
    /// What came back.
    pub came: Came,
}
