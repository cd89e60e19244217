//! All that is kept of one home address.

use std::net::IpAddr;

use flow::Millis;

use crate::called::Calls;
use crate::config::{Allowed, Config};
use crate::contact::Contact;
use crate::gateway::Gateways;
use crate::mail::{self, Mail};
use crate::phone::Phone;
use crate::rarity::Rarity;
use crate::relay::Relay;
use crate::scan::Scan;
use crate::served::{Listener, Served};
use crate::sketch::{self, Distinct};
use crate::tunnel::{self, Tunnels};
use crate::{Sign, SignKind, gateway, ports};

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
    /// Whether it is looked at more closely.
    pub(crate) watched: bool,
    /// The highest score told of each sign, in twentieths.
    pub(crate) told: [u8; SignKind::ALL.len()],
    served: Served,
    relay: Option<Box<Relay>>,
    mail: Option<Box<Mail>>,
    /// What nearly every line does stands together: it is looked at for each contact, and each place apart is waited for.
    calls: Calls,
    tunnels: Tunnels,
    gateways: Option<Box<Gateways>>,
    phone: Phone,
    scan: Scan,
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
            watched: false,
            told: [0; SignKind::ALL.len()],
            served: Served::default(),
            relay: None,
            mail: None,
            calls: Calls::default(),
            tunnels: Tunnels::default(),
            gateways: None,
            phone: Phone::default(),
            scan: Scan::default(),
            odd: (at, Distinct::default()),
            most_odd: 0,
        }
    }

    /// Sees a connection; `rarity` knows whether few of our lines call its peer.
    pub(crate) fn see(&mut self, contact: &Contact, learning: i64, rarity: &Rarity) {
        self.first = self.first.min(contact.first());
        self.last = self.last.max(contact.last());
        (self.stirred, self.recent) = (true, true);
        if contact.inward {
            let learned = contact.first().since(self.first) >= learning;
            self.served.see(contact, learned);
        }
        if !contact.inward {
            self.call(contact, rarity);
        }
        if tunnel::is_spoken_of(contact) {
            self.tunnels.see(contact);
        }
        if contact.inward && contact.answered && contact.is_tcp() {
            self.relay.get_or_insert_default();
        }
        if let Some(relay) = &mut self.relay {
            relay.see(contact);
        }
    }

    /// The ports that answer: those that are no news, and those that are new.
    pub(crate) fn ports(&self) -> (Vec<u16>, Vec<u16>) {
        let answering = self.served.listeners.iter().filter(|listener| listener.answered > 0);
        let (new, old): (Vec<&Listener>, Vec<&Listener>) = answering.partition(|one| one.new.is_some());
        let numbers = |listeners: Vec<&Listener>| listeners.into_iter().map(|one| one.port).collect();
        (numbers(old), numbers(new))
    }

    /// Takes over which ports answer.
    pub(crate) fn knows(&mut self, old: &[u16], new: &[u16]) {
        self.served.knows(old, new, self.last);
    }

    fn call(&mut self, contact: &Contact, rarity: &Rarity) {
        if mail::is_outgoing(contact) {
            self.mail.get_or_insert_default().see(contact);
        }
        if contact.is_tcp() {
            self.scan.see(contact);
        }
        self.calls.see(contact);
        if gateway::is_upload(contact) {
            self.gateways.get_or_insert_default();
        }
        if let Some(gateways) = &mut self.gateways {
            gateways.see(contact);
        }
        // What goes out once strangers are served is their doing, and would push the call that told of the port out of memory.
        let of_note = contact.just_answered() && !ports::is_infrastructure(contact.service());
        if of_note
            && !self.phone.knows(contact)
            && !self.served.opened_since(contact.first().plus(-HOUR))
            && rarity.is_rare(contact.mark)
        {
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
        if self.odd.1.add(contact.mark) {
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
        self.calls.signs(&view, &mut signs);
        self.tunnels.signs(&view, &mut signs);
        if let Some(gateways) = &self.gateways {
            gateways.signs(&view, &mut signs);
        }
        self.scan.signs(&view, &mut signs);
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

    /// Whether the line is looked at more closely.
    pub(crate) fn is_watched(&self) -> bool {
        self.line.watched
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
            _ if self.line.watched => 1.0,
            0..8 => 1.0,
            8..20 => 0.7,
            _ => 0.35,
        }
    }

    /// How often a peer was called, where it was called often enough to be kept.
    pub(crate) fn contacts(&self, peer: IpAddr) -> u32 {
        self.line.calls.contacts(peer)
    }

    /// How many of our lines call a peer.
    pub(crate) fn callers(&self, peer: IpAddr) -> u8 {
        self.rarity.callers(sketch::mark_of(peer))
    }

    /// What a contact with a peer weighs, by how rare it is among our lines.
    pub(crate) fn rarity(&self, peer: IpAddr) -> f64 {
        self.rarity.weight(sketch::mark_of(peer))
    }
}
