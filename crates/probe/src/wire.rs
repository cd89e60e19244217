//! One connection to a subscriber: every byte is written down, everything ends at the deadline.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use crate::transcript::{Voice, escape};

/// Most bytes heard on one connection: a proxied reply of ours is under one kilobyte.
const MOST_HEARD: usize = 16 * 1024;

/// Most pieces written down: a tarpit that drips single bytes does not fill the transcript.
const MOST_PIECES: u32 = 40;

/// Why nothing more can be said or heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The deadline came.
    Late,
    /// The other side closed in order.
    Closed,
    /// The connection was torn down.
    Reset,
    /// The other side talks on and on.
    Flood,
}

/// A connection, in the clear or inside TLS.
#[derive(Debug)]
pub(crate) enum Conversation {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Conversation {
    async fn read(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        match self {
            Conversation::Plain(stream) => stream.read(chunk).await,
            Conversation::Tls(stream) => stream.read(chunk).await,
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Conversation::Plain(stream) => stream.write_all(bytes).await,
            Conversation::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }
}

/// A connection with what was heard on it and not consumed yet.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: Conversation,
    voice: Voice,
    deadline: Instant,
    pieces: u32,
    heard: usize,
    /// Set at the first byte, for whoever waits for this conversation among others.
    spoken_to: Arc<AtomicBool>,
    /// What was heard and not consumed.
    pub(crate) got: Vec<u8>,
}

impl Wire {
    pub(crate) fn new(stream: Conversation, voice: Voice, deadline: Instant) -> Self {
        Wire { stream, voice, deadline, pieces: 0, heard: 0, spoken_to: Arc::default(), got: Vec::new() }
    }

    /// Sets `flag` at the first byte that is heard.
    pub(crate) fn telling(mut self, flag: Arc<AtomicBool>) -> Self {
        self.spoken_to = flag;
        self
    }

    /// Gives the connection up as it is, for TLS to begin on it; a conversation inside TLS has no such thing.
    pub(crate) fn into_plain(self) -> Option<TcpStream> {
        match self.stream {
            Conversation::Plain(stream) => Some(stream),
            Conversation::Tls(_) => None,
        }
    }

    /// Whether anything at all was heard.
    pub(crate) fn has_heard(&self) -> bool {
        self.heard > 0
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        self.voice.sent(bytes);
        match timeout_at(self.deadline, self.stream.write(bytes)).await {
            Err(_) => Err(self.late()),
            Ok(Err(error)) => Err(self.torn(&error)),
            Ok(Ok(())) => Ok(()),
        }
    }

    /// Waits for at least one more byte.
    pub(crate) async fn more(&mut self) -> Result<(), Broken> {
        match self.more_before(self.deadline).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.late()),
            Err(broken) => Err(broken),
        }
    }

    /// Waits for at least one more byte, until `moment` at most, and says whether one came.
    pub(crate) async fn more_before(&mut self, moment: Instant) -> Result<bool, Broken> {
        let mut chunk = [0; 2048];
        let count = match timeout_at(moment.min(self.deadline), self.stream.read(&mut chunk)).await {
            Err(_) => return Ok(false),
            Ok(Err(error)) => return Err(self.torn(&error)),
            Ok(Ok(0)) => {
                self.voice.say("the other side closed the connection");
                return Err(Broken::Closed);
            }
            Ok(Ok(count)) => count,
        };
        let piece = chunk.get(..count).unwrap_or_default();
        self.pieces += 1;
        match self.pieces {
            ..MOST_PIECES => self.voice.received(piece),
            MOST_PIECES => self.voice.say("received more pieces than are written down"),
            _ => {}
        }
        self.heard += count;
        self.spoken_to.store(true, Ordering::Relaxed);
        self.got.extend_from_slice(piece);
        if self.heard > MOST_HEARD {
            self.voice.say(format!("gave up listening after {} bytes", self.heard));
            return Err(Broken::Flood);
        }
        Ok(true)
    }

    /// Forgets the first `count` bytes of what was heard: they have been read.
    pub(crate) fn consume(&mut self, count: usize) {
        self.got.drain(..count.min(self.got.len()));
    }

    fn late(&self) -> Broken {
        self.voice.say("nothing more came before the deadline");
        Broken::Late
    }

    fn torn(&self, error: &io::Error) -> Broken {
        if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) {
            // TLS ends with an alert (the lack of a client certificate is told only now, RFC 8446 section 4.4.2.4), or
            // without its own end.
            self.voice.say(format!("TLS was ended: {}", escape(error.to_string().as_bytes())));
            return Broken::Closed;
        }
        self.voice.say(match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
                "the other side reset the connection".to_owned()
            }
            _ => format!("the connection broke: {}", escape(error.to_string().as_bytes())),
        });
        Broken::Reset
    }
}
