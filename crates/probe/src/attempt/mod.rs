//! One method tried on one port, to its end.

mod decoy;
mod fetch;
mod tunnel;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::door::{Door, NoWay};
use crate::landing::{Arrival, Landing, Ticket, Way};
use crate::login::Login;
use crate::method::Method;
use crate::tls::{self, Hello};
use crate::transcript::Voice;
use crate::wire::{Broken, Conversation, Wire};

const OTHER_PROTOCOL: &str = "it speaks some other protocol";

/// What all attempts of a question share.
#[derive(Debug)]
pub(crate) struct Means {
    pub(crate) door: Arc<Door>,
    pub(crate) landing: Landing,
    /// The landing as targets are told it.
    pub(crate) told: Vec<SocketAddr>,
    /// Its name, where it has one.
    pub(crate) name: Option<String>,
    /// Who we are, for `User-Agent`.
    pub(crate) agent: String,
    /// How long a port may take.
    pub(crate) deadline: Duration,
    /// How long a mail server may take.
    pub(crate) relay_deadline: Duration,
    /// Whose mail exchanger the landing is, where it is one.
    pub(crate) domain: Option<String>,
    /// Whether known names and passwords are tried where one is asked for.
    pub(crate) known_logins: bool,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The secret came back and the nonce landed, from this address.
    Proved(IpAddr),
    /// It is our protocol, and it does not go where we asked it to.
    Refused,
    /// It is our protocol, and it wants a name and a password that we have not given.
    WantsLogin,
    /// Something was answered to the end and nothing was relayed; `fits` when it was our protocol.
    Answered {
        /// It was a reply of the protocol that was asked for.
        fits: bool,
    },
    /// Closed in order without a word.
    HungUp,
    /// Not a word, or a reset instead of one.
    Silent,
    /// It spoke and stopped in the middle, was reset, relayed one way only, or could not be tried: no telling.
    Open,
}

impl Ending {
    /// Whether the port spoke the protocol that was asked for.
    pub(crate) fn fits(self) -> bool {
        matches!(self, Ending::Refused | Ending::WantsLogin | Ending::Answered { fits: true })
    }

    /// Whether the port answered at all, if only by hanging up.
    pub(crate) fn has_answered(self) -> bool {
        self.fits() || matches!(self, Ending::HungUp | Ending::Answered { .. })
    }
}

/// One method on one port.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) means: Arc<Means>,
    pub(crate) target: SocketAddr,
    pub(crate) told: SocketAddr,
    pub(crate) method: Method,
    /// Whether it goes on inside TLS.
    pub(crate) inside_tls: bool,
    pub(crate) login: Option<Login>,
    pub(crate) deadline: Instant,
    pub(crate) voice: Voice,
    /// Set at the first byte that is heard.
    pub(crate) spoken_to: Arc<AtomicBool>,
    /// Set when what is heard is a mail server's greeting.
    pub(crate) greets: Arc<AtomicBool>,
}

impl Attempt {
    /// Runs it, over `stream` when there is a fresh connection already.
    pub(crate) async fn run(self, stream: Option<TcpStream>) -> Ending {
        let way = if self.method.fetches() { Way::Request } else { Way::Line };
        let ticket = match self.means.landing.expect(way, self.means.deadline + decoy::WAITS) {
            Ok(ticket) => ticket,
            Err(error) => {
                self.voice.say(error.to_string());
                return Ending::Open;
            }
        };
        let conversation = match stream {
            Some(stream) => Conversation::Plain(stream),
            None => match self.converse(self.deadline).await {
                Some(conversation) => conversation,
                None => return Ending::Silent,
            },
        };
        let began = Instant::now();
        let wire = Wire::new(conversation, self.voice.clone(), self.deadline);
        let mut wire = wire.telling(Arc::clone(&self.spoken_to));
        let ending = match self.method.fetches() {
            true => self.fetch(&mut wire, &ticket).await,
            false => self.tunnel(&mut wire, &ticket).await,
        };
        // A port that serves one connection at a time is free for the next.
        drop(wire);
        self.note_arrival(&ticket);
        match (ending, ticket.arrival()) {
            (Ending::Proved(_), _) if self.method.fetches() => {
                let is_unread = matches!(ticket.arrival(), Arrival::Unread(_));
                self.unless_forward(ending, began.elapsed(), is_unread).await
            }
            (Ending::Proved(_), _) => ending,
            // It went out and did not come back: no proof, and nothing that could be called closed.
            (_, Arrival::Landed(_)) => Ending::Open,
            _ => ending,
        }
    }

    /// A connection of our own, and TLS on it where that is what the port speaks.
    async fn converse(&self, deadline: Instant) -> Option<Conversation> {
        let stream = self.connect(deadline).await?;
        if !self.inside_tls {
            return Some(Conversation::Plain(stream));
        }
        match tls::hello(stream, self.target.ip(), &self.voice, deadline).await {
            Hello::Spoken(conversation) => Some(conversation),
            _ => None,
        }
    }

    async fn connect(&self, deadline: Instant) -> Option<TcpStream> {
        match timeout_at(deadline, self.means.door.connect(self.target)).await {
            Ok(Ok(stream)) => return Some(stream),
            Ok(Err(NoWay::Untouchable(refusal))) => self.voice.say(format!("not connected: {refusal}")),
            Ok(Err(NoWay::Io(error))) => self.voice.say(format!("a further connection failed: {error}")),
            Err(_) => self.voice.say("a further connection was not accepted before the deadline"),
        }
        None
    }

    /// The landing as HTTP names it. The port of `http` is left out of a name's, as clients do.
    fn authority(&self) -> String {
        match &self.means.name {
            Some(name) if self.method.needs_name() => match self.told.port() {
                80 if self.method.fetches() => name.clone(),
                port => format!("{name}:{port}"),
            },
            _ => self.told.to_string(),
        }
    }

    fn note_arrival(&self, ticket: &Ticket) {
        match ticket.arrival() {
            Arrival::NotYet => {}
            Arrival::Landed(exit) => self.voice.say(format!("its nonce landed at our listener, from {exit}")),
            Arrival::Unread(from) => self.voice.say(format!(
                "its request arrived at our listener from {from} as we had sent it, which a forwarded port does too"
            )),
        }
    }
}

/// The one thing that is proof.
fn proof(wire: &Wire, ticket: &Ticket) -> Option<Ending> {
    let secret = ticket.secret();
    let came_back = wire.got.windows(secret.len()).any(|window| window == secret.as_bytes());
    match ticket.arrival() {
        Arrival::Landed(exit) | Arrival::Unread(exit) if came_back => Some(Ending::Proved(exit)),
        _ => None,
    }
}

/// What a connection that ended before any grant says.
fn before_grant(broken: Broken, heard: bool) -> Ending {
    match (broken, heard) {
        (Broken::Late | Broken::Reset, false) => Ending::Silent,
        (Broken::Late | Broken::Reset, true) => Ending::Open,
        (Broken::Closed, false) => Ending::HungUp,
        (Broken::Closed | Broken::Flood, _) => Ending::Answered { fits: false },
    }
}
