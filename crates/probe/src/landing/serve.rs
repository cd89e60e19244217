//! Answering what connects to the landing: a secret for a nonce, a page for a stranger, nothing more.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::nonces::{Nonces, Way};
use super::opening::{self, MOST_HEAD, Opening};
use super::seats::Seats;

/// How long a connection may take to say what it wants and take its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long, and for how many bytes, a connection is listened to after its answer: closing over unread bytes sends
/// a reset, and a reset can overtake the answer (RFC 9112 section 9.6).
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 16 * 1024;

/// What all connections share.
#[derive(Debug)]
pub(super) struct House {
    nonces: Arc<Nonces>,
    seats: Arc<Seats>,
    page: String,
}

impl House {
    pub(super) fn new(nonces: Arc<Nonces>, who: &str) -> Self {
        House { nonces, seats: Arc::default(), page: page(who) }
    }

    /// The answer to an opening.
    fn answer(&self, opening: Opening, peer: SocketAddr) -> String {
        match opening {
            Opening::Request(nonce) => match self.nonces.land(&nonce, Way::Request, peer) {
                Some(secret) => http("200 OK", &format!("{}\n", hex::encode(secret))),
                None => self.turned_away(),
            },
            Opening::Line(nonce) => match self.nonces.land(&nonce, Way::Line, peer) {
                Some(secret) => format!("ND {}\r\n", hex::encode(secret)),
                None => self.turned_away(),
            },
            Opening::Unread(nonce) => {
                self.nonces.arrived_unread(&nonce, peer);
                self.turned_away()
            }
            Opening::Stranger | Opening::More => self.turned_away(),
        }
    }

    fn turned_away(&self) -> String {
        http("404 Not Found", &self.page)
    }
}

/// Accepts for ever; all connections end with this future.
pub(super) async fn listen(listener: TcpListener, house: Arc<House>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Mostly EMFILE: the listener is fine, there is just no descriptor left for a moment.
                tracing::warn!(%error, "the landing cannot accept a connection; trying again");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let Some(seat) = house.seats.take(peer.ip()) else {
            tracing::warn!(%peer, "the landing is full: connection dropped");
            continue;
        };
        let house = Arc::clone(&house);
        connections.spawn(async move {
            let done = timeout(PATIENCE, attend(stream, peer, &house)).await;
            tracing::debug!(%peer, ?done, "a connection to the landing ended");
            drop(seat);
        });
    }
}

async fn attend(mut stream: TcpStream, peer: SocketAddr, house: &House) -> std::io::Result<()> {
    let mut heard = Vec::with_capacity(512);
    let opening = loop {
        let mut chunk = [0; 512];
        let count = stream.read(&mut chunk).await?;
        if count == 0 {
            break Opening::Stranger;
        }
        heard.extend_from_slice(chunk.get(..count).unwrap_or_default());
        match opening::read(&heard) {
            Opening::More if heard.len() < MOST_HEAD => {}
            known => break known,
        }
    };
    stream.write_all(house.answer(opening, peer).as_bytes()).await?;
    stream.shutdown().await?;
    let rest = async { tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await };
    timeout(LINGER, rest).await.map_or(Ok(()), |copied| copied.map(drop))
}

fn http(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn page(who: &str) -> String {
    let who = crate::transcript::plain(who);
    format!(
        "This listener belongs to the abuse desk of an access provider: {who}.\n\
         \n\
         We check our own customers' lines for open proxies, because strangers use them to send spam and to hide.\n\
         A proxy that is told to connect here, and does, is open. Nothing else is asked of it and nothing is kept\n\
         of those who come by. If we connected to you and you think we should not have, please write to us.\n"
    )
}
