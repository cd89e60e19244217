//! All that is kept of one home address.

use std::net::IpAddr;

use flow::Millis;

use crate::called::Calls;
use crate::config::{Allowed, Config};
use crate::contact::Contact;
use crate::mail::{self, Mail};
use crate::phone::Phone;
use crate::rarity::Rarity;
use crate::relay::Relay;
use crate::scan::Scan;
use crate::served::{Listener, Served};
use crate::sketch::Distinct;
use crate::tunnel::Tunnels;
use crate::{Sign, SignKind, ports};

const HOUR: i64 = 3_600_000;

/// One home address. What a line does not do costs it nothing.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) first: Millis,
    pub(crate) last: Millis,
    /// Whether something came since signs were last asked for.
    pub(crate) stirred: bool,
    /// Whether it was heard of since the last round of eviction.
    pub(crate) recent: bool,
    /// The highest score told of each sign, in twentieths.
    pub(crate) told: [u8; SignKind::ALL.len()],
    served: Served,
    relay: Option<Box<Relay>>,
    mail: Option<Box<Mail>>,
    calls: Option<Box<Calls>>,
    tunnels: Option<Box<Tunnels>>,
    phone: Phone,
    scan: Option<Box<Scan>>,
    /// Marks of peers called at ports where no service is usual, in this hour, and the most in any hour.
    odd: (Millis, Distinct),
    most_odd: u32,
}

impl Line {
    pub(crate) fn new(at: Millis) -> Line {
        Line {
            first: at,
            last: at,
            stirred: false,
            recent: true,
            told: [0; SignKind::ALL.len()],
            served: Served::default(),
            relay: None,
            mail: None,
            calls: None,
            tunnels: None,
            phone: Phone::default(),
            scan: None,
            odd: (at, Distinct::default()),
            most_odd: 0,
        }
    }

    /// Sees a connection; `rare` says whether few of our lines call its peer.
    pub(crate) fn see(&mut self, contact: &Contact, learning: i64, rare: bool) {
        self.first = self.first.min(contact.first());
        self.last = self.last.max(contact.last());
        (self.stirred, self.recent) = (true, true);
        if contact.inward {
            let learned = contact.first().since(self.first) >= learning;
            self.served.see(contact, learned);
        }
        if !contact.inward {
            self.call(contact, rare);
        }
        if contact.inward && contact.answered && contact.is_tcp() {
            self.relay.get_or_insert_default();
        }
        if let Some(relay) = &mut self.relay {
            relay.see(contact);
        }
    }

    fn call(&mut self, contact: &Contact, rare: bool) {
        if mail::is_outgoing(contact) {
            self.mail.get_or_insert_default().see(contact);
        }
        if contact.is_tcp() {
            self.scan.get_or_insert_default().see(contact);
        }
        self.calls.get_or_insert_default().see(contact);
        self.tunnels.get_or_insert_default().see(contact);
        // What goes out once strangers are served is their doing, and would push the call that told of the port out of memory.
        let serving = self.served.opened_since(contact.first().plus(-HOUR));
        if rare && !serving && contact.just_answered() && !ports::is_infrastructure(contact.service()) {
            self.phone.see(contact);
        }
        if contact.new && !ports::is_usual_target(contact.service()) {
            self.call_odd(contact);
        }
    }

    fn call_odd(&mut self, contact: &Contact) {
        if contact.first().since(self.odd.0).abs() > HOUR {
            self.odd = (contact.first(), Distinct::default());
        }
        if self.odd.1.add(contact.peer_mark()) {
            self.most_odd = self.most_odd.max(self.odd.1.count());
        }
    }

    /// The signs on this line now, strongest first.
    pub(crate) fn signs(&self, address: IpAddr, config: &Config, rarity: &Rarity) -> Vec<Sign> {
        let view = View { address, line: self, config, rarity };
        let mut signs = Vec::new();
        if view.allows(address, None) {
            return signs;
        }
        self.served.signs(&view, &mut signs);
        if let Some(relay) = &self.relay {
            relay.signs(&view, &mut signs);
        }
        if let Some(mail) = &self.mail {
            mail.signs(&view, &mut signs);
        }
        if let Some(calls) = &self.calls {
            calls.signs(&view, &mut signs);
        }
        if let Some(tunnels) = &self.tunnels {
            tunnels.signs(&view, &mut signs);
        }
        if let Some(scan) = &self.scan {
            scan.signs(&view, &mut signs);
        }
        self.phone.signs(&view, &mut signs);
        signs.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.sign.cmp(&b.sign)).then(a.port.cmp(&b.port)));
        signs
    }
}

/// What a sign may ask of its line when it is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) address: IpAddr,
    line: &'a Line,
    config: &'a Config,
    rarity: &'a Rarity,
}

impl View<'_> {
    pub(crate) fn allows(&self, address: IpAddr, port: Option<u16>) -> bool {
        self.config.allowed.iter().any(|allowed: &Allowed| allowed.covers(address, port))
    }

    /// Whether this port of ours is allowed to do what it does.
    pub(crate) fn allows_port(&self, port: u16) -> bool {
        self.allows(self.address, Some(port))
    }

    pub(crate) fn answered_on(&self, port: u16) -> u32 {
        self.line.served.answered_on(port)
    }

    /// Whether mail comes in from at least so many.
    pub(crate) fn receives_mail(&self, senders: u32) -> bool {
        let is_mail = |listener: &&Listener| ports::is_mail(listener.port);
        self.line.served.listeners.iter().filter(is_mail).any(|listener| listener.users.count() >= senders)
    }

    /// Odd ports that answer and did not before.
    pub(crate) fn new_listeners(&self) -> impl Iterator<Item = &Listener> {
        let new = |one: &&Listener| one.new.is_some() && one.used > 0 && !ports::is_usual_service(one.port);
        self.line.served.listeners.iter().filter(new).filter(|one| !self.allows_port(one.port))
    }

    /// What is left of a sign of listening on a line that calls many strangers at ports of their own, as a peer-to-peer
    /// program does: such a program answers strangers too.
    pub(crate) fn peer_to_peer(&self) -> f64 {
        match self.line.most_odd {
            0..8 => 1.0,
            8..20 => 0.7,
            _ => 0.35,
        }
    }

    /// How often a peer was called, where it was called often enough to be kept.
    pub(crate) fn contacts(&self, peer: IpAddr) -> u32 {
        self.line.calls.as_ref().map_or(0, |calls| calls.contacts(peer))
    }

    /// How many of our lines call a peer.
    pub(crate) fn callers(&self, peer: IpAddr) -> u8 {
        self.rarity.callers(peer)
    }

    /// What a contact with a peer weighs, by how rare it is among our lines.
    pub(crate) fn rarity(&self, peer: IpAddr) -> f64 {
        self.rarity.weight(peer)
    }
}
