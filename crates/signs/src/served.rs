//! answered-stranger, new-listener, trojan-scan-in: what our line's ports answer to callers from outside.
//!
//! TCP alone: a UDP datagram that is answered looks the same from a game, a telephone, a tunnel and a peer-to-peer program,
//! and no proxy in the wild is reached by UDP first (SOCKS, RFC 1928, and HTTP begin on TCP).

use flow::{Flow, Millis};

use crate::contact::{Contact, payload};
use crate::line::View;
use crate::proof::Proof;
use crate::sketch::{self, Distinct};
use crate::{Sign, SignKind, ports};

/// Ports kept for a line; the least used gives way.
const KEPT: usize = 16;

/// A port that answers.
#[derive(Debug, Clone)]
pub(crate) struct Listener {
    pub(crate) port: u16,
    pub(crate) first: Millis,
    pub(crate) last: Millis,
    /// Connections answered.
    pub(crate) answered: u32,
    /// Of those, connections in which more than a greeting was said.
    pub(crate) used: u32,
    /// Callers answered, and callers that used it.
    pub(crate) strangers: Distinct,
    pub(crate) users: Distinct,
    /// Whether it is known not to have answered before.
    pub(crate) new: Option<New>,
    proof: Proof,
}

/// How it is known that a port did not answer before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum New {
    /// It was called and did not.
    WasClosed,
    /// The line was seen long enough.
    Unheard,
}

/// Who looked for trojans and proxies here.
#[derive(Debug, Clone, Default)]
struct Sought {
    first: Millis,
    last: Millis,
    tries: u32,
    scanners: Distinct,
    /// The port asked last; or, once one answered, that one.
    port: Option<ports::SoughtPort>,
    answered: bool,
    peer: Option<std::net::IpAddr>,
    proof: Proof,
}

/// The listening side of a line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Served {
    pub(crate) listeners: Vec<Listener>,
    /// Ports that were called and did not answer, as bits.
    closed: Distinct,
    sought: Option<Box<Sought>>,
}

/// More was said than a greeting: a request came, and an answer longer than a banner went out.
fn is_used(contact: &Contact) -> bool {
    payload(&contact.received()) >= 40 && payload(&contact.sent()) >= 300
}

impl Served {
    /// Looks at a connection that somebody outside began. `learned` says whether the line was seen long enough to know what it
    /// does not answer.
    pub(crate) fn see(&mut self, contact: &Contact, learned: bool) {
        self.seek(contact);
        // Who is guessed to have called by port numbers alone is no stranger yet.
        if !contact.is_tcp() || contact.guessed {
            return;
        }
        if !contact.answered {
            if contact.new && contact.sent().bytes < 200 {
                self.closed.add(sketch::mark(contact.home_port));
            }
            return;
        }
        self.answer(contact, learned);
    }

    fn answer(&mut self, contact: &Contact, learned: bool) {
        let closed = self.closed;
        let Some(listener) = self.listener(contact, learned, &closed) else { return };
        listener.last = listener.last.max(contact.last());
        listener.first = listener.first.min(contact.first());
        if contact.just_answered() {
            listener.answered = listener.answered.saturating_add(1);
            listener.strangers.add(contact.mark);
        }
        if is_used(contact) {
            let was = contact.before.is_some_and(|before| {
                let flow = Flow { forward: before.forward, reverse: before.reverse, ..*contact.flow };
                is_used(&Contact { flow: &flow, ..*contact })
            });
            listener.used = listener.used.saturating_add(u32::from(!was));
            listener.users.add(contact.mark);
            listener.proof.add(contact.flow);
        }
    }

    fn listener(&mut self, contact: &Contact, learned: bool, closed: &Distinct) -> Option<&mut Listener> {
        let port = contact.home_port;
        if let Some(at) = self.listeners.iter().position(|listener| listener.port == port) {
            return self.listeners.get_mut(at);
        }
        if self.listeners.len() >= KEPT {
            let least = self.listeners.iter().enumerate().min_by_key(|(_, one)| (one.used, one.last))?.0;
            self.listeners.swap_remove(least);
        }
        // A sketch that is half full says "closed" of ports nobody called.
        let was_closed = closed.count() < 100 && !{ *closed }.add(sketch::mark(port));
        self.listeners.push(Listener {
            port,
            first: contact.first(),
            last: contact.last(),
            answered: 0,
            used: 0,
            strangers: Distinct::default(),
            users: Distinct::default(),
            new: if was_closed { Some(New::WasClosed) } else { learned.then_some(New::Unheard) },
            proof: Proof::default(),
        });
        self.listeners.last_mut()
    }

    /// Takes over which ports answered before; when they answer again is not known yet.
    pub(crate) fn knows(&mut self, old: &[u16], new: &[u16], last: Millis) {
        let ports =
            new.iter().map(|port| (*port, Some(New::Unheard))).chain(old.iter().map(|port| (*port, None)));
        for (port, new) in ports.take(KEPT) {
            self.listeners.push(Listener {
                port,
                first: last,
                last,
                answered: 1,
                used: 0,
                strangers: Distinct::default(),
                users: Distinct::default(),
                new,
                proof: Proof::default(),
            });
        }
    }

    fn seek(&mut self, contact: &Contact) {
        let Some(port) = ports::sought(contact.home_port, contact.flow.protocol) else { return };
        let sought = self.sought.get_or_insert_with(Box::default);
        if contact.new {
            sought.tries = sought.tries.saturating_add(1);
        }
        if sought.tries == 1 {
            sought.first = contact.first();
        }
        sought.scanners.add(contact.mark);
        sought.last = sought.last.max(contact.last());
        if contact.answered || !sought.answered {
            (sought.port, sought.peer) = (Some(port), Some(contact.peer));
            sought.proof.add(contact.flow);
        }
        sought.answered |= contact.answered;
    }

    /// Whether a port that was not there before has answered since a moment.
    pub(crate) fn opened_since(&self, at: Millis) -> bool {
        self.listeners.iter().any(|one| one.new.is_some() && one.used > 0 && one.first >= at)
    }

    /// How many connections a port has answered.
    pub(crate) fn answered_on(&self, port: u16) -> u32 {
        self.listeners.iter().find(|listener| listener.port == port).map_or(0, |listener| listener.answered)
    }

    pub(crate) fn signs(&self, view: &View<'_>, out: &mut Vec<Sign>) {
        for listener in self.listeners.iter().filter(|listener| !view.allows_port(listener.port)) {
            out.extend(listener.stranger(view));
            out.extend(listener.newcomer(view));
        }
        out.extend(self.sought.as_deref().and_then(|sought| sought.sign(view)));
    }
}

impl Listener {
    /// Flows of callers that used it.
    pub(crate) fn proof(&self) -> Vec<flow::Flow> {
        self.proof.flows()
    }

    /// Somebody unknown is served at an odd port. By itself it is what games and peer-to-peer programs do too, so it never
    /// goes far alone.
    fn stranger(&self, view: &View<'_>) -> Option<Sign> {
        let users = if view.is_watched() { self.strangers.count() } else { self.users.count() };
        if users == 0 || ports::is_usual_service(self.port) {
            return None;
        }
        let score = 0.45 * f64::from(users) / (f64::from(users) + 2.0);
        let why = format!(
            "Tcp port {} answered {} connections of {} callers from outside; {} callers were served more than a greeting.",
            self.port,
            self.answered,
            self.strangers.count(),
            self.users.count(),
        );
        Some(self.sign(SignKind::AnsweredStranger, view, score * view.peer_to_peer(), why))
    }

    fn newcomer(&self, view: &View<'_>) -> Option<Sign> {
        let how = match self.new? {
            New::WasClosed => "it was called before and did not answer",
            New::Unheard => "nothing was heard of it before",
        };
        if self.used == 0 && !(view.is_watched() && self.answered > 0) {
            return None;
        }
        let score = if ports::is_usual_service(self.port) { 0.1 } else { 0.2 };
        let why = format!("Tcp port {} answers since {}; {how}.", self.port, self.first);
        Some(self.sign(SignKind::NewListener, view, score * view.peer_to_peer(), why))
    }

    fn sign(&self, sign: SignKind, view: &View<'_>, score: f64, why: String) -> Sign {
        Sign {
            sign,
            address: view.address,
            score: sketch::score(score),
            peer: None,
            port: Some(self.port),
            first: self.first,
            last: self.last,
            flows: u64::from(self.answered),
            why,
            proof: self.proof.flows(),
        }
    }
}

impl Sought {
    fn sign(&self, view: &View<'_>) -> Option<Sign> {
        let port = self.port.filter(|port| !view.allows_port(port.port))?;
        // A proxy's port is scanned on every address all day; only an answer says something of this one.
        if port.proxy && !self.answered {
            return None;
        }
        let (score, end) =
            if self.answered { (0.35, "and was answered") } else { (0.05, "and was not answered") };
        Some(Sign {
            sign: SignKind::TrojanScanIn,
            address: view.address,
            score: sketch::score(score),
            peer: self.peer,
            port: Some(port.port),
            first: self.first,
            last: self.last,
            flows: u64::from(self.tries),
            why: format!(
                "{} tries by {} outside for ports of trojans and proxies; the last was for {} ({}) {end}.",
                self.tries,
                self.scanners.count(),
                port.port,
                port.name,
            ),
            proof: self.proof.flows(),
        })
    }
}
