//! Many lines of one host are one claim: with the first time it was seen, and the port it then came from.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;

use crate::claims::{Draft, When, bare};
use crate::reading::{Claim, Kind, Protocol, Role};

/// More hosts than this from one log are not kept apart.
const MOST: usize = 500;

/// One sighting.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) address: IpAddr,
    pub(crate) port: Option<u16>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) kind: Kind,
    pub(crate) span: Range<usize>,
}

/// Claims of a log, one for each (address, role, kind).
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    claims: Vec<Claim>,
    known: HashMap<(IpAddr, Role, Kind), usize>,
    full: bool,
}

impl Gathered {
    /// Somebody did it.
    pub(crate) fn offender(&mut self, seen: Seen, when: &dyn Fn() -> When) {
        self.add(seen, Role::Offender, when);
    }

    /// It was done to somebody.
    pub(crate) fn victim(&mut self, seen: Seen, when: &dyn Fn() -> When) {
        self.add(seen, Role::Victim, when);
    }

    /// `when` is asked only for what is not known yet: reading a time costs more than all else.
    fn add(&mut self, seen: Seen, role: Role, when: &dyn Fn() -> When) {
        let key = (seen.address, role, seen.kind);
        if let Some(claim) = self.known.get(&key).and_then(|&at| self.claims.get_mut(at)) {
            // Rows may run backwards; the earliest counts.
            if role == Role::Offender && claim.time.is_none() {
                let when = when();
                if when.time.is_some() {
                    *claim = claim.clone().at(when);
                }
            }
            return;
        }
        if self.claims.len() >= MOST {
            self.full = true;
            return;
        }
        self.known.insert(key, self.claims.len());
        let claim = bare(seen.address, seen.kind, role, seen.span).at(when()).on(seen.port, seen.protocol);
        self.claims.push(claim);
    }

    /// The claims, in the order their hosts were first seen.
    pub(crate) fn draft(self) -> Draft {
        let mut draft = Draft::default();
        draft.claims = self.claims;
        if self.full {
            draft.doubt("more hosts than are kept apart; the last are left out");
        }
        draft
    }
}
