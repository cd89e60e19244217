//! One visitor, from the handshake to the end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use nix::libc::linger;
use nix::sys::socket::{setsockopt, sockopt};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use super::Config;
use crate::hit::{Ending, FIRST_BYTES, Hit};
use crate::talk::{Say, Talk};

/// How much is read at once; it lies on the stack, and only while it is read.
const AT_ONCE: usize = 4096;
/// A tarpit says one byte in so long.
const SLOWLY: Duration = Duration::from_secs(1);
/// And keeps its visitors so many times as long.
const TARPIT_LONGER: u32 = 60;

/// A visitor, and what is known of it.
pub(super) struct Visit {
    stream: TcpStream,
    hit: Hit,
    talk: Talk,
    config: Arc<Config>,
    stop: watch::Receiver<bool>,
    begun: Instant,
}

/// What a wait ended with.
enum Heard {
    Bytes(usize),
    Silence,
    End(Ending),
}

impl Visit {
    pub(super) fn new(
        stream: TcpStream,
        hit: Hit,
        config: Arc<Config>,
        stop: watch::Receiver<bool>,
    ) -> Visit {
        let talk = Talk::new(hit.port);
        Visit { stream, hit, talk, config, stop, begun: Instant::now() }
    }

    /// Talks until one of them has enough.
    pub(super) async fn run(mut self) -> Hit {
        let ending = self.talk_on().await;
        self.hit.ended = Some(ending);
        self.hit.seconds = (self.begun.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        self.hit.wanted = self.talk.wanted(&self.hit.first);
        self.hit.logins = self.talk.logins();
        self.hit.commands = self.talk.commands();
        self.hit.mail = self.talk.mail();
        match ending {
            // Our last words are still on their way.
            Ending::Closed | Ending::Done => drop(self.stream),
            Ending::Reset | Ending::Idle | Ending::TooLong | Ending::TooMany | Ending::Stopped => {
                reset(self.stream);
            }
        }
        self.hit
    }

    async fn talk_on(&mut self) -> Ending {
        let longer = if self.config.tarpit { TARPIT_LONGER } else { 1 };
        let until = self.begun + self.config.longest.saturating_mul(longer);
        loop {
            let say = match self.listen(until).await {
                Heard::End(ending) => return ending,
                Heard::Silence => self.talk.silence(),
                // A short word is on the stack of `listen` no longer; the talk has had it.
                Heard::Bytes(0) => return Ending::Closed,
                Heard::Bytes(_) => match self.read() {
                    Ok(Some(say)) => say,
                    Ok(None) => return Ending::Closed,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                    Err(_) => return Ending::Reset,
                },
            };
            if !self.say(&say.bytes, until).await {
                return Ending::Reset;
            }
            if say.last {
                return Ending::Done;
            }
        }
    }

    /// Waits until there is something to read, or a greeting is due, or it has been long enough.
    async fn listen(&mut self, until: Instant) -> Heard {
        let now = Instant::now();
        let greets = self.talk.awaits_silence();
        let idle = if self.config.tarpit { self.config.longest } else { self.config.idle };
        let wait = now + if greets { self.config.silence } else { idle };
        let readable = timeout_at(wait.min(until), self.stream.readable());
        tokio::select! {
            biased;
            readable = readable => match readable {
                Ok(Ok(())) => Heard::Bytes(1),
                Ok(Err(_)) => Heard::End(Ending::Reset),
                Err(_) if until <= wait => Heard::End(Ending::TooLong),
                Err(_) if greets => Heard::Silence,
                Err(_) => Heard::End(Ending::Idle),
            },
            _ = self.stop.wait_for(|stop| *stop) => Heard::End(Ending::Stopped),
        }
    }

    /// Reads what is there and says what answers it; `None` when the visitor has closed.
    fn read(&mut self) -> io::Result<Option<Say>> {
        let mut buffer = [0; AT_ONCE];
        let count = self.stream.try_read(&mut buffer)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(None);
        }
        self.hit.bytes = self.hit.bytes.saturating_add(u64::try_from(count).unwrap_or(0));
        let room = FIRST_BYTES.saturating_sub(self.hit.first.len()).min(count);
        self.hit.first.extend_from_slice(bytes.get(..room).unwrap_or_default());
        Ok(Some(self.talk.hear(bytes)))
    }

    /// Whether it could be said.
    async fn say(&mut self, bytes: &[u8], until: Instant) -> bool {
        if bytes.is_empty() {
            return true;
        }
        if !self.config.tarpit {
            return matches!(timeout_at(until, self.stream.write_all(bytes)).await, Ok(Ok(())));
        }
        for byte in bytes {
            sleep(SLOWLY).await;
            if !matches!(timeout_at(until, self.stream.write_all(&[*byte])).await, Ok(Ok(()))) {
                return false;
            }
        }
        true
    }
}

/// Ends a connection at once, and leaves nothing of it in the kernel.
pub(super) fn reset(stream: TcpStream) {
    let at_once = linger { l_onoff: 1, l_linger: 0 };
    if let Err(error) = setsockopt(&stream, sockopt::Linger, &at_once) {
        tracing::debug!(%error, "a visitor of a trap is let go slowly");
    }
    drop(stream);
}

#[cfg(test)]
#[path = "../../tests/inside/visit.rs"]
mod tests;
