//! Where relayed connections land.

mod mail;
mod mails;
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
pub(crate) use mail::SENDER;
use mails::Mails;
pub(crate) use mails::{Delivery, Posted};
pub use mails::{MailsChanged, WaitingMail};
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
    mails: Arc<Mails>,
    greeting: Arc<str>,
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
        let mails = Arc::new(Mails::default());
        let greeting = greeting();
        let house = Arc::new(House::new(Arc::clone(&nonces), Arc::clone(&mails), who, &greeting));
        let mut tasks = JoinSet::new();
        for listener in listeners {
            tasks.spawn(serve::listen(listener, Arc::clone(&house)));
        }
        Ok(Landing {
            addresses: addresses.into(),
            nonces,
            mails,
            greeting: greeting.into(),
            _listeners: Arc::new(tasks),
        })
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

    /// The mail to be handed to a port in a form of addressing.
    pub(crate) fn post(&self, target: SocketAddr, form: &'static str) -> Result<Posted, NoNonce> {
        self.mails.post(target, form)
    }

    /// A port has taken its mail.
    pub(crate) fn taken(&self, mail: &Posted) {
        self.mails.taken(&mail.nonce);
    }

    /// The mails that a port took, and what became of them.
    pub(crate) fn mails_of(&self, target: SocketAddr) -> Vec<Posted> {
        self.mails.of(target)
    }

    /// Forgets them.
    pub(crate) fn forget_mails_of(&self, target: SocketAddr) {
        self.mails.forget(target);
    }

    /// What has changed among the mails under way since this was asked the last time.
    pub(crate) fn mails_changed(&self) -> MailsChanged {
        self.mails.changed()
    }

    /// Takes up mails of an earlier life.
    pub(crate) fn take_up_mails(&self, mails: Vec<WaitingMail>) {
        self.mails.take_up(mails);
    }

    /// Whether a greeting is this landing's own: then the port that gave it is forwarded to us.
    pub(crate) fn is_own_greeting(&self, line: &[u8]) -> bool {
        line.trim_ascii_end() == self.greeting.as_bytes()
    }

    /// Connects to our own landing as a target would, and says in words what is wrong with it.
    pub(crate) async fn test(&self, told: SocketAddr) -> Result<(), String> {
        let ticket = self.expect(Way::Line, SELF_TEST).map_err(|error| error.to_string())?;
        let wanted = format!("ND {}\r\n", ticket.secret());
        let call = async {
            let mut stream = TcpStream::connect(told).await?;
            stream.write_all(format!("ND {}\r\n", ticket.nonce()).as_bytes()).await?;
            let mut heard = Vec::new();
            let mut chunk = [0; 256];
            // Port 25 greets first.
            while after_greeting(&heard, &self.greeting).len() < wanted.len() {
                let count = stream.read(&mut chunk).await?;
                heard.extend_from_slice(chunk.get(..count).unwrap_or_default());
                if count == 0 {
                    break;
                }
            }
            Ok::<_, std::io::Error>(after_greeting(&heard, &self.greeting).to_vec())
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

/// What was heard after our own greeting, where that came first; nothing, while it may still be coming.
fn after_greeting<'a>(heard: &'a [u8], greeting: &str) -> &'a [u8] {
    let line = format!("{greeting}\r\n");
    if line.as_bytes().starts_with(heard) {
        return &[];
    }
    heard.strip_prefix(line.as_bytes()).unwrap_or(heard)
}

/// What mail servers are greeted with, told from that of any other landing by a random number.
fn greeting() -> String {
    let mut random = [0; 8];
    // Without one the greeting is only less telling.
    getrandom::fill(&mut random).unwrap_or_default();
    format!("220 nightdesk-landing ESMTP probe {}", hex::encode(random))
}
