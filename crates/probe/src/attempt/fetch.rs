//! Methods that have a page of the landing fetched.

use super::{Attempt, Ending, OTHER_PROTOCOL, before_grant, proof};
use crate::landing::Ticket;
use crate::method::Method;
use crate::replies::{self, Head};
use crate::requests::{self, Page};
use crate::wire::Wire;

impl Attempt {
    /// The request for a page of this host.
    pub(super) fn page(&self, authority: &str, nonce: &str) -> Vec<u8> {
        let page = Page { authority, nonce, agent: &self.means.agent, login: self.login.as_ref() };
        match self.method {
            Method::Post => requests::post(page),
            Method::Origin => requests::origin(page),
            _ => requests::get(page),
        }
    }

    /// Asks for a page of the landing.
    pub(super) async fn fetch(&self, wire: &mut Wire, ticket: &Ticket) -> Ending {
        let request = self.page(&self.authority(), &ticket.nonce());
        if let Err(broken) = wire.send(&request).await {
            return before_grant(broken, wire.has_heard());
        }
        loop {
            if let Some(proof) = proof(wire, ticket) {
                return proof;
            }
            match replies::final_head(&wire.got) {
                Head::Foreign => {
                    self.voice.say(OTHER_PROTOCOL);
                    return Ending::Answered { fits: false };
                }
                Head::Complete { status: 407, .. } => {
                    self.voice.say("it wants a name and a password");
                    return self.refused(407);
                }
                Head::Complete { status: 403, .. } if whole_reply(&wire.got) => {
                    self.voice.say("it refuses, code 403");
                    return Ending::Refused;
                }
                Head::Complete { .. } if whole_reply(&wire.got) => {
                    self.voice.say("it answered by itself");
                    return Ending::Answered { fits: true };
                }
                Head::Complete { .. } | Head::More => {}
            }
            if let Err(broken) = wire.more().await {
                return match replies::final_head(&wire.got) {
                    Head::Complete { status: 403, .. } => Ending::Refused,
                    Head::Complete { .. } => Ending::Answered { fits: true },
                    Head::More | Head::Foreign => before_grant(broken, wire.has_heard()),
                };
            }
        }
    }
}

/// Whether an HTTP reply with a stated length is all there, so that a kept-alive connection is not waited for.
pub(super) fn whole_reply(bytes: &[u8]) -> bool {
    match replies::final_head(bytes) {
        Head::Complete { length, body: Some(body), .. } => (bytes.len() - length) as u64 >= body,
        Head::Complete { .. } | Head::More | Head::Foreign => false,
    }
}
