//! One connection to a mail server, as a client holds it.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::time::{Instant, timeout_at};

use crate::attempt::Means;
use crate::door::NoWay;
use crate::login::Login;
use crate::smtp::{self, Reply, Said};
use crate::tls::{self, Hello};
use crate::transcript::Voice;
use crate::wire::{Broken, Conversation, Wire};

/// How TLS comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secure {
    No,
    /// From the first byte (RFC 8314 section 3.3).
    FromTheStart,
    /// After STARTTLS (RFC 3207).
    ByCommand,
}

/// Why there is no dialogue, or no more of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The connection ended, or what came was no mail server's.
    Broken(Broken),
    /// Not ours to touch, or no connection.
    NoConnection,
    /// It spoke, and not as a mail server does.
    Foreign,
    /// The server lets nobody in now, or not us: its greeting's or its last code.
    TurnedAway(u16),
    /// The port is forwarded to our own landing.
    OurOwn,
}

impl From<Broken> for Ended {
    fn from(broken: Broken) -> Ended {
        Ended::Broken(broken)
    }
}

/// A dialogue past its EHLO.
#[derive(Debug)]
pub(crate) struct Dialogue {
    wire: Wire,
    /// The server's name as it gave it.
    pub(crate) server: String,
    /// What it answered to EHLO.
    pub(crate) offer: Reply,
    /// Whether an envelope was begun.
    pub(crate) in_use: bool,
}

/// Whom to talk to, and how.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(crate) means: &'a Means,
    pub(crate) target: SocketAddr,
    pub(crate) secure: Secure,
    /// Our name in EHLO.
    pub(crate) helo: &'a str,
    pub(crate) voice: &'a Voice,
    pub(crate) deadline: Instant,
}

impl Call<'_> {
    /// Connects, over `first` where it is connected already, and goes up to the answer to EHLO.
    pub(crate) async fn open(&self, first: Option<tokio::net::TcpStream>) -> Result<Dialogue, Ended> {
        let stream = match first {
            Some(stream) => stream,
            None => match timeout_at(self.deadline, self.means.door.connect(self.target)).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(NoWay::Untouchable(refusal))) => return self.not_connected(&refusal.to_string()),
                Ok(Err(NoWay::Io(error))) => return self.not_connected(&error.to_string()),
                Err(_) => return self.not_connected("no answer before the deadline"),
            },
        };
        let conversation = match self.secure {
            Secure::FromTheStart => self.shake_hands(stream).await?,
            _ => Conversation::Plain(stream),
        };
        let mut wire = Wire::new(conversation, self.voice.clone(), self.deadline);
        let greeting = hear(&mut wire).await?;
        if self.means.landing.is_own_greeting(&greeting_line(&greeting)) {
            self.voice.say("that is the greeting of our own landing: the port forwards everything to it");
            return Err(Ended::OurOwn);
        }
        if greeting.code != 220 {
            return Err(Ended::TurnedAway(greeting.code));
        }
        let mut offer = self.introduce(&mut wire).await?;
        if self.secure == Secure::ByCommand {
            (wire, offer) = self.start_tls(wire).await?;
        }
        let named = [greeting.first_word(), offer.first_word()];
        let server = named.into_iter().find(|name| name.contains('.') && is_name(name));
        let server = server.map_or_else(|| literal(self.target), str::to_owned);
        Ok(Dialogue { wire, server, offer, in_use: false })
    }

    fn not_connected<T>(&self, why: &str) -> Result<T, Ended> {
        self.voice.say(format!("not connected: {why}"));
        Err(Ended::NoConnection)
    }

    /// EHLO, and HELO for those who do not know it.
    async fn introduce(&self, wire: &mut Wire) -> Result<Reply, Ended> {
        let offer = say(wire, &format!("EHLO {}", self.helo)).await?;
        if offer.code == 250 {
            return Ok(offer);
        }
        let plain = say(wire, &format!("HELO {}", self.helo)).await?;
        if plain.code == 250 { Ok(plain) } else { Err(Ended::TurnedAway(plain.code)) }
    }

    async fn start_tls(&self, mut wire: Wire) -> Result<(Wire, Reply), Ended> {
        let ready = say(&mut wire, "STARTTLS").await?;
        if ready.code != 220 {
            return Err(Ended::TurnedAway(ready.code));
        }
        let stream = wire.into_plain().ok_or(Ended::Foreign)?;
        let conversation = self.shake_hands(stream).await?;
        let mut wire = Wire::new(conversation, self.voice.clone(), self.deadline);
        let offer = self.introduce(&mut wire).await?;
        Ok((wire, offer))
    }

    async fn shake_hands(&self, stream: tokio::net::TcpStream) -> Result<Conversation, Ended> {
        match tls::hello(stream, self.target.ip(), self.voice, self.deadline).await {
            Hello::Spoken(conversation) => Ok(conversation),
            Hello::Silent => Err(Ended::Broken(Broken::Late)),
            _ => Err(Ended::Foreign),
        }
    }
}

impl Dialogue {
    /// One command and its reply's code.
    pub(crate) async fn say(&mut self, command: &str) -> Result<u16, Ended> {
        say(&mut self.wire, command).await.map(|reply| reply.code)
    }

    /// The text of a mail, after DATA was answered with 354, and the reply to it.
    pub(crate) async fn text(&mut self, text: &str) -> Result<u16, Ended> {
        self.wire.send(text.as_bytes()).await?;
        self.say(".").await
    }

    /// Logs in by PLAIN, or by LOGIN where that alone is offered; whether it was taken.
    pub(crate) async fn log_in(&mut self, login: &Login) -> Result<bool, Ended> {
        let offered = self.offer.offers("AUTH").unwrap_or_default();
        if offered.split(' ').any(|mechanism| mechanism == "LOGIN") {
            let mut code = self.say("AUTH LOGIN").await?;
            for part in [&login.user, &login.password] {
                if code != 334 {
                    return Ok(false);
                }
                code = self.say(&STANDARD.encode(part)).await?;
            }
            return Ok(code == 235);
        }
        Ok(self.say(&format!("AUTH PLAIN {}", login.plain())).await? == 235)
    }

    /// Leaves in order; nobody waits for the answer.
    pub(crate) async fn leave(mut self) {
        self.wire.send(b"QUIT\r\n").await.unwrap_or_default();
    }
}

async fn say(wire: &mut Wire, command: &str) -> Result<Reply, Ended> {
    wire.send(format!("{command}\r\n").as_bytes()).await?;
    hear(wire).await
}

async fn hear(wire: &mut Wire) -> Result<Reply, Ended> {
    loop {
        match smtp::read(&wire.got) {
            Said::Reply(reply) => {
                wire.consume(reply.length);
                return if reply.code == 421 { Err(Ended::TurnedAway(421)) } else { Ok(reply) };
            }
            Said::Foreign => return Err(Ended::Foreign),
            Said::More => wire.more().await?,
        }
    }
}

fn greeting_line(greeting: &Reply) -> Vec<u8> {
    format!("{} {}", greeting.code, greeting.lines.first().map_or("", String::as_str)).into_bytes()
}

/// An address as it stands in place of a domain (RFC 5321 section 4.1.3).
pub(crate) fn literal(address: SocketAddr) -> String {
    match address.ip().to_canonical() {
        std::net::IpAddr::V4(v4) => format!("[{v4}]"),
        std::net::IpAddr::V6(v6) => format!("[IPv6:{v6}]"),
    }
}

/// Whether it may stand in an address of ours.
fn is_name(name: &str) -> bool {
    name.len() <= 253 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}
