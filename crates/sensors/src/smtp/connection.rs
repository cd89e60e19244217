//! One client on the line: reading, writing, waiting, and nothing that decides what is said.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{self, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;

use super::doors::{Doors, Guest};
use super::session::reply::{self, Reply};
use super::{Limits, Message, Profile, Session, Step};
use crate::delivery::{Handover, Parcel, fresh_id};
use crate::stop::stopped;
use crate::tally::OpenSession;
use crate::{Envelope, How, Outcome, Printable, Refusal, Tally};

/// What all connections of a listener share.
pub(super) struct House {
    pub(super) profile: Arc<Profile>,
    pub(super) how: How,
    pub(super) acceptor: Option<TlsAcceptor>,
    pub(super) handover: Handover,
    /// Kilobytes that messages may still take.
    pub(super) memory: Arc<Semaphore>,
    pub(super) tally: Arc<Tally>,
    pub(super) limits: Limits,
    pub(super) doors: Arc<Doors>,
}

/// One client.
pub(super) struct Connection {
    house: Arc<House>,
    session: Session,
    peer: Option<IpAddr>,
    tls: bool,
    /// When the client last got anywhere: a whole command, or some of a message.
    moved: Instant,
    ends: Instant,
    stop: watch::Receiver<bool>,
    memory: Option<OwnedSemaphorePermit>,
    _guest: Guest,
    _counted: OpenSession,
}

/// How a stretch of conversation ended.
enum End {
    /// The connection is to be closed.
    Close,
    /// TLS is to be negotiated.
    StartTls,
}

/// Why the connection ends without the session having said so.
enum Cut {
    /// Tell the client, if it listens, and count it.
    Tell(Reply, Option<Refusal>),
    /// The client is gone.
    Gone,
}

impl From<io::Error> for Cut {
    fn from(error: io::Error) -> Cut {
        tracing::debug!(%error, "a mail client went away");
        Cut::Gone
    }
}

/// Bytes read at a time.
const CHUNK: usize = 16 * 1024;

impl Connection {
    pub(super) fn new(
        house: Arc<House>,
        peer: Option<IpAddr>,
        guest: Guest,
        stop: watch::Receiver<bool>,
    ) -> Connection {
        Connection {
            session: Session::new(Arc::clone(&house.profile)),
            peer,
            tls: false,
            moved: Instant::now(),
            ends: Instant::now() + house.limits.session,
            stop,
            memory: None,
            _guest: guest,
            _counted: house.tally.session(),
            house,
        }
    }

    /// A conversation over TCP, which can turn into one over TLS.
    pub(super) async fn run_tcp(mut self, mut stream: TcpStream) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a mail connection could not be set to answer at once");
        }
        match self.converse(&mut stream).await {
            End::Close => close(&mut stream).await,
            End::StartTls => self.run_tls(stream).await,
        }
    }

    /// A conversation over anything else.
    pub(super) async fn run(mut self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        match self.converse(&mut stream).await {
            End::Close => close(&mut stream).await,
            // Cannot be: it is not offered here.
            End::StartTls => {}
        }
    }

    async fn run_tls(mut self, stream: TcpStream) {
        let Some(acceptor) = self.house.acceptor.clone() else { return };
        let within = self.patience();
        match timeout_at(within, acceptor.accept(stream)).await {
            Ok(Ok(mut stream)) => {
                self.tls = true;
                self.session.secured();
                self.moved = Instant::now();
                // A second STARTTLS is refused by the session, so this can only end.
                let _closed = self.converse(&mut stream).await;
                close(&mut stream).await;
            }
            Ok(Err(error)) => self.tls_failed(&error.to_string()),
            Err(_) => self.tls_failed("the client did not finish the handshake in time"),
        }
    }

    fn tls_failed(&self, why: &str) {
        self.house.tally.count_refused(Refusal::TlsFailed);
        tracing::info!(peer = ?self.peer, why = %Printable::from(why), "STARTTLS failed");
    }

    async fn converse(&mut self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> End {
        match self.talk(stream).await {
            Ok(end) => end,
            Err(Cut::Gone) => End::Close,
            Err(Cut::Tell(reply, reason)) => {
                if let Some(reason) = reason {
                    self.house.tally.count_refused(reason);
                }
                let told = timeout_at(self.brief(), stream.write_all(&reply.wire())).await;
                tracing::debug!(peer = ?self.peer, told = matches!(told, Ok(Ok(()))), said = reply.0, "mail session ended by us");
                End::Close
            }
        }
    }

    async fn talk(&mut self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<End, Cut> {
        let mut replies = Vec::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            while let Some(step) = self.session.step() {
                self.moved = Instant::now();
                match step {
                    Step::Say(reply) => replies.extend_from_slice(&reply),
                    Step::Refused(reason, words) => self.note(reason, &words),
                    Step::Deliver(message) => {
                        self.say(stream, &mut replies).await?;
                        let outcome = self.deliver(message).await;
                        self.session.settle(outcome);
                    }
                    Step::StartTls => return self.say(stream, &mut replies).await.map(|()| End::StartTls),
                    Step::Close => return self.say(stream, &mut replies).await.map(|()| End::Close),
                }
            }
            self.say(stream, &mut replies).await?;
            let read = self.listen(stream, &mut chunk).await?;
            if self.session.receiving() {
                self.moved = Instant::now();
            }
            self.session.hear(chunk.get(..read).unwrap_or_default());
            self.make_room();
        }
    }

    /// Sends what is to be said.
    async fn say(&self, stream: &mut (impl AsyncWrite + Unpin), replies: &mut Vec<u8>) -> Result<(), Cut> {
        if replies.is_empty() {
            return Ok(());
        }
        let send = async {
            stream.write_all(replies).await?;
            stream.flush().await
        };
        match timeout_at(self.patience(), send).await {
            Ok(sent) => sent?,
            Err(_) => return Err(self.waited_too_long()),
        }
        replies.clear();
        Ok(())
    }

    /// Waits for the client to say something.
    async fn listen(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        chunk: &mut [u8],
    ) -> Result<usize, Cut> {
        // Counted from the last whole command, so that a byte now and then does not keep a place for ever.
        let within = (self.moved + self.idle()).min(self.ends);
        // A message on its way is let in; serve() bounds how long after stop that may take.
        let between = !self.session.receiving();
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            () = stopped(&mut stop), if between => Err(Cut::Tell(reply::STOPPING, None)),
            read = timeout_at(within, stream.read(chunk)) => match read {
                Ok(Ok(0)) => Err(Cut::Gone),
                Ok(read) => Ok(read?),
                Err(_) => Err(self.waited_too_long()),
            },
        }
    }

    async fn deliver(&mut self, message: Message) -> Outcome {
        let received = Timestamp::now();
        let memory = self.memory.take();
        let Some(id) = fresh_id(received) else {
            tracing::error!("a message was refused because the system gives no random numbers for its id");
            self.house.tally.count_refused(Refusal::NotWritten);
            return Outcome::Failed;
        };
        let Message { helo, mail_from, rcpt_to, tags, bytes, longest_line } = message;
        let long = longest_line > LONG_LINE;
        let envelope = Envelope {
            peer: self.peer,
            helo: Some(helo),
            mail_from: Some(mail_from),
            rcpt_to,
            tags,
            tls: self.tls,
            ..Envelope::default()
        };
        let (from, length) = (envelope.mail_from.clone().unwrap_or_default(), bytes.len());
        let parcel = Parcel { id: id.clone(), how: self.house.how, envelope, received, bytes };
        let outcome = self.house.handover.give(parcel).await;
        drop(memory);
        tracing::info!(id, peer = ?self.peer, from = %Printable::from(from.as_str()), length, ?outcome, "message received");
        if outcome == Outcome::OnDisk && long {
            self.house.tally.count_long_line();
        }
        outcome
    }

    /// Takes from the shared memory what the message being received has grown by, or gives the message up.
    fn make_room(&mut self) {
        let held = self.session.held().div_ceil(1024);
        let have = self.memory.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if held <= have {
            return;
        }
        let more = u32::try_from(held - have).unwrap_or(u32::MAX);
        match Arc::clone(&self.house.memory).try_acquire_many_owned(more) {
            Ok(permit) => match &mut self.memory {
                Some(memory) => memory.merge(permit),
                None => self.memory = Some(permit),
            },
            Err(_) => {
                self.session.shed();
                self.memory = None;
            }
        }
    }

    fn note(&self, reason: Refusal, words: &[u8]) {
        self.house.tally.count_refused(reason);
        tracing::info!(peer = ?self.peer, ?reason, said = %Printable(words), "mail client refused");
    }

    /// When waiting for the client ends: after the idle time, or with the session.
    fn patience(&self) -> Instant {
        (Instant::now() + self.idle()).min(self.ends)
    }

    fn idle(&self) -> Duration {
        let limits = &self.house.limits;
        if self.house.doors.crowded() { limits.idle.min(limits.idle_when_crowded) } else { limits.idle }
    }

    /// When a last word is given up: the client is not waited for.
    fn brief(&self) -> Instant {
        Instant::now() + self.house.limits.patience.min(self.house.limits.idle)
    }

    fn waited_too_long(&self) -> Cut {
        if Instant::now() >= self.ends {
            Cut::Tell(reply::SESSION_TOO_LONG, Some(Refusal::SessionTooLong))
        } else {
            Cut::Tell(reply::IDLE, Some(Refusal::Idle))
        }
    }
}

/// RFC 5321 4.5.3.1.6, with its CRLF.
const LONG_LINE: usize = 1000;

/// Ends the sending side; for TLS this says so to the client.
async fn close(stream: &mut (impl AsyncWrite + Unpin)) {
    let within = Instant::now() + Duration::from_secs(5);
    if !matches!(timeout_at(within, stream.shutdown()).await, Ok(Ok(()))) {
        tracing::debug!("a mail client was gone before the connection could be closed in order");
    }
}
