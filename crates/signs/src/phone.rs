//! call-then-served: a rare outside host was called, and then strangers came in on a port that was not there before.
//!
//! The phone-home proper. By itself it is weak: most lines call somebody rare in any half hour. It is worth as much as the
//! line is quiet otherwise, and as the strangers are many.

use std::net::IpAddr;

use flow::{Flow, Millis};

use crate::contact::Contact;
use crate::line::View;
use crate::served::Listener;
use crate::sketch::{self, short};
use crate::{Sign, SignKind, tight};

/// Rare calls remembered.
const KEPT: usize = 12;
/// So long before the first stranger is served, a call belongs to it.
const BEFORE: i64 = 30 * 60_000;
/// Fewer strangers are none.
const STRANGERS: u32 = 2;

/// The last calls of hosts that few of our lines call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Phone {
    calls: Vec<Flow>,
    /// Marks of whom they went to, in the same order: looked through for each call.
    marks: [u32; KEPT],
}

impl Phone {
    /// Whether a host is among those called.
    pub(crate) fn knows(&self, contact: &Contact) -> bool {
        self.marks.iter().take(self.calls.len()).any(|mark| *mark == short(contact.mark))
    }

    /// A rare host was called for the first time, or after long.
    pub(crate) fn see(&mut self, contact: &Contact) {
        if self.calls.len() >= KEPT {
            self.calls.remove(0);
            self.marks.rotate_left(1);
        }
        if let Some(mark) = self.marks.get_mut(self.calls.len()) {
            *mark = short(contact.mark);
        }
        tight::push(&mut self.calls, *contact.flow);
    }

    pub(crate) fn signs(&self, view: &View<'_>, out: &mut Vec<Sign>) {
        for listener in view.new_listeners().filter(|listener| listener.users.count() >= STRANGERS) {
            out.extend(self.sign(view, listener));
        }
    }

    fn sign(&self, view: &View<'_>, listener: &Listener) -> Option<Sign> {
        let before = |call: &&Flow| (0..=BEFORE).contains(&listener.first.since(call.first));
        let calls: Vec<&Flow> = self
            .calls
            .iter()
            .filter(before)
            .filter(|call| !view.allows(call.destination, Some(call.destination_port)))
            .collect();
        // Whoever is called again and again is the likelier master; else the last one called.
        let call = calls.iter().max_by_key(|call| (view.contacts(call.destination) >= 3, call.first))?;
        let strangers = f64::from(listener.users.count());
        let among = f64::from(u32::try_from(calls.len()).unwrap_or(1)).sqrt();
        let again = if view.contacts(call.destination) >= 3 { 0.1 } else { 0.0 };
        let score = (0.25 + 0.3 * strangers / (strangers + 3.0)) / among + again;
        let (peer, at): (IpAddr, Millis) = (call.destination, call.first);
        Some(Sign {
            sign: SignKind::CallThenServed,
            address: view.address,
            score: sketch::score(score.min(0.6) * view.peer_to_peer()),
            peer: Some(peer),
            port: Some(listener.port),
            first: at,
            last: listener.last,
            flows: u64::from(listener.answered) + 1,
            why: format!(
                "{peer} was called at {at}, one of {} rare calls in half an hour; {} s later the first of {} strangers was \
                 served on tcp port {}, where nobody was served before.",
                calls.len(),
                listener.first.since(at) / 1_000,
                listener.users.count(),
                listener.port,
            ),
            proof: std::iter::once(**call).chain(listener.proof()).take(crate::proof::KEPT).collect(),
        })
    }
}
