//! One IMAP connection: commands out, answers in, each bounded in bytes and time.

use std::fmt;
use std::time::Duration;

use imap_next::client::{Client, CommandHandle, Error, Event, Options};
use imap_next::imap_types::auth::AuthenticateData;
use imap_next::imap_types::command::{Command, CommandBody};
use imap_next::imap_types::core::Tag;
use imap_next::imap_types::response::{Code, Data, Greeting, Status, StatusBody, StatusKind};
use imap_next::{Interrupt, Io, State};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::Limits;
use super::session::Trouble;

/// A connection, with or without TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// What a server may send in answer to a command that has no long answer: more than any capability list or SELECT.
pub(super) const SHORT: u64 = 1024 * 1024;
/// What it may send where it lists messages: a million numbers.
pub(super) const LONG: u64 = 8 * 1024 * 1024;
/// What may stand around a message in the answer that holds it.
pub(super) const AROUND: u32 = 64 * 1024;
/// Responses in one answer that may be beyond the library. They are skipped: servers add words of their own.
const STRANGE: u32 = 1000;
/// What is read from the connection at once.
const CHUNK: usize = 16 * 1024;

/// The connection as the protocol sees it.
pub(super) struct Wire {
    client: Client,
    stream: Box<dyn Stream>,
    commands: u64,
    silence: Duration,
    command: Duration,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("commands", &self.commands).finish_non_exhaustive()
    }
}

/// How much of a command's bounds is left.
pub(super) struct Budget {
    bytes: u64,
    strange: u32,
    until: Instant,
    silence: Duration,
}

impl Budget {
    /// So many bytes in so much time.
    pub(super) fn new(bytes: u64, time: Duration, silence: Duration) -> Budget {
        let now = Instant::now();
        let until = now.checked_add(time).unwrap_or(now);
        Budget { bytes, strange: STRANGE, until, silence }
    }
}

/// What is done with what comes before a command's end.
pub(super) trait Listener: Send {
    /// Untagged data.
    fn data(&mut self, data: Data<'static>);
    /// The code of an untagged OK, NO or BAD.
    fn code(&mut self, _code: &Code<'static>) {}
    /// The server wants the next piece of an authentication; `None` gives up.
    fn challenge(&mut self) -> Option<AuthenticateData<'static>> {
        None
    }
}

impl Wire {
    /// A new connection; `greeted` when its greeting came before TLS.
    pub(super) fn new(stream: Box<dyn Stream>, limits: &Limits, greeted: bool) -> Wire {
        let mut options = Options::default();
        // A bare LF is wrong and does no harm: the lines are the server's own.
        options.crlf_relaxed = true;
        options.max_response_size = limits.message_bytes.saturating_add(AROUND);
        options.discard_greeting = greeted;
        Wire {
            client: Client::new(options),
            stream,
            commands: 0,
            silence: limits.silence,
            command: limits.command,
        }
    }

    /// The bare connection; what was received and not yet understood is thrown away (RFC 3501 section 6.2.1).
    pub(super) fn into_stream(self) -> Box<dyn Stream> {
        self.stream
    }

    /// What the server says first.
    pub(super) async fn greeting(&mut self) -> Result<Greeting<'static>, Trouble> {
        let mut budget = Budget::new(SHORT, self.silence, self.silence);
        loop {
            if let Event::GreetingReceived { greeting } = self.event(&mut budget).await? {
                return Ok(greeting);
            }
        }
    }

    /// Sends a command without waiting for its answer.
    pub(super) fn begin(&mut self, body: CommandBody<'static>) -> Result<(CommandHandle, String), Trouble> {
        self.commands = self.commands.wrapping_add(1);
        let name = format!("n{}", self.commands);
        let tag = Tag::try_from(name.clone()).map_err(|_| Trouble::Malformed)?;
        Ok((self.client.enqueue_command(Command { tag, body }), name))
    }

    /// Sends a command and waits for its end, at most `bytes` later. A NO or BAD is [`Trouble::No`].
    pub(super) async fn command(
        &mut self,
        body: CommandBody<'static>,
        bytes: u64,
        listener: &mut dyn Listener,
    ) -> Result<(), Trouble> {
        let doing = body.name();
        let (_, tag) = self.begin(body)?;
        let mut budget = Budget::new(bytes, self.command, self.silence);
        self.finish(doing, &tag, &mut budget, listener).await
    }

    /// Waits for the end of the command `tag`.
    pub(super) async fn finish(
        &mut self,
        doing: &'static str,
        tag: &str,
        budget: &mut Budget,
        listener: &mut dyn Listener,
    ) -> Result<(), Trouble> {
        loop {
            let status = match self.event(budget).await? {
                Event::DataReceived { data } => {
                    listener.data(data);
                    continue;
                }
                Event::AuthenticateContinuationRequestReceived { .. } => {
                    let data = listener.challenge().unwrap_or(AuthenticateData::Cancel);
                    self.client.set_authenticate_data(data).map_err(|_| Trouble::Malformed)?;
                    continue;
                }
                Event::StatusReceived { status }
                | Event::CommandRejected { status, .. }
                | Event::AuthenticateStatusReceived { status, .. }
                | Event::IdleRejected { status, .. } => status,
                _ => continue,
            };
            match status {
                Status::Bye(bye) => return Err(Trouble::Bye(bye.text.to_string())),
                Status::Untagged(StatusBody { code: Some(code), .. }) => listener.code(&code),
                Status::Untagged(_) => {}
                Status::Tagged(end) if end.tag.as_ref() == tag => return outcome(doing, end.body, listener),
                // An answer to nothing we asked: the server and we are not in the same conversation.
                Status::Tagged(_) => return Err(Trouble::Malformed),
            }
        }
    }

    /// Ends an IDLE.
    pub(super) fn end_idle(&mut self) -> bool {
        self.client.set_idle_done().is_some()
    }

    /// The next thing that happens.
    pub(super) async fn event(&mut self, budget: &mut Budget) -> Result<Event, Trouble> {
        loop {
            match self.client.next() {
                Ok(event) => return Ok(event),
                Err(Interrupt::Io(Io::Output(bytes))) => self.send(&bytes, budget).await?,
                Err(Interrupt::Io(Io::NeedMoreInput)) => self.receive(budget).await?,
                Err(Interrupt::Error(Error::ResponseTooLong { .. })) => return Err(Trouble::TooMuch),
                // Skipped by the library already.
                Err(Interrupt::Error(_)) => {
                    budget.strange = budget.strange.checked_sub(1).ok_or(Trouble::Malformed)?;
                }
            }
        }
    }

    async fn send(&mut self, bytes: &[u8], budget: &Budget) -> Result<(), Trouble> {
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        timeout_at(budget.next_deadline(), writing).await.map_err(|_| Trouble::Silent)?.map_err(Trouble::Io)
    }

    async fn receive(&mut self, budget: &mut Budget) -> Result<(), Trouble> {
        let mut chunk = [0u8; CHUNK];
        let read = timeout_at(budget.next_deadline(), self.stream.read(&mut chunk)).await;
        let length = match read {
            Ok(read) => read.map_err(Trouble::Io)?,
            Err(_) if Instant::now() >= budget.until => return Err(Trouble::TooSlow),
            Err(_) => return Err(Trouble::Silent),
        };
        if length == 0 {
            return Err(Trouble::Closed);
        }
        let taken = u64::try_from(length).unwrap_or(u64::MAX);
        budget.bytes = budget.bytes.checked_sub(taken).ok_or(Trouble::TooMuch)?;
        self.client.enqueue_input(chunk.get(..length).unwrap_or_default());
        Ok(())
    }
}

impl Budget {
    fn next_deadline(&self) -> Instant {
        Instant::now().checked_add(self.silence).map_or(self.until, |silent| silent.min(self.until))
    }
}

fn outcome(
    doing: &'static str,
    end: StatusBody<'static>,
    listener: &mut dyn Listener,
) -> Result<(), Trouble> {
    let StatusBody { kind, code, text } = end;
    if let Some(code) = &code {
        listener.code(code);
    }
    match kind {
        StatusKind::Ok => Ok(()),
        StatusKind::No | StatusKind::Bad => {
            let try_create = matches!(code, Some(Code::TryCreate));
            Err(Trouble::No { doing, said: text.to_string(), try_create })
        }
    }
}

/// Nothing that comes before the end matters.
pub(super) struct Deaf;

impl Listener for Deaf {
    fn data(&mut self, _data: Data<'static>) {}
}
