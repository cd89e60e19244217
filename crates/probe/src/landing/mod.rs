//! Where relayed connections land.

mod nonces;
mod opening;
mod seats;
mod serve;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::LandingError;
use nonces::Nonces;
pub(crate) use nonces::{Arrival, NoNonce, Ticket, Way};
use serve::House;

/// How long the landing may take to answer itself before no verdict of "closed" is given.
const SELF_TEST: Duration = Duration::from_secs(3);

/// Our own listeners, which every proved proxy must reach. Clones share them; the last one dropped closes them.
#[derive(Debug, Clone)]
pub struct Landing {
    addresses: Arc<[SocketAddr]>,
    nonces: Arc<Nonces>,
    _listeners: Arc<JoinSet<()>>,
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
            let bound = TcpListener::bind(address).await;
            listeners.push(bound.map_err(|source| LandingError::Bind { address, source })?);
        }
        Landing::over(listeners, who)
    }

    /// The same over listeners that were bound before privileges were dropped. Must be called within a runtime.
    ///
    /// # Errors
    /// [`LandingError`] when the list is empty or a listener no longer knows its address.
    pub fn over(listeners: Vec<TcpListener>, who: &str) -> Result<Landing, LandingError> {
        if listeners.is_empty() {
            return Err(LandingError::NoAddress);
        }
        let addresses: Result<Vec<SocketAddr>, _> = listeners.iter().map(TcpListener::local_addr).collect();
        let addresses = addresses.map_err(LandingError::Lost)?;
        let nonces = Arc::new(Nonces::default());
        let house = Arc::new(House::new(Arc::clone(&nonces), who));
        let mut tasks = JoinSet::new();
        for listener in listeners {
            tasks.spawn(serve::listen(listener, Arc::clone(&house)));
        }
        Ok(Landing { addresses: addresses.into(), nonces, _listeners: Arc::new(tasks) })
    }

    /// The addresses listened on, with the ports the system chose for any that were bound to port 0.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// A fresh nonce that is to arrive this way.
    pub(crate) fn expect(&self, way: Way, life: Duration) -> Result<Ticket, NoNonce> {
        self.nonces.issue(way, life)
    }

    /// Connects to our own landing as a target would, and says in words what is wrong with it.
    pub(crate) async fn test(&self, told: SocketAddr) -> Result<(), String> {
        let ticket = self.expect(Way::Line, SELF_TEST).map_err(|error| error.to_string())?;
        let wanted = format!("ND {}\r\n", ticket.secret());
        let call = async {
            let mut stream = TcpStream::connect(told).await?;
            stream.write_all(format!("ND {}\r\n", ticket.nonce()).as_bytes()).await?;
            let mut heard = Vec::new();
            stream.take(wanted.len() as u64).read_to_end(&mut heard).await?;
            Ok::<_, std::io::Error>(heard)
        };
        match timeout(SELF_TEST, call).await {
            Err(_) => {
                Err(format!("our own landing {told} did not answer us within {} s", SELF_TEST.as_secs()))
            }
            Ok(Err(error)) => Err(format!("our own landing {told} cannot be reached from here: {error}")),
            Ok(Ok(heard)) if heard == wanted.as_bytes() && matches!(ticket.arrival(), Arrival::Landed(_)) => {
                Ok(())
            }
            Ok(Ok(_)) => Err(format!("something other than our own landing answers at {told}")),
        }
    }
}
