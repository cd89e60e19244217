//! What a trap tells of one visit.

use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::bytes::shown;
use crate::wanted::Wanted;

/// How many of the first bytes are kept. The largest TLS client hellos of today have about 1,800.
pub const FIRST_BYTES: usize = 2048;

/// How it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// A TCP connection.
    Tcp,
    /// A UDP datagram.
    Udp,
    /// An ICMP message.
    Icmp,
}

impl Transport {
    /// Its name: `tcp`, `udp` or `icmp`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
            Transport::Icmp => "icmp",
        }
    }
}

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The visitor closed it.
    Closed,
    /// The visitor reset it.
    Reset,
    /// The talk was over and we closed it.
    Done,
    /// Nothing came for too long.
    Idle,
    /// It lasted too long, however busy.
    TooLong,
    /// The visitor, or its network, held too many at once.
    TooMany,
    /// nightdesk was stopped.
    Stopped,
}

/// A mail that a visitor wanted relayed. It is kept here and goes nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Mail {
    /// The envelope sender, as it was written.
    pub from: String,
    /// The envelope recipients, as they were written, the first kilobyte of them.
    pub to: Vec<String>,
    /// The message, as far as it is kept, escaped.
    #[serde(serialize_with = "escaped")]
    pub text: Vec<u8>,
    /// How many bytes it had.
    pub bytes: u64,
}

/// One visit: a TCP connection that ended, a datagram, or a ping.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// When it began.
    pub at: Timestamp,
    /// Who came.
    pub source: IpAddr,
    /// From which port of theirs; for ICMP 0.
    pub source_port: u16,
    /// The spare address that was touched.
    pub trap: IpAddr,
    /// On which port; for ICMP type times 256 plus code.
    pub port: u16,
    /// How.
    pub transport: Transport,
    /// Whether the source is shown to be real: a TCP handshake was completed. What is not may be forged, and makes no case.
    pub handshake: bool,
    /// What was wanted.
    #[serde(flatten)]
    pub wanted: Wanted,
    /// The first bytes that came, at most [`FIRST_BYTES`]; in JSON as hex and, beside it, escaped.
    #[serde(flatten, serialize_with = "first")]
    pub first: Vec<u8>,
    /// How many bytes came in all.
    pub bytes: u64,
    /// User names and passwords that were tried, as they were written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logins: Vec<(String, String)>,
    /// Commands that were given after a login.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// A mail that was to be relayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<Mail>,
    /// How long it lasted, in seconds.
    pub seconds: f64,
    /// Why it ended; `None` for what has no connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ending>,
}

impl Hit {
    /// A visit of which nothing but its ends is known yet.
    #[must_use]
    pub fn new(at: Timestamp, transport: Transport, source: SocketAddr, trap: SocketAddr) -> Hit {
        Hit {
            at,
            source: source.ip().to_canonical(),
            source_port: source.port(),
            trap: trap.ip().to_canonical(),
            port: trap.port(),
            transport,
            handshake: false,
            wanted: Wanted::default(),
            first: Vec::new(),
            bytes: 0,
            logins: Vec::new(),
            commands: Vec::new(),
            mail: None,
            seconds: 0.0,
            ended: None,
        }
    }
}

fn escaped<S: Serializer>(text: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&shown(text, usize::MAX))
}

fn first<S: Serializer>(first: &[u8], to: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap;
    let mut map = to.serialize_map(Some(2))?;
    map.serialize_entry("first_hex", &hex(first))?;
    map.serialize_entry("first_text", &shown(first, usize::MAX))?;
    map.end()
}

/// Two hex digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}
