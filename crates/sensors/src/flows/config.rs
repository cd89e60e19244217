//! What the flow sockets are told.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use flow::wire::Limits;
use ipnet::IpNet;

use super::{Heard, NatTap};

/// Settings of the flow sockets.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen. 2055 is usual for NetFlow, 4739 is IPFIX's (IANA), 6343 sFlow's; any port takes all of them.
    pub listen: Vec<SocketAddr>,
    /// Sockets, and threads, for each address.
    pub sockets: usize,
    /// The kernel's buffer for each socket, in bytes. What does not fit while we are busy is lost. Above
    /// `net.core.rmem_max` it takes CAP_NET_ADMIN.
    pub buffer_bytes: usize,
    /// Whose datagrams are read. Those of others are counted and dropped unread; an empty list lets nobody in.
    pub exporters: Vec<IpNet>,
    /// Sampling rates of exporters that do not tell theirs: one packet in so many.
    pub sampling: Vec<(IpAddr, u32)>,
    /// What each decoder may hold.
    pub limits: Limits,
    /// A batch is handed on when it has so many flows,
    pub batch: usize,
    /// or when its first flow has waited so long.
    pub within: Duration,
    /// Where events of address translators go, where they are wanted.
    pub nat: Option<NatTap>,
    /// Where the counts go.
    pub heard: Arc<Heard>,
}

impl Config {
    /// Listening there for those, with the defaults.
    #[must_use]
    pub fn new(listen: Vec<SocketAddr>, exporters: Vec<IpNet>) -> Config {
        Config {
            listen,
            sockets: 1,
            buffer_bytes: 32 * 1024 * 1024,
            exporters,
            sampling: Vec::new(),
            limits: Limits::default(),
            batch: 2048,
            within: Duration::from_millis(200),
            nat: None,
            heard: Arc::default(),
        }
    }

    /// Whether datagrams from there are read.
    pub(super) fn admits(&self, exporter: IpAddr) -> bool {
        self.exporters.iter().any(|prefix| prefix.contains(&exporter))
    }
}
