//! What a trap says. Pure: bytes and silence in, bytes out.
//!
//! Whoever speaks first is left to speak. Where the visitor waits, as for SMTP, telnet or NetBus, the trap greets after a
//! short silence ([`Talk::silence`]) with what is expected on that port. A visitor of a proxy is told that it is connected,
//! and talks on with the trap itself, as if that were the far end: so a search for a proxy that sends mail leaves its mail
//! here. Nothing that is said depends on more than the visitor's own bytes, and a talk ends by itself ([`EXCHANGES`]).

mod login;
mod proxied;
mod replies;
mod smtp;
mod words;

use crate::Transport;
use crate::hit::{FIRST_BYTES, Mail};
use crate::wanted::{Basis, Family, Target, Wanted, identify, on_port};

use login::Login;
use proxied::Greeted;
use smtp::Smtp;

/// After so many answers a talk is over: a test of sixteen address forms takes about fifty (see the classic relay tests).
pub const EXCHANGES: u16 = 96;
/// A proxy behind a proxy is as deep as it goes.
const DEEPEST: u8 = 2;
/// So many logins and commands are kept, and no more once they have so many bytes together.
const KEPT: usize = 16;
const KEPT_BYTES: usize = 1024;

/// What is said next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Say {
    /// The bytes; none where the trap listens on.
    pub bytes: Vec<u8>,
    /// Whether the talk is over then.
    pub last: bool,
}

impl Say {
    fn text(text: &str) -> Say {
        Say { bytes: text.as_bytes().to_vec(), last: false }
    }

    fn bytes(bytes: &[u8]) -> Say {
        Say { bytes: bytes.to_vec(), last: false }
    }
}

/// Where a talk stands.
#[derive(Debug, Default)]
enum Stage {
    /// Nothing is known of the visitor.
    #[default]
    Fresh,
    /// The trap only listens.
    Listening,
    Smtp(Box<Smtp>),
    Login(Box<Login>),
    /// SOCKS 5 is being agreed on.
    Socks(Greeted),
    /// The visitor believes to be connected to somebody else.
    Through(Box<Talk>),
    Redis,
}

/// A talk with one visitor.
#[derive(Debug)]
pub struct Talk {
    port: u16,
    depth: u8,
    stage: Stage,
    /// What came before it was known what it is.
    before: Vec<u8>,
    /// Whether the visitor has said anything.
    heard: bool,
    /// Whether its silence was answered, with a greeting or with silence.
    greeted: bool,
    exchanges: u16,
    target: Option<Target>,
    logins: Vec<(String, String)>,
}

impl Talk {
    /// With a visitor of `port`, who may speak first.
    #[must_use]
    pub fn new(port: u16) -> Talk {
        Talk::at_depth(port, 0)
    }

    fn at_depth(port: u16, depth: u8) -> Talk {
        let (stage, before, exchanges) = (Stage::Fresh, Vec::new(), 0);
        let (heard, greeted) = (false, false);
        Talk { port, depth, stage, before, heard, greeted, exchanges, target: None, logins: Vec::new() }
    }

    /// The visitor has been silent for a while.
    pub fn silence(&mut self) -> Say {
        match &mut self.stage {
            Stage::Through(inner) => inner.silence(),
            Stage::Fresh if !self.heard && !self.greeted => self.greet(),
            _ => Say::default(),
        }
    }

    /// Whether a greeting may still be due: silence is worth waiting for.
    #[must_use]
    pub fn awaits_silence(&self) -> bool {
        match &self.stage {
            Stage::Through(inner) => inner.awaits_silence(),
            Stage::Fresh => !self.heard && !self.greeted && on_port(Transport::Tcp, self.port).is_some(),
            _ => false,
        }
    }

    /// Whether somebody who was greeted for the port plainly came for something else.
    fn is_plainly_other(&self, bytes: &[u8]) -> bool {
        let wanted = identify(Transport::Tcp, 0, bytes);
        let expected = on_port(Transport::Tcp, self.port).is_some_and(|port| port.what == wanted.what);
        let other = wanted.family == Family::Proxy || matches!(wanted.what, "tls" | "http" | "ssh");
        wanted.by == Basis::Bytes && other && !expected
    }

    fn greet(&mut self) -> Say {
        self.greeted = true;
        let Some(known) = on_port(Transport::Tcp, self.port) else { return Say::default() };
        let (stage, say) = match known.what {
            "smtp" => (Stage::Smtp(Box::default()), Say::text(smtp::GREETING)),
            "telnet" => (Stage::Login(Box::new(Login::telnet())), Say::text(login::PROMPT)),
            "ftp" => (Stage::Login(Box::new(Login::ftp())), Say::text(login::FTP)),
            "pop3" => (Stage::Login(Box::new(Login::pop3())), Say::text(login::POP3)),
            "imap" => (Stage::Listening, Say::text("* OK IMAP4rev1 ready\r\n")),
            other => match replies::greeting(other) {
                // They ask for a password, or wait for one, and answer it.
                Some(greeting) if matches!(other, "subseven" | "netbus") => {
                    (Stage::Fresh, Say::bytes(greeting))
                }
                Some(greeting) => (Stage::Listening, Say::bytes(greeting)),
                None => return Say::default(),
            },
        };
        self.stage = stage;
        say
    }

    /// The visitor said something.
    pub fn hear(&mut self, bytes: &[u8]) -> Say {
        if bytes.is_empty() {
            return Say::default();
        }
        self.exchanges = self.exchanges.saturating_add(1);
        let mut say = self.answer(bytes);
        say.last |= self.exchanges >= EXCHANGES;
        say
    }

    fn answer(&mut self, bytes: &[u8]) -> Say {
        let first = !std::mem::replace(&mut self.heard, true);
        // Greeted for the port, and it is something else: what it says counts.
        if first && !matches!(self.stage, Stage::Fresh) && self.is_plainly_other(bytes) {
            self.stage = Stage::Fresh;
        }
        match &mut self.stage {
            Stage::Fresh => self.meet(bytes),
            Stage::Listening => Say::default(),
            Stage::Smtp(smtp) => smtp.hear(bytes),
            Stage::Login(login) => login.hear(bytes),
            Stage::Socks(greeted) => {
                let step = greeted.hear(bytes);
                self.logins.extend(step.login);
                self.go_on(step.say, step.target)
            }
            Stage::Through(inner) => inner.hear(bytes),
            Stage::Redis => Say::text("+OK\r\n"),
        }
    }

    /// First bytes: they say who it is, or more are waited for.
    fn meet(&mut self, bytes: &[u8]) -> Say {
        let room = FIRST_BYTES.saturating_sub(self.before.len()).min(bytes.len());
        self.before.extend_from_slice(bytes.get(..room).unwrap_or_default());
        let wanted = identify(Transport::Tcp, self.port, &self.before);
        if wanted.by != Basis::Bytes || !replies::is_whole(wanted.what, &self.before) {
            return Say::default();
        }
        let before = std::mem::take(&mut self.before);
        self.receive(wanted, &before)
    }

    fn receive(&mut self, wanted: Wanted, before: &[u8]) -> Say {
        match wanted.what {
            "smtp" => {
                let mut smtp = Box::<Smtp>::default();
                let say = smtp.hear(before);
                self.stage = Stage::Smtp(smtp);
                say
            }
            "telnet" | "mirai" => {
                let mut login =
                    Box::new(if wanted.what == "mirai" { Login::shell() } else { Login::telnet() });
                let say = login.hear(before);
                self.stage = Stage::Login(login);
                if say.bytes.is_empty() { Say::text(login::PROMPT) } else { say }
            }
            "socks5" => {
                let mut greeted = Greeted::default();
                let step = greeted.hear(before);
                self.stage = Stage::Socks(greeted);
                self.go_on(step.say, step.target)
            }
            "socks4" | "socks4a" | "http-connect" | "wingate" => {
                let say = proxied::connected(wanted.what, wanted.target.as_ref());
                self.go_on(say, wanted.target)
            }
            "redis" => {
                self.stage = Stage::Redis;
                Say::bytes(replies::redis(before))
            }
            "netbus" if !before.starts_with(b"Password;") => {
                self.stage = Stage::Listening;
                Say::default()
            }
            other => {
                self.stage = Stage::Listening;
                Say { bytes: replies::answer(other).unwrap_or_default(), last: false }
            }
        }
    }

    /// Where the visitor now believes to be connected, the talk goes on as if there.
    fn go_on(&mut self, say: Say, target: Option<Target>) -> Say {
        let Some(target) = target else { return say };
        self.stage = match self.depth < DEEPEST {
            true => Stage::Through(Box::new(Talk::at_depth(target.port, self.depth.saturating_add(1)))),
            false => Stage::Listening,
        };
        self.target = Some(target);
        say
    }

    /// What was wanted in all, by the first bytes and by what came of them.
    #[must_use]
    pub fn wanted(&self, first: &[u8]) -> Wanted {
        let mut wanted = identify(Transport::Tcp, self.port, first);
        if wanted.target.is_none() {
            wanted.target.clone_from(&self.target);
        }
        if let Stage::Through(inner) = &self.stage
            && inner.heard
        {
            let through = inner.wanted(&inner.before);
            wanted.details.push(format!("through it: {}", inner.called(&through)));
        }
        if let Stage::Login(login) = &self.stage
            && wanted.by != Basis::Bytes
            && (!login.logins.is_empty() || !login.commands.is_empty())
        {
            wanted.by = Basis::Bytes;
        }
        if self.commands().iter().any(|command| command.contains("/bin/busybox")) {
            (wanted.what, wanted.family, wanted.by) = ("mirai", Family::Login, Basis::Bytes);
        }
        wanted
    }

    /// What an inner talk is called: once it has moved on from its first bytes, by what it became.
    fn called(&self, read: &Wanted) -> &'static str {
        match &self.stage {
            Stage::Smtp(_) => "smtp",
            Stage::Login(_) => "telnet",
            Stage::Socks(_) => "socks5",
            Stage::Redis => "redis",
            _ => read.what,
        }
    }

    /// User names and passwords that were tried.
    #[must_use]
    pub fn logins(&self) -> Vec<(String, String)> {
        let inner = match &self.stage {
            Stage::Login(login) => login.logins.clone(),
            Stage::Smtp(smtp) => smtp.logins.clone(),
            Stage::Through(inner) => inner.logins(),
            _ => Vec::new(),
        };
        self.logins.iter().cloned().chain(inner).take(KEPT).collect()
    }

    /// Commands that were given after a login.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        match &self.stage {
            Stage::Login(login) => login.commands.clone(),
            Stage::Through(inner) => inner.commands(),
            _ => Vec::new(),
        }
    }

    /// The mail that was to be relayed, if one was begun.
    #[must_use]
    pub fn mail(&self) -> Option<Mail> {
        match &self.stage {
            Stage::Smtp(smtp) => smtp.mail(),
            Stage::Through(inner) => inner.mail(),
            _ => None,
        }
    }
}

/// Whether another kept text of a visitor still has room: ten kilobytes is all a held connection may take.
fn has_room<'k>(kept: impl Iterator<Item = &'k String>) -> bool {
    let (count, bytes) = kept.fold((0usize, 0usize), |(count, bytes), one| (count + 1, bytes + one.len()));
    count < 2 * KEPT && bytes < KEPT_BYTES
}

#[cfg(test)]
mod tests;
