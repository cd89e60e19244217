//! The stateless engine, in the way of Spoki (Hiesgen et al., "Spoki: Unveiling a New Wave of Scanners through a Reactive
//! Network Telescope", USENIX Security 2022): raw packets in, a SYN cookie out, the handshake checked, the first payload
//! taken, then a reset. It holds no connection, so that the size of a prefix costs nothing.
//!
//! The kernel keeps quiet about the prefix meanwhile ([`crate::Rules::silent`]); the prefix must be routed to the interface.
//! Whoever waits for a greeting gets none here, and is told of as silent when it has waited for [`WAITS`].

mod cookie;
mod link;
mod packet;

use std::collections::VecDeque;
use std::net::SocketAddr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use crate::hit::{Ending, FIRST_BYTES, Hit, Transport};
use crate::wanted::identify;
use cookie::Cookies;
pub use link::{Link, serve};
use packet::{ACK, FIN, RST, SYN};
pub use packet::{Frame, read};

/// How long a visitor whose handshake is complete may be silent.
pub const WAITS: SignedDuration = SignedDuration::from_secs(5);
/// How many such visitors are remembered; what more there are is counted when it speaks, and only then.
const WAITING: usize = 65_536;

/// What a frame came to.
#[derive(Debug)]
pub enum Taken {
    /// Nothing that is for a trap.
    Nothing,
    /// It was for a trap and needs no word yet.
    Noted,
    /// A visit.
    Hit(Box<Hit>),
}

/// The engine without its socket: frames in, frames and hits out.
#[derive(Debug)]
pub struct Stateless {
    prefixes: Vec<IpNet>,
    cookies: Cookies,
    waiting: VecDeque<(Timestamp, SocketAddr, SocketAddr)>,
    /// First packets that were answered.
    pub answered: u64,
    /// Handshakes that were completed.
    pub handshakes: u64,
}

impl Stateless {
    /// For those prefixes, with a secret of its own.
    #[must_use]
    pub fn new(prefixes: Vec<IpNet>) -> Stateless {
        Stateless { prefixes, cookies: Cookies::new(), waiting: VecDeque::new(), answered: 0, handshakes: 0 }
    }

    /// Takes one Ethernet frame; `out` is what answers it, or empty.
    pub fn take(&mut self, bytes: &[u8], now: Timestamp, out: &mut Vec<u8>) -> Taken {
        out.clear();
        let Some(frame) = read(bytes) else { return Taken::Nothing };
        if !self.prefixes.iter().any(|prefix| prefix.contains(&frame.to.ip())) || self.is_trap(frame.from) {
            return Taken::Nothing;
        }
        match frame.transport {
            Transport::Tcp => self.segment(&frame, now, out),
            Transport::Udp | Transport::Icmp => visit(&frame, now, None),
        }
    }

    fn is_trap(&self, source: SocketAddr) -> bool {
        self.prefixes.iter().any(|prefix| prefix.contains(&source.ip()))
    }

    fn segment(&mut self, frame: &Frame<'_>, now: Timestamp, out: &mut Vec<u8>) -> Taken {
        if frame.flags & (SYN | ACK | RST | FIN) == SYN {
            let cookie = self.cookies.of(frame.from, frame.to, now);
            frame.answer(SYN | ACK, cookie, frame.sequence.wrapping_add(1), out);
            self.answered = self.answered.saturating_add(1);
            return Taken::Noted;
        }
        let ours = frame.acknowledged.wrapping_sub(1);
        let shown = frame.flags & ACK != 0 && self.cookies.is(frame.from, frame.to, now, ours);
        if frame.flags & (SYN | RST) != 0 || !shown {
            return Taken::Noted;
        }
        if frame.payload.is_empty() {
            // The end of the handshake, or a polite end of it all.
            if frame.flags & FIN == 0 {
                self.wait_for(frame, now);
            }
            return Taken::Noted;
        }
        self.waiting.retain(|(_, from, to)| *from != frame.from || *to != frame.to);
        frame.answer(RST | ACK, frame.acknowledged, frame.sequence.wrapping_add(frame.length()), out);
        visit(frame, now, Some(Ending::Done))
    }

    fn wait_for(&mut self, frame: &Frame<'_>, now: Timestamp) {
        self.handshakes = self.handshakes.saturating_add(1);
        if self.waiting.len() < WAITING {
            self.waiting.push_back((now, frame.from, frame.to));
        }
    }

    /// The next visitor who was silent for too long.
    pub fn silent(&mut self, now: Timestamp) -> Option<Hit> {
        let (at, from, to) = *self.waiting.front().filter(|(at, _, _)| now.duration_since(*at) >= WAITS)?;
        self.waiting.pop_front();
        let mut hit = Hit::new(at, Transport::Tcp, from, to);
        hit.handshake = true;
        hit.wanted = identify(Transport::Tcp, hit.port, &[]);
        hit.ended = Some(Ending::Idle);
        Some(hit)
    }
}

fn visit(frame: &Frame<'_>, now: Timestamp, ended: Option<Ending>) -> Taken {
    let mut hit = Hit::new(now, frame.transport, frame.from, frame.to);
    hit.handshake = ended.is_some();
    hit.first = frame.payload.get(..FIRST_BYTES.min(frame.payload.len())).unwrap_or_default().to_vec();
    hit.bytes = u64::try_from(frame.payload.len()).unwrap_or(0);
    hit.wanted = identify(frame.transport, hit.port, &hit.first);
    hit.ended = ended;
    Taken::Hit(Box::new(hit))
}

#[cfg(test)]
mod tests;
