//! One method tried on one port, to its end.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::door::{Door, NoWay};
use crate::landing::{Arrival, Landing, Ticket, Way};
use crate::method::Method;
use crate::replies::{self, Head, Reply};
use crate::requests;
use crate::transcript::Voice;
use crate::wire::{Broken, Wire};

/// The least time that the check for a fixed forward waits; three times as long as the proof took, when that is more.
const DECOY_WAITS: Duration = Duration::from_millis(500);

const OTHER_PROTOCOL: &str = "it speaks some other protocol";

/// What all attempts of a question share.
#[derive(Debug)]
pub(crate) struct Means {
    pub(crate) door: Door,
    pub(crate) landing: Landing,
    /// The landing as targets are told it.
    pub(crate) told: Vec<SocketAddr>,
    /// Its name, where it has one.
    pub(crate) name: Option<String>,
    /// Who we are, for `User-Agent`.
    pub(crate) agent: String,
    /// How long a port may take.
    pub(crate) deadline: Duration,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The secret came back and the nonce landed, from this address.
    Proved(IpAddr),
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

/// Reads a reply as far as it has come.
type Reader = fn(&[u8]) -> Reply;

/// One method on one port.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) means: Arc<Means>,
    pub(crate) target: SocketAddr,
    pub(crate) told: SocketAddr,
    pub(crate) method: Method,
    pub(crate) deadline: Instant,
    pub(crate) voice: Voice,
}

impl Attempt {
    /// Runs it, over `stream` when there is a fresh connection already.
    pub(crate) async fn run(self, stream: Option<TcpStream>) -> Ending {
        let way = if self.method == Method::Get { Way::Request } else { Way::Line };
        let ticket = match self.means.landing.expect(way, self.means.deadline + DECOY_WAITS) {
            Ok(ticket) => ticket,
            Err(error) => {
                self.voice.say(error.to_string());
                return Ending::Open;
            }
        };
        let stream = match stream {
            Some(stream) => stream,
            None => match self.connect(self.deadline).await {
                Some(stream) => stream,
                None => return Ending::Silent,
            },
        };
        let began = Instant::now();
        let mut wire = Wire::new(stream, self.voice.clone(), self.deadline);
        let ending = match self.method {
            Method::Get => self.fetch(&mut wire, &ticket).await,
            _ => self.tunnel(&mut wire, &ticket).await,
        };
        self.note_arrival(&ticket);
        match (ending, ticket.arrival()) {
            (Ending::Proved(_), _) if self.method == Method::Get => {
                self.unless_forward(ending, began.elapsed()).await
            }
            (Ending::Proved(_), _) => ending,
            // It went out and did not come back: no proof, and nothing that could be called closed.
            (_, Arrival::Landed(_)) => Ending::Open,
            _ => ending,
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

    /// Asks for a tunnel to the landing and, once it is said to be open, sends the nonce through.
    async fn tunnel(&self, wire: &mut Wire, ticket: &Ticket) -> Ending {
        match self.open(wire).await {
            Ok(Reply::Granted(_)) => {}
            Ok(Reply::Refused(code)) => {
                self.voice.say(format!("it refuses, code {code}"));
                return Ending::Answered { fits: true };
            }
            Ok(Reply::Foreign | Reply::More) => {
                self.voice.say(OTHER_PROTOCOL);
                return Ending::Answered { fits: false };
            }
            Err(broken) => return before_grant(broken, wire.has_heard()),
        }
        self.voice.say("it says that the way is open");
        match self.through(wire, ticket).await {
            Ok(ending) => ending,
            Err(Broken::Reset) => Ending::Open,
            Err(Broken::Late | Broken::Closed | Broken::Flood) => {
                self.voice.say("it said that the way is open and passed nothing of ours back");
                Ending::Answered { fits: true }
            }
        }
    }

    /// Asks, step by step, waiting for each reply: microsocks and others lose a request that comes with the greeting.
    async fn open(&self, wire: &mut Wire) -> Result<Reply, Broken> {
        let (told, agent) = (self.told, &self.means.agent);
        let by_name = || self.means.name.clone().unwrap_or_else(|| told.ip().to_string());
        let (request, read): (Vec<u8>, Reader) = match self.method {
            Method::Connect10 => (requests::connect_1_0(told), replies::connect),
            Method::Connect11 | Method::Get => (requests::connect_1_1(told, agent), replies::connect),
            Method::Socks4a => (requests::socks4a(&by_name(), told.port()), replies::socks4),
            Method::Socks4 => match told.ip() {
                IpAddr::V4(v4) => (requests::socks4(v4, told.port()), replies::socks4),
                IpAddr::V6(_) => (requests::socks4a(&by_name(), told.port()), replies::socks4),
            },
            Method::Socks5 => (requests::socks5(told), replies::socks5),
            Method::Socks5Name => (requests::socks5_name(&by_name(), told.port()), replies::socks5),
        };
        if matches!(self.method, Method::Socks5 | Method::Socks5Name) {
            wire.send(&requests::SOCKS5_GREETING).await?;
            let method = reply(wire, replies::socks5_method).await?;
            if !matches!(method, Reply::Granted(_)) {
                return Ok(method);
            }
        }
        wire.send(&request).await?;
        reply(wire, read).await
    }

    async fn through(&self, wire: &mut Wire, ticket: &Ticket) -> Result<Ending, Broken> {
        wire.send(&requests::line(&ticket.nonce())).await?;
        loop {
            if let Some(proof) = proof(wire, ticket) {
                return Ok(proof);
            }
            wire.more().await?;
        }
    }

    /// Asks for a page of the landing in absolute form.
    async fn fetch(&self, wire: &mut Wire, ticket: &Ticket) -> Ending {
        let request = requests::get(&self.told.to_string(), &ticket.nonce(), &self.means.agent);
        if let Err(broken) = wire.send(&request).await {
            return before_grant(broken, wire.has_heard());
        }
        loop {
            if let Some(proof) = proof(wire, ticket) {
                return proof;
            }
            if replies::http_head(&wire.got) == Head::Foreign {
                self.voice.say(OTHER_PROTOCOL);
                return Ending::Answered { fits: false };
            }
            if whole_reply(&wire.got) {
                self.voice.say("it answered by itself");
                return Ending::Answered { fits: true };
            }
            if let Err(broken) = wire.more().await {
                return match replies::http_head(&wire.got) {
                    Head::Complete { .. } => Ending::Answered { fits: true },
                    Head::More | Head::Foreign => before_grant(broken, wire.has_heard()),
                };
            }
        }
    }

    /// A web server that hands everything on to our landing would pass for a proxy: it rewrites our absolute-form
    /// request as a proxy does. So the same is asked for a host that cannot exist (RFC 6761 section 6.4). A proxy
    /// looks for that host and fails; a fixed forward brings the request to us all the same.
    async fn unless_forward(&self, proof: Ending, took: Duration) -> Ending {
        let Ok(decoy) = self.means.landing.expect(Way::Request, self.means.deadline) else {
            return Ending::Open;
        };
        let deadline =
            self.deadline.max(Instant::now() + DECOY_WAITS).min(Instant::now() + DECOY_WAITS.max(took * 3));
        let Some(stream) = self.connect(deadline).await else {
            return Ending::Open;
        };
        self.voice
            .say("asking the same for a host that does not exist, to tell a proxy from a fixed forward");
        let mut wire = Wire::new(stream, self.voice.clone(), deadline);
        let authority = format!("{}.invalid:{}", decoy.secret(), self.told.port());
        let mut going = wire.send(&requests::get(&authority, &decoy.nonce(), &self.means.agent)).await;
        if going.is_err() {
            return Ending::Open;
        }
        while going.is_ok() && decoy.arrival() == Arrival::NotYet && !whole_reply(&wire.got) {
            going = wire.more().await;
        }
        if decoy.arrival() == Arrival::NotYet {
            return proof;
        }
        self.voice
            .say("that landed at our listener too: the port forwards everything to it, which is no proxy");
        Ending::Answered { fits: true }
    }

    fn note_arrival(&self, ticket: &Ticket) {
        match ticket.arrival() {
            Arrival::NotYet => {}
            Arrival::Landed(exit) => self.voice.say(format!("its nonce landed at our listener, from {exit}")),
            Arrival::Unread(from) => self.voice.say(format!(
                "its request arrived at our listener from {from} as we had sent it: a forwarded port, not a proxy"
            )),
        }
    }
}

/// Reads until `read` has made up its mind, and consumes what was granted.
async fn reply(wire: &mut Wire, read: Reader) -> Result<Reply, Broken> {
    loop {
        match read(&wire.got) {
            Reply::More => wire.more().await?,
            Reply::Granted(length) => {
                wire.consume(length);
                return Ok(Reply::Granted(length));
            }
            decided => return Ok(decided),
        }
    }
}

/// The one thing that is proof.
fn proof(wire: &Wire, ticket: &Ticket) -> Option<Ending> {
    let secret = ticket.secret();
    let came_back = wire.got.windows(secret.len()).any(|window| window == secret.as_bytes());
    match ticket.arrival() {
        Arrival::Landed(exit) if came_back => Some(Ending::Proved(exit)),
        _ => None,
    }
}

/// Whether an HTTP reply with a stated length is all there, so that a kept-alive connection is not waited for.
fn whole_reply(bytes: &[u8]) -> bool {
    match replies::http_head(bytes) {
        Head::Complete { length, body: Some(body), .. } => (bytes.len() - length) as u64 >= body,
        Head::Complete { .. } | Head::More | Head::Foreign => false,
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
