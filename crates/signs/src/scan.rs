//! scan-out: many addresses or ports outside are tried.
//!
//! What is counted are TCP calls that nobody took, within ten minutes: of many addresses on one port (a worm, a search), of
//! many ports of few addresses, or many calls of one port of one host that is no web server's (guessing of passwords). A peer-to-peer program calls many
//! who are gone, but each on a port of its own.

use std::net::IpAddr;

use flow::Millis;

use crate::contact::Contact;
use crate::line::View;
use crate::proof::Proof;
use crate::sketch::{self, Distinct, mark};
use crate::{Sign, SignKind, ports};

/// A window.
const WINDOW: i64 = 600_000;
/// From so many addresses on one port within it, or ports of one address: Slips speaks from 6 and 5, Zeek's scan policy from
/// 25 and 15; a home line has its gone printers and servers.
const ADDRESSES: u32 = 25;
const PORTS: u32 = 25;
/// From so many calls of one port of one host: one every ten seconds.
const CALLS: u32 = 60;

/// What was tried in one window.
#[derive(Debug, Clone, Default)]
struct Window {
    from: Millis,
    /// The port most calls went to (majority vote of Boyer and Moore), and how many went there.
    port: u16,
    votes: i32,
    on_port: Distinct,
    addresses: Distinct,
    ports: Distinct,
    tried: u32,
    taken: u32,
    /// The end that most calls went to (majority vote again), the vote, and how many went there since it holds.
    one: Option<(IpAddr, u16)>,
    one_votes: u32,
    one_calls: u32,
    one_failed: u32,
    last: Millis,
    peer: Option<IpAddr>,
    proof: Proof,
}

/// The worst window, and the one that runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scan {
    now: Window,
    worst: Option<Box<(f64, Window)>>,
}

impl Scan {
    /// Looks at a TCP connection that the line began.
    pub(crate) fn see(&mut self, contact: &Contact) {
        if !contact.new {
            return;
        }
        let at = contact.first();
        if at.since(self.now.from).abs() > WINDOW {
            self.settle();
            self.now = Window { from: at, ..Window::default() };
        }
        self.now.see(contact);
    }

    fn settle(&mut self) {
        let score = self.now.score();
        if score > self.worst.as_ref().map_or(0.0, |worst| worst.0) {
            self.worst = Some(Box::new((score, self.now.clone())));
        }
    }

    pub(crate) fn signs(&self, view: &View<'_>, out: &mut Vec<Sign>) {
        let now = self.now.score();
        let (score, window) = match &self.worst {
            Some(worst) if worst.0 >= now => (worst.0, &worst.1),
            _ => (now, &self.now),
        };
        if score > 0.0 {
            out.push(window.sign(view, score));
        }
    }
}

impl Window {
    fn see(&mut self, contact: &Contact) {
        let port = contact.service();
        self.hammer(contact, port);
        if !contact.failed() {
            self.taken += 1;
            return;
        }
        self.tried += 1;
        self.last = self.last.max(contact.last());
        if self.votes == 0 {
            (self.port, self.votes, self.on_port) = (port, 1, Distinct::default());
        } else {
            self.votes += if port == self.port { 1 } else { -1 };
        }
        let peer = contact.mark;
        if port == self.port {
            self.on_port.add(peer);
        }
        self.addresses.add(peer);
        self.ports.add(mark(port));
        self.peer = Some(contact.peer);
        self.proof.add(contact.flow);
    }

    /// Calls of one port of one host, taken or not.
    fn hammer(&mut self, contact: &Contact, port: u16) {
        // A printer, a gateway or a server of one's own is called as often as one likes.
        if contact.within || ports::is_web(port) || ports::is_mail(port) || ports::is_infrastructure(port) {
            return;
        }
        if self.one == Some((contact.peer, port)) {
            (self.one_votes, self.one_calls) = (self.one_votes + 1, self.one_calls + 1);
            self.proof.add(contact.flow);
        } else if self.one_votes > 0 {
            self.one_votes -= 1;
            return;
        } else {
            self.one_failed = 0;
            (self.one, self.one_votes, self.one_calls) = (Some((contact.peer, port)), 1, 1);
        }
        self.one_failed += u32::from(contact.failed());
    }

    fn shape(&self) -> Shape {
        let (on_port, addresses, ports) = (self.on_port.count(), self.addresses.count(), self.ports.count());
        // Half of what is called is taken at least on a line that browses; on one that scans, little.
        let mostly_failed = self.tried >= self.taken / 2;
        if on_port >= ADDRESSES && on_port * 2 >= addresses && mostly_failed {
            return Shape::Addresses(on_port);
        }
        if ports >= PORTS && addresses <= ports / 5 && mostly_failed {
            return Shape::Ports(ports);
        }
        // Calls in vain of one port are a server that is down, unless they come faster than any program tries again.
        let in_vain = self.one_failed * 2 > self.one_calls;
        if self.one_calls >= if in_vain { 20 * CALLS } else { CALLS } {
            Shape::One(self.one_calls)
        } else {
            Shape::None
        }
    }

    /// .62 where it begins, .9 for some hundreds.
    fn score(&self) -> f64 {
        let (count, least) = match self.shape() {
            Shape::None => return 0.0,
            Shape::Addresses(count) => (count, ADDRESSES),
            Shape::Ports(count) => (count, PORTS),
            Shape::One(count) => (count, CALLS),
        };
        (0.62 + 0.1 * (f64::from(count) / f64::from(least)).ln()).min(0.92)
    }

    fn sign(&self, view: &View<'_>, score: f64) -> Sign {
        let (what, peer, port) = match (self.shape(), self.one) {
            (Shape::One(calls), Some((peer, port))) => (
                format!("port {port} of {peer} was called {calls} times, as when passwords are guessed"),
                Some(peer),
                Some(port),
            ),
            (Shape::Ports(ports), _) => {
                (format!("{ports} ports tried at {} addresses", self.addresses.count()), self.peer, None)
            }
            _ => (
                format!("{} addresses tried on tcp port {}", self.on_port.count(), self.port),
                None,
                Some(self.port),
            ),
        };
        Sign {
            sign: SignKind::ScanOut,
            address: view.address,
            score: sketch::score(score),
            peer,
            port,
            first: self.from,
            last: self.last.max(self.from),
            flows: u64::from(self.tried),
            why: format!(
                "Within ten minutes {what}; {} calls were not taken, {} were.",
                self.tried, self.taken
            ),
            proof: self.proof.flows(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    None,
    Addresses(u32),
    Ports(u32),
    One(u32),
}
