//! The conversation as a plain value: bytes in, steps out.

mod body;
mod command;
mod follow;
pub(super) mod reply;

use std::collections::VecDeque;
use std::sync::Arc;

use self::body::{Body, Lost};
use self::command::Fault;
use self::reply::Reply;
use super::{Config, Protocol, Recipients};
use crate::{Outcome, Refusal};

/// What a session needs to know of its [`Config`].
#[derive(Debug, Clone)]
pub struct Profile {
    /// What is spoken.
    pub protocol: Protocol,
    /// Our own name.
    pub hostname: String,
    /// Who mail is accepted for.
    pub recipients: Recipients,
    /// Whether STARTTLS is offered.
    pub starttls: bool,
    /// See [`Limits::message_bytes`](super::Limits::message_bytes).
    pub message_bytes: usize,
    /// See [`Limits::command_bytes`](super::Limits::command_bytes).
    pub command_bytes: usize,
    /// See [`Limits::recipients`](super::Limits::recipients).
    pub max_recipients: usize,
    /// See [`Limits::errors`](super::Limits::errors).
    pub errors: usize,
}

impl From<&Config> for Profile {
    fn from(config: &Config) -> Profile {
        Profile {
            protocol: config.protocol,
            hostname: config.hostname.clone(),
            recipients: config.recipients.clone(),
            starttls: config.tls.is_some(),
            message_bytes: config.limits.message_bytes,
            command_bytes: config.limits.command_bytes,
            max_recipients: config.limits.recipients,
            errors: config.limits.errors,
        }
    }
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send these bytes: one reply, complete with CRLF.
    Say(Vec<u8>),
    /// Count this refusal, and log it with the client's words (show them only through
    /// [`Printable`](crate::Printable)). The reply is a step of its own.
    Refused(Refusal, Vec<u8>),
    /// Hand this message on, then tell the session with [`Session::settle`]; until then it takes no step.
    Deliver(Message),
    /// Negotiate TLS, then call [`Session::secured`]. What is heard in between is thrown away.
    StartTls,
    /// Close the connection. Nothing follows.
    Close,
}

/// A complete message with its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The name given in EHLO, HELO or LHLO.
    pub helo: String,
    /// The reverse path; empty for the null sender.
    pub mail_from: String,
    /// The accepted recipients as given.
    pub rcpt_to: Vec<String>,
    /// Their intake tags, each once.
    pub tags: Vec<String>,
    /// The message with transparency dots removed.
    pub bytes: Vec<u8>,
    /// Its longest line in bytes, line end included.
    pub longest_line: usize,
}

/// Where the conversation stands.
#[derive(Debug)]
enum State {
    /// A command line is expected.
    Command,
    /// A command line over the limit is skipped up to its end.
    SkippingLine,
    /// A message is being received.
    Body(Body),
    /// A message was handed on; so many replies are owed for it.
    Delivering { replies: usize },
    /// TLS is being negotiated.
    Handshake,
    /// Nothing is said or heard any more.
    Closed,
}

/// A message begun by MAIL.
#[derive(Debug, Default)]
struct Begun {
    from: String,
    utf8: bool,
    to: Vec<String>,
    tags: Vec<String>,
}

/// What stands in the log for a command line too long to be kept.
const OVERLONG: &[u8] = b"(a line over the limit)";

/// One conversation.
///
/// ```
/// # use std::sync::Arc;
/// # use sensors::smtp::{Config, Profile, Protocol, Recipients, Session, Step};
/// let config = Config::new(Protocol::Smtp, "desk.example.net", Recipients::parse(["abuse@example.net"])?);
/// let mut session = Session::new(Arc::new(Profile::from(&config)));
/// assert!(matches!(session.step(), Some(Step::Say(greeting)) if greeting.starts_with(b"220 desk.example.net ")));
/// session.hear(b"QUIT\r\n");
/// assert!(matches!(session.step(), Some(Step::Say(bye)) if bye.starts_with(b"221 ")));
/// assert_eq!(session.step(), Some(Step::Close));
/// # Ok::<(), sensors::smtp::RecipientError>(())
/// ```
#[derive(Debug)]
pub struct Session {
    profile: Arc<Profile>,
    state: State,
    heard: Vec<u8>,
    used: usize,
    steps: VecDeque<Step>,
    helo: Option<String>,
    secure: bool,
    begun: Option<Begun>,
    errors: usize,
}

impl Session {
    /// A new conversation; its first step is the greeting.
    #[must_use]
    pub fn new(profile: Arc<Profile>) -> Session {
        let kind = match profile.protocol {
            Protocol::Smtp => "ESMTP",
            Protocol::Lmtp => "LMTP",
        };
        let greeting = format!("220 {} {kind} nightdesk\r\n", profile.hostname).into_bytes();
        Session {
            profile,
            state: State::Command,
            heard: Vec::new(),
            used: 0,
            steps: VecDeque::from([Step::Say(greeting)]),
            helo: None,
            secure: false,
            begun: None,
            errors: 0,
        }
    }

    /// Takes in what the client sent. Call [`step`](Session::step) until it returns `None` before reading more.
    pub fn hear(&mut self, bytes: &[u8]) {
        if matches!(self.state, State::Handshake | State::Closed) {
            return;
        }
        self.heard.drain(..self.used.min(self.heard.len()));
        self.used = 0;
        self.heard.extend_from_slice(bytes);
    }

    /// The next thing to do, or `None` when more input (or [`settle`](Session::settle), [`secured`](Session::secured))
    /// is needed.
    pub fn step(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.steps.pop_front() {
                return Some(step);
            }
            if !self.advance() {
                return None;
            }
        }
    }

    /// Tells what became of the message of the last [`Step::Deliver`].
    pub fn settle(&mut self, outcome: Outcome) {
        if let State::Delivering { replies } = self.state {
            self.state = State::Command;
            if outcome == Outcome::OnDisk {
                // As Postfix does: errors are counted since the last message that was taken.
                self.errors = 0;
            }
            self.say_times(
                replies,
                match outcome {
                    Outcome::OnDisk => reply::ON_DISK,
                    Outcome::Full => reply::FULL,
                    Outcome::Failed => reply::FAILED,
                    Outcome::Busy => reply::BUSY,
                },
            );
        }
    }

    /// Tells that TLS is up: all that was said before is forgotten (RFC 3207 4.2).
    pub fn secured(&mut self) {
        if matches!(self.state, State::Handshake) {
            self.state = State::Command;
            self.secure = true;
            self.helo = None;
            self.begun = None;
        }
    }

    /// Whether a message is being received at this moment.
    #[must_use]
    pub fn receiving(&self) -> bool {
        matches!(self.state, State::Body(_))
    }

    /// Bytes of the message being received that are held in memory.
    #[must_use]
    pub fn held(&self) -> usize {
        if let State::Body(body) = &self.state { body.held() } else { 0 }
    }

    /// Forgets the message being received, for want of memory; at its end it is refused with 452 4.3.1.
    pub fn shed(&mut self) {
        if let State::Body(body) = &mut self.state {
            body.lose(Lost::NoMemory);
        }
    }

    /// Uses up some of what was heard; false when that is not enough for anything.
    fn advance(&mut self) -> bool {
        match &mut self.state {
            State::Command => self.next_line(),
            State::SkippingLine => self.skip_line(),
            State::Body(body) => {
                let (taken, ended) = body.take(self.heard.get(self.used..).unwrap_or_default());
                self.used += taken;
                if ended {
                    self.end_body();
                }
                ended
            }
            State::Delivering { .. } | State::Handshake | State::Closed => false,
        }
    }

    fn next_line(&mut self) -> bool {
        let rest = self.heard.get(self.used..).unwrap_or_default();
        let limit = self.profile.command_bytes;
        let Some(end) = memchr::memchr(b'\n', rest) else {
            if rest.len() < limit {
                return false;
            }
            self.state = State::SkippingLine;
            return true;
        };
        let line = rest.get(..end).unwrap_or_default().to_vec();
        self.used += end + 1;
        match line.strip_suffix(b"\r") {
            _ if end >= limit => self.refuse(reply::LINE_TOO_LONG, OVERLONG),
            None => self.refuse(reply::BARE_LF, &line),
            Some(line) => match command::parse(line) {
                Ok(command) => self.follow(&command, line),
                Err(Fault::Refuse(reply)) => self.refuse(reply, line),
                Err(Fault::Foreign) => {
                    self.steps.push_back(Step::Refused(Refusal::BadCommand, line.to_vec()));
                    self.close(reply::FOREIGN_PROTOCOL);
                }
            },
        }
        true
    }

    fn skip_line(&mut self) -> bool {
        let rest = self.heard.get(self.used..).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', rest) else {
            self.used = self.heard.len();
            return false;
        };
        self.used += end + 1;
        self.state = State::Command;
        self.refuse(reply::LINE_TOO_LONG, OVERLONG);
        true
    }

    fn end_body(&mut self) {
        let State::Body(body) = std::mem::replace(&mut self.state, State::Command) else { return };
        let Begun { from, to, tags, .. } = self.begun.take().unwrap_or_default();
        let replies = match self.profile.protocol {
            Protocol::Smtp => 1,
            Protocol::Lmtp => to.len(),
        };
        let (kept, longest_line) = body.finish();
        match kept {
            Ok(bytes) => {
                let helo = self.helo.clone().unwrap_or_default();
                let message = Message { helo, mail_from: from, rcpt_to: to, tags, bytes, longest_line };
                self.steps.push_back(Step::Deliver(message));
                self.state = State::Delivering { replies };
            }
            Err(lost) => {
                let (reason, reply) = match lost {
                    Lost::TooLarge => (Refusal::TooLarge, reply::TOO_LARGE),
                    Lost::NoMemory => (Refusal::Busy, reply::NO_MEMORY),
                };
                self.steps.push_back(Step::Refused(reason, from.into_bytes()));
                self.say_times(replies, reply);
            }
        }
    }

    fn say(&mut self, reply: Reply) {
        self.steps.push_back(Step::Say(reply.wire()));
    }

    fn say_times(&mut self, times: usize, reply: Reply) {
        for _ in 0..times {
            self.say(reply);
        }
    }

    /// Refuses what is no fault of the client's manners: it does not count towards the error limit.
    fn turn_away(&mut self, reason: Refusal, line: &[u8], reply: Reply) {
        self.steps.push_back(Step::Refused(reason, line.to_vec()));
        self.say(reply);
    }

    fn refuse(&mut self, reply: Reply, line: &[u8]) {
        self.refuse_as(Refusal::BadCommand, reply, line);
    }

    /// Refuses and counts an error; at the limit the session ends.
    fn refuse_as(&mut self, reason: Refusal, reply: Reply, line: &[u8]) {
        self.turn_away(reason, line, reply);
        self.errors += 1;
        if self.errors >= self.profile.errors {
            self.steps.push_back(Step::Refused(Refusal::TooManyErrors, Vec::new()));
            self.close(reply::TOO_MANY_ERRORS);
        }
    }

    fn close(&mut self, reply: Reply) {
        self.say(reply);
        self.steps.push_back(Step::Close);
        self.state = State::Closed;
        self.forget_input();
    }

    fn forget_input(&mut self) {
        self.heard = Vec::new();
        self.used = 0;
    }
}
