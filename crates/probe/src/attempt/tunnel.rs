//! Methods that ask for a tunnel: the nonce goes through it as a line of its own.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::{Attempt, Ending, OTHER_PROTOCOL, before_grant, proof};
use crate::landing::Ticket;
use crate::login::CISCO;
use crate::method::Method;
use crate::replies::{self, Reply};
use crate::requests;
use crate::telnet::{self, Prompt};
use crate::wire::{Broken, Wire};

/// How long a bare CONNECT may stay unanswered before an empty line follows it: MikroTik's proxy waits for one (libopm).
const NUDGE: Duration = Duration::from_secs(1);

/// Reads a reply as far as it has come.
type Reader = fn(&[u8]) -> Reply;

impl Attempt {
    /// Asks for a tunnel to the landing and, once it is said to be open, sends the nonce through.
    pub(super) async fn tunnel(&self, wire: &mut Wire, ticket: &Ticket) -> Ending {
        match self.open(wire).await {
            Ok(Reply::Granted(_)) => {}
            Ok(Reply::Refused(code)) => {
                self.voice.say(format!("it refuses, code {code}"));
                return self.refused(code);
            }
            Ok(Reply::Foreign | Reply::More) => {
                self.voice.say(OTHER_PROTOCOL);
                if wire.got.starts_with(b"220") {
                    self.greets.store(true, Ordering::Relaxed);
                }
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

    /// A refusal of HTTP's 407 or SOCKS5's 255 is one of us, not of the way.
    pub(super) fn refused(&self, code: u16) -> Ending {
        match code {
            407 | 0xff if self.login.is_none() => Ending::WantsLogin,
            // A web server that knows no CONNECT would say the same of any destination.
            407 | 0xff | 400..=402 | 404..=499 => Ending::Answered { fits: true },
            _ => Ending::Refused,
        }
    }

    /// Asks, step by step, waiting for each reply: microsocks and others lose a request that comes with the greeting.
    async fn open(&self, wire: &mut Wire) -> Result<Reply, Broken> {
        if self.method == Method::Telnet {
            return self.open_by_prompt(wire).await;
        }
        let (told, agent, login) = (self.told, &self.means.agent, self.login.as_ref());
        let by_name = || self.means.name.clone().unwrap_or_else(|| told.ip().to_string());
        let (request, read): (Vec<u8>, Reader) = match self.method {
            Method::Connect10 => (requests::connect_1_0(told, login), replies::connect),
            Method::Socks4a => (requests::socks4a(&by_name(), told.port()), replies::socks4),
            Method::Socks4 => match told.ip() {
                IpAddr::V4(v4) => (requests::socks4(v4, told.port()), replies::socks4),
                IpAddr::V6(_) => (requests::socks4a(&by_name(), told.port()), replies::socks4),
            },
            Method::Socks5 => (requests::socks5(told), replies::socks5),
            Method::Socks5Name => (requests::socks5_name(&by_name(), told.port()), replies::socks5),
            _ => (requests::connect_1_1(&self.authority(), agent, login), replies::connect),
        };
        if matches!(self.method, Method::Socks5 | Method::Socks5Name) {
            let greeted = self.greet_socks5(wire).await?;
            if !matches!(greeted, Reply::Granted(_)) {
                return Ok(greeted);
            }
        }
        wire.send(&request).await?;
        if self.method == Method::Connect10 && !wire.more_before(Instant::now() + NUDGE).await? {
            wire.send(b"\r\n").await?;
        }
        reply(wire, read).await
    }

    /// SOCKS5's choice of a method, and the login where we have one.
    async fn greet_socks5(&self, wire: &mut Wire) -> Result<Reply, Broken> {
        wire.send(&requests::socks5_greeting(self.login.as_ref())).await?;
        let Some(login) = &self.login else { return reply(wire, replies::socks5_method).await };
        let method = reply(wire, replies::socks5_password_method).await?;
        if !matches!(method, Reply::Granted(_)) {
            return Ok(method);
        }
        wire.send(&login.socks5()).await?;
        reply(wire, replies::socks5_login).await
    }

    /// Waits for a prompt and orders a connection at it.
    async fn open_by_prompt(&self, wire: &mut Wire) -> Result<Reply, Broken> {
        let mut said_password = false;
        loop {
            let prompt = telnet::prompt(&wire.got);
            let (ip, port) = (self.told.ip(), self.told.port());
            let order = match prompt {
                Prompt::More => {
                    wire.more().await?;
                    continue;
                }
                Prompt::Proxy => format!("{}\r\n", self.told),
                Prompt::Shell => format!("telnet {ip} {port}\r\n"),
                Prompt::Password if self.means.known_logins && !said_password => format!("{CISCO}\r\n"),
                Prompt::Password | Prompt::User => {
                    self.voice.say("it wants a password, and none is tried");
                    return Ok(Reply::Refused(0xff));
                }
                Prompt::Foreign => return Ok(Reply::Foreign),
            };
            wire.consume(wire.got.len());
            wire.send(order.as_bytes()).await?;
            if prompt != Prompt::Password {
                return reply(wire, telnet::connected).await;
            }
            said_password = true;
        }
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
