//! All that is kept of one home address.

use std::net::IpAddr;

use flow::Millis;

use crate::config::{Allowed, Config};
use crate::contact::Contact;
use crate::mail::{self, Mail};
use crate::relay::Relay;
use crate::served::{Listener, Served};
use crate::{Sign, SignKind, ports};

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
        }
    }

    pub(crate) fn see(&mut self, contact: &Contact, learning: i64) {
        self.first = self.first.min(contact.first());
        self.last = self.last.max(contact.last());
        (self.stirred, self.recent) = (true, true);
        if contact.inward {
            let learned = contact.first().since(self.first) >= learning;
            self.served.see(contact, learned);
        }
        if mail::is_outgoing(contact) {
            self.mail.get_or_insert_default().see(contact);
        }
        if contact.inward && contact.answered && contact.is_tcp() {
            self.relay.get_or_insert_default();
        }
        if let Some(relay) = &mut self.relay {
            relay.see(contact);
        }
    }

    /// The signs on this line now, strongest first.
    pub(crate) fn signs(&self, address: IpAddr, config: &Config) -> Vec<Sign> {
        let view = View { address, line: self, config };
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

    /// What is left of a sign on a line that looks like a peer-to-peer program's.
    pub(crate) fn peer_to_peer(&self) -> f64 {
        1.0
    }
}
