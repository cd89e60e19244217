//! What stands around a sensor in these tests: a disk that says what it is told to say, and a mail client.

use std::net::SocketAddr;
use std::time::Duration;

use sensors::smtp::{Config, Protocol, Recipients};
use sensors::{Acceptance, Delivery, Envelope, How};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Longer than anything here takes, short enough to fail a hanging test.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// What comes of it, or a failed test instead of a hanging one.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(SOON, what).await.expect("it happens in time")
}

/// A delivery after it was answered.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) id: String,
    pub(crate) how: How,
    pub(crate) envelope: Envelope,
    pub(crate) bytes: Vec<u8>,
}

/// A disk that answers every delivery the same way and passes on what it got.
pub(crate) fn disk(says: Acceptance) -> (mpsc::Sender<Delivery>, mpsc::Receiver<Kept>) {
    let (deliveries, mut taken) = mpsc::channel::<Delivery>(64);
    let (keep, kept) = mpsc::channel(1000);
    tokio::spawn(async move {
        while let Some(Delivery { id, how, envelope, bytes, ack, .. }) = taken.recv().await {
            keep.send(Kept { id, how, envelope, bytes }).await.ok();
            ack.send(says).ok();
        }
    });
    (deliveries, kept)
}

/// The configuration most tests want: `abuse@example.net` only.
pub(crate) fn config(protocol: Protocol) -> Config {
    Config::new(protocol, "desk.example.net", Recipients::parse(["abuse@example.net"]).unwrap())
}

/// A running server.
pub(crate) struct Running {
    pub(crate) at: SocketAddr,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) task: JoinHandle<()>,
}

pub(crate) async fn start(config: Config, deliveries: mpsc::Sender<Delivery>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(sensors::smtp::serve(listener, config, deliveries, stopped));
    Running { at, stop, task }
}

/// A mail client that says one thing at a time.
pub(crate) struct Client<S> {
    pub(crate) stream: BufReader<S>,
}

pub(crate) async fn call(at: SocketAddr) -> Client<TcpStream> {
    Client { stream: BufReader::new(TcpStream::connect(at).await.unwrap()) }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// One whole reply, all its lines; empty when the server closed.
    pub(crate) async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let start = reply.len();
            let read =
                timeout(SOON, self.stream.read_line(&mut reply)).await.expect("a reply in time").unwrap_or(0);
            if read == 0 || reply.as_bytes().get(start + 3) != Some(&b'-') {
                return reply;
            }
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).await.unwrap();
        self.stream.get_mut().flush().await.unwrap();
    }

    pub(crate) async fn say(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n")).await;
        self.reply().await
    }

    /// Greets, and gives envelope and DATA; the message may follow.
    pub(crate) async fn open(&mut self) {
        assert!(self.reply().await.starts_with("220 "));
        self.begin().await;
    }

    /// As [`open`](Client::open), after the greeting.
    pub(crate) async fn begin(&mut self) {
        assert!(self.say("EHLO client.example").await.starts_with("250-"));
        assert!(self.say("MAIL FROM:<a@example.com>").await.starts_with("250 "));
        assert!(self.say("RCPT TO:<abuse@example.net>").await.starts_with("250 "));
        assert!(self.say("DATA").await.starts_with("354 "));
    }
}

/// A pick-up that runs until the value is dropped.
pub(crate) struct Pickup {
    task: JoinHandle<()>,
    #[expect(dead_code, reason = "dropping it stops the pick-up")]
    stop: watch::Sender<bool>,
}

impl Pickup {
    /// Starts what `watch` makes of the sign to stop.
    pub(crate) fn start<F>(watch: impl FnOnce(watch::Receiver<bool>) -> F) -> Pickup
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        Pickup { task: tokio::spawn(watch(stopped)), stop }
    }

    /// Ends it wherever it is, as a crash would.
    pub(crate) async fn crash(self) {
        self.task.abort();
        self.task.await.ok();
    }
}

/// Looks until it holds, or fails the test.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(SOON, wait).await.unwrap_or_else(|_| panic!("never came true: {what}"));
}
