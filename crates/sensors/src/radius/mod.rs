//! RADIUS accounting (RFC 2866): we are an accounting server, or the one that gets a copy.
//!
//! Each request is checked against its client's secret and handed on in batches; a client is answered once its batch is on
//! disk, and not at all where that failed or the request was wrong: it asks again. A request that is asked again is
//! handed on and answered again, since what was answered may have been lost, and taking a request twice changes nothing.
//!
//! When the channel is full nothing is read, the kernel drops what its buffer does not hold, and clients ask again.

mod heard;
mod packet;
mod serve;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use jiff::Timestamp;
use tokio::sync::oneshot;

pub use heard::{Counts, Heard};
pub use packet::{Refused, Request, read, respond};
pub use serve::{bind, serve};

/// A shared secret; it is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A secret of these octets; `None` when there are none, which would let anybody in.
    #[must_use]
    pub fn new(octets: &[u8]) -> Option<Secret> {
        (!octets.is_empty()).then(|| Secret(octets.to_vec()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Settings of the listener.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; 1813 is accounting's port (RFC 2866 section 3).
    pub listen: SocketAddr,
    /// Who may send, with each one's secret; the most specific prefix counts.
    pub clients: Vec<(IpNet, Secret)>,
    /// Where the counts go.
    pub heard: Arc<Heard>,
}

impl Config {
    fn secret(&self, client: IpAddr) -> Option<&Secret> {
        let client = client.to_canonical();
        let known = self.clients.iter().filter(|(net, _)| net.contains(&client));
        known.max_by_key(|(net, _)| net.prefix_len()).map(|(_, secret)| secret)
    }
}

/// One accounting request that was checked.
#[derive(Debug, Clone)]
pub struct Accounting {
    /// Who sent it.
    pub client: IpAddr,
    /// When it came.
    pub received: Timestamp,
    /// Its attributes as they came (RFC 2865 section 5).
    pub attributes: Vec<u8>,
}

/// Requests that came one after the other.
#[derive(Debug)]
pub struct Batch {
    /// The requests.
    pub requests: Vec<Accounting>,
    /// To be told whether all of them are on disk. Dropped, it counts as no.
    pub on_disk: oneshot::Sender<bool>,
}
