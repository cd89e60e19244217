//! The last door: the one place from which a connection to a subscriber starts.

use std::io;
use std::net::SocketAddr;

use case::{Territory, Untouchable};
use tokio::net::TcpStream;

/// Holds the territory and lets nothing past it.
#[derive(Debug)]
pub(crate) struct Door {
    territory: Territory,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoWay {
    /// We must not.
    #[error(transparent)]
    Untouchable(#[from] Untouchable),
    /// We could not.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Door {
    pub(crate) fn new(territory: Territory) -> Self {
        Door { territory }
    }

    /// Whether the address may be touched; the refusal is logged.
    pub(crate) fn admit(&self, target: SocketAddr) -> Result<(), Untouchable> {
        self.territory.admit(target.ip()).inspect_err(|refusal| {
            tracing::warn!(%target, %refusal, "probe refused at the last door: nothing was sent");
        })
    }

    /// Connects, having asked the territory a line before.
    pub(crate) async fn connect(&self, target: SocketAddr) -> Result<TcpStream, NoWay> {
        self.admit(target)?;
        let stream = TcpStream::connect(target).await?;
        // Each message is one small write that waits for its answer; Nagle's algorithm could only delay it.
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
