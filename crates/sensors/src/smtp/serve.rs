//! Listening: accepting connections and letting them go.

use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{mpsc::Sender, watch};

use super::Config;
use crate::Delivery;

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
    let _unfinished = (listener, config, deliveries);
    let _stopped = stop.wait_for(|stop| *stop).await.is_ok();
}

/// As [`serve`], on a Unix socket: the usual way for LMTP from a mail server on the same machine.
pub async fn serve_unix(
    listener: UnixListener,
    config: Config,
    deliveries: Sender<Delivery>,
    mut stop: watch::Receiver<bool>,
) {
    let _unfinished = (listener, config, deliveries);
    let _stopped = stop.wait_for(|stop| *stop).await.is_ok();
}
