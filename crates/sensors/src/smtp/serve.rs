//! Listening: accepting connections and letting them go.

use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::{Semaphore, mpsc::Sender, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::connection::{Connection, House};
use super::doors::Doors;
use super::session::reply;
use super::{Config, Profile};
use crate::delivery::Handover;
use crate::stop::stopped;
use crate::{Delivery, Refusal};

/// How long accepting rests after the system refused (no file descriptors left, most often): long enough not to spin,
/// short enough not to be noticed.
const REST: Duration = Duration::from_millis(200);

/// Serves mail clients on a TCP listener until `stop` turns true (or its sender is gone), then lets sessions finish for
/// [`Limits::farewell`](super::Limits::farewell) and returns. A message already handed on is answered first.
///
/// Every accepted message goes to `deliveries`; when that is full the client waits
/// [`Limits::patience`](super::Limits::patience) and is then told 451 4.3.2.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    deliveries: Sender<Delivery>,
    mut stop: watch::Receiver<bool>,
) {
    let room = Room::new(&config, deliveries, &stop);
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            Some(_) = sessions.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => room.welcome(stream, peer.ip().to_canonical(), &mut sessions),
                Err(error) => rest(&error).await,
            },
        }
    }
    drop(listener);
    room.farewell(sessions).await;
}

/// As [`serve`], on a Unix socket: the usual way for LMTP from a mail server on the same machine. STARTTLS is not
/// offered, as there is no network to protect from.
pub async fn serve_unix(
    listener: UnixListener,
    mut config: Config,
    deliveries: Sender<Delivery>,
    mut stop: watch::Receiver<bool>,
) {
    config.tls = None;
    let room = Room::new(&config, deliveries, &stop);
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            Some(_) = sessions.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    if let Some(connection) = room.admit(None) {
                        sessions.spawn(connection.run(stream));
                    } else {
                        turn_away(stream.into_std());
                    }
                }
                Err(error) => rest(&error).await,
            },
        }
    }
    drop(listener);
    room.farewell(sessions).await;
}

/// What all sessions of a listener share.
struct Room {
    house: Arc<House>,
    doors: Arc<Doors>,
    stop: watch::Receiver<bool>,
}

impl Room {
    fn new(config: &Config, deliveries: Sender<Delivery>, stop: &watch::Receiver<bool>) -> Room {
        let limits = config.limits.clone();
        let kilobytes =
            limits.memory_bytes.max(limits.message_bytes).div_ceil(1024).min(Semaphore::MAX_PERMITS);
        let doors = Doors::new(limits.connections, limits.connections_per_client);
        let house = House {
            doors: Arc::clone(&doors),
            profile: Arc::new(Profile::from(config)),
            how: config.protocol.how(),
            acceptor: config.tls.as_ref().map(super::Certificate::acceptor),
            handover: Handover {
                deliveries,
                patience: limits.patience,
                answer: limits.answer,
                tally: Arc::clone(&config.tally),
            },
            memory: Arc::new(Semaphore::new(kilobytes)),
            tally: Arc::clone(&config.tally),
            limits,
        };
        Room { house: Arc::new(house), doors, stop: stop.clone() }
    }

    fn welcome(&self, stream: TcpStream, peer: IpAddr, sessions: &mut JoinSet<()>) {
        match self.admit(Some(peer)) {
            Some(connection) => {
                sessions.spawn(connection.run_tcp(stream));
            }
            None => turn_away(stream.into_std()),
        }
    }

    fn admit(&self, peer: Option<IpAddr>) -> Option<Connection> {
        self.house.tally.count_connection();
        let Some(guest) = self.doors.admit(peer) else {
            self.house.tally.count_refused(Refusal::TooManyConnections);
            tracing::info!(?peer, "mail connection refused: too many are open");
            return None;
        };
        Some(Connection::new(Arc::clone(&self.house), peer, guest, self.stop.clone()))
    }

    /// Waits for sessions to end, and ends those that do not.
    async fn farewell(&self, mut sessions: JoinSet<()>) {
        let all = async { while sessions.join_next().await.is_some() {} };
        if timeout(self.house.limits.farewell, all).await.is_err() {
            tracing::warn!(
                open = sessions.len(),
                "mail sessions did not end in time and are cut; their clients will send again"
            );
            sessions.shutdown().await;
        }
    }
}

/// Says 421 and closes. The socket's buffer is empty, so this does not wait; a client that is already gone misses nothing.
fn turn_away(stream: io::Result<impl Write>) {
    let told = stream.and_then(|mut stream| stream.write_all(&reply::TOO_MANY_CONNECTIONS.wire()));
    if let Err(error) = told {
        tracing::debug!(%error, "a refused mail client was gone before it could be told");
    }
}

async fn rest(error: &io::Error) {
    tracing::error!(%error, "accepting a mail connection failed; if this repeats, raise the limit of open files");
    sleep(REST).await;
}
