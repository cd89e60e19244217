//! One flow record.

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01 00:00 UTC: as fine as NetFlow v9 and IPFIX commonly tell the time, and eight bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// The moment, where it lies within the years that [`Timestamp`] knows.
    #[must_use]
    pub fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.0).ok()
    }

    /// How long after `earlier` this is, in milliseconds; negative when it is before.
    #[must_use]
    pub fn since(self, earlier: Millis) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment and `millis` more (or less, where negative).
    #[must_use]
    pub fn plus(self, millis: i64) -> Millis {
        Millis(self.0.saturating_add(millis))
    }
}

impl From<Timestamp> for Millis {
    fn from(at: Timestamp) -> Millis {
        Millis(at.as_millisecond())
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.timestamp() {
            Some(at) => write!(f, "{at:.3}"),
            None => write!(f, "{} ms", self.0),
        }
    }
}

/// Which exporter told of a flow: a number that the reader of its datagrams gave it. 0 is a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExporterId(pub u32);

/// What went one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Way {
    /// Packets, multiplied by the sampling rate where that is known.
    pub packets: u64,
    /// Bytes of IP packets with their headers, multiplied as the packets are. Where a source counts payload alone, its
    /// reader adds 40 bytes a packet (28 for UDP and ICMP), so that ways of all sources compare.
    pub bytes: u64,
    /// All TCP flags seen, or'ed: see [`tcp`]. 0 where there are none or nobody says.
    pub flags: u8,
}

/// Who the other side took the source to be: post-NAT fields of IPFIX and NetFlow v9 (elements 225 to 228, RFC 8158).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Translated {
    /// The address after translation.
    pub address: IpAddr,
    /// The port after translation; 0 where it is not told.
    pub port: u16,
}

/// One flow: packets between two ends of one protocol within a time.
///
/// A record of one direction alone (NetFlow v5, most v9 and IPFIX) has all in `forward`, nothing in `reverse`, and
/// `both_ways` false: the answer comes in a record of its own, if there is one. A record of a whole connection (Zeek,
/// Argus, biflows of RFC 5103, two records put together) has `both_ways` true, its source is who began it, and an empty
/// `reverse` means that nobody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Flow {
    /// The first packet.
    pub first: Millis,
    /// The last packet; never before `first`.
    pub last: Millis,
    /// Where the packets of `forward` come from. IPv4-mapped IPv6 addresses are written as the IPv4 they carry.
    pub source: IpAddr,
    /// Where they go.
    pub destination: IpAddr,
    /// The source's port; 0 where the protocol has none.
    pub source_port: u16,
    /// The destination's port; for ICMP, type times 256 plus code, as NetFlow v5 writes it.
    pub destination_port: u16,
    /// The IP protocol number: see [`protocol`].
    pub protocol: u8,
    /// Whether the record tells of both directions.
    pub both_ways: bool,
    /// From source to destination.
    pub forward: Way,
    /// From destination to source.
    pub reverse: Way,
    /// One packet in so many was looked at; 1 is all of them, 0 is unknown.
    pub sampling: u32,
    /// Who told of it.
    pub exporter: ExporterId,
    /// The source after address translation, where the exporter tells.
    pub translated: Option<Translated>,
}

/// IP protocol numbers (IANA) that are spoken of by name.
pub mod protocol {
    /// ICMP.
    pub const ICMP: u8 = 1;
    /// TCP.
    pub const TCP: u8 = 6;
    /// UDP.
    pub const UDP: u8 = 17;
    /// ICMPv6.
    pub const ICMPV6: u8 = 58;
}

/// Bits of the TCP flags byte (RFC 9293, section 3.1).
pub mod tcp {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// The beginning of a connection.
    pub const SYN: u8 = 0x02;
    /// The connection is refused or torn.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// Something is acknowledged.
    pub const ACK: u8 = 0x10;
    /// Urgent.
    pub const URG: u8 = 0x20;
}
