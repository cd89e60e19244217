//! The socket, and the batches between it and the disk.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use nix::sys::socket::{setsockopt, sockopt};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc::Sender, oneshot, watch};
use tokio::time::timeout;

use super::packet::{Request, read, respond};
use super::{Accounting, Batch, Config};
use crate::stop::stopped;

/// A batch is handed on when it has so many requests: one sync of the disk for all of them,
const AT_MOST: usize = 4096;
/// or when nothing came for so long, so that a single client is not kept waiting.
const WITHIN: Duration = Duration::from_millis(5);
/// The kernel's buffer, in bytes: a burst waits there while a batch is on its way to the disk.
const BUFFER: usize = 16 * 1024 * 1024;
/// A client asks again after some seconds (RFC 5080 section 2.2.1); an answer later than this is none.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens the socket.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn bind(listen: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(listen).await?;
    // Without the right to force it we get what the system allows.
    setsockopt(&socket, sockopt::RcvBufForce, &BUFFER)
        .or_else(|_| setsockopt(&socket, sockopt::RcvBuf, &BUFFER))?;
    Ok(socket)
}

/// Listens until `stop` turns true or nobody takes batches any more.
pub async fn serve(
    socket: UdpSocket,
    config: Config,
    batches: Sender<Batch>,
    mut stop: watch::Receiver<bool>,
) {
    let socket = Arc::new(socket);
    let work = async {
        while let Ok(gathered) = gather(&socket, &config).await.inspect_err(tell) {
            if !gathered.is_empty() && hand_on(&socket, &config, &batches, gathered).await.is_err() {
                return;
            }
        }
    };
    // Stopping anywhere is safe: who was not answered asks again.
    tokio::select! {
        biased;
        () = stopped(&mut stop) => {}
        () = work => {}
    }
}

fn tell(error: &io::Error) {
    tracing::error!(%error, "the accounting socket broke");
}

/// A request on its way, and where its answer goes.
type Asked = (SocketAddr, Request, Timestamp);

async fn gather(socket: &UdpSocket, config: &Config) -> io::Result<Vec<Asked>> {
    let mut buffer = [0; 4096];
    let mut gathered = Vec::new();
    let first = socket.recv_from(&mut buffer).await;
    take(first, &buffer, socket, config, &mut gathered).await?;
    while gathered.len() < AT_MOST {
        let Ok(next) = timeout(WITHIN, socket.recv_from(&mut buffer)).await else { break };
        take(next, &buffer, socket, config, &mut gathered).await?;
    }
    Ok(gathered)
}

async fn take(
    came: io::Result<(usize, SocketAddr)>,
    buffer: &[u8],
    socket: &UdpSocket,
    config: &Config,
    gathered: &mut Vec<Asked>,
) -> io::Result<()> {
    let (length, from) = match came {
        Ok(came) => came,
        // An answer of ours found nobody: somebody else's trouble (ICMP port unreachable, see udp(7)).
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Ok(()),
        Err(error) => return Err(error),
    };
    let Some(secret) = config.secret(from.ip()) else {
        config.heard.stranger();
        return Ok(());
    };
    match read(buffer.get(..length).unwrap_or_default(), secret) {
        Ok(request) if request.is_status => answer(socket, from, &respond(&request, secret)).await,
        Ok(request) => gathered.push((from, request, Timestamp::now())),
        Err(refused) => {
            tracing::debug!(client = %from, %refused, "an accounting request was not taken");
            config.heard.refused(refused);
        }
    }
    Ok(())
}

/// Hands a batch on, and answers its clients once it is on disk; the next is gathered meanwhile.
async fn hand_on(
    socket: &Arc<UdpSocket>,
    config: &Config,
    batches: &Sender<Batch>,
    gathered: Vec<Asked>,
) -> Result<(), ()> {
    let requests = gathered.iter().map(|(from, request, received)| Accounting {
        client: from.ip(),
        received: *received,
        attributes: request.attributes.clone(),
    });
    let (on_disk, done) = oneshot::channel();
    let batch = Batch { requests: requests.collect(), on_disk };
    batches.send(batch).await.map_err(|_| ())?;
    let (socket, config) = (Arc::clone(socket), config.clone());
    tokio::spawn(async move {
        let done = matches!(timeout(PATIENCE, done).await, Ok(Ok(true)));
        config.heard.batch(gathered.len(), done);
        if !done {
            return;
        }
        for (from, request, _) in gathered {
            if let Some(secret) = config.secret(from.ip()) {
                answer(&socket, from, &respond(&request, secret)).await;
            }
        }
    });
    Ok(())
}

async fn answer(socket: &UdpSocket, to: SocketAddr, packet: &[u8]) {
    if let Err(error) = socket.send_to(packet, to).await {
        tracing::debug!(client = %to, %error, "an accounting client was not answered; it asks again");
    }
}
