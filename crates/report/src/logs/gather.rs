//! Many lines of one host are one claim: with the first time it was seen, and the port it then came from.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;

use crate::claims::{Draft, When, bare};
use crate::reading::{Claim, Kind, Protocol, Role};

/// More hosts than this from one log are not kept apart.
const MOST: usize = 500;

/// Lines that are asked for a time in vain before it is taken that the log states none.
const PATIENCE: usize = 100;

/// Kinds that say more than that somebody scanned.
const ABOVE: [Kind; 5] = [Kind::TrojanScan, Kind::LoginAttack, Kind::SpamSource, Kind::Ddos, Kind::Malware];

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
    /// Lines that were asked for a time in vain, and told none.
    vain: usize,
    full: bool,
}

impl Gathered {
    /// Whether nothing of this kind is known of a host yet.
    pub(crate) fn is_new(&self, address: IpAddr, role: Role, kind: Kind) -> bool {
        !self.known.contains_key(&(address, role, kind))
    }

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
        let ask = role == Role::Offender && self.vain < PATIENCE;
        if let Some(claim) = self.same(&seen, role) {
            // Of a host whose first line states no time, the next that does counts.
            if ask && claim.time.is_none() {
                let when = when();
                if when.time.is_some() {
                    *claim = claim.clone().at(when);
                } else {
                    self.vain += 1;
                }
            }
            return;
        }
        if self.claims.len() >= MOST {
            self.full = true;
            return;
        }
        self.known.insert((seen.address, role, seen.kind), self.claims.len());
        let claim = bare(seen.address, seen.kind, role, seen.span).at(when()).on(seen.port, seen.protocol);
        self.claims.push(claim);
    }

    /// What is known of the same already. A scan is the least that is said of a host: it goes under in what is said
    /// besides.
    fn same(&mut self, seen: &Seen, role: Role) -> Option<&mut Claim> {
        let key = |kind| (seen.address, role, kind);
        let mut at = self.known.get(&key(seen.kind)).copied();
        if at.is_none() && seen.kind == Kind::Scan {
            at = ABOVE.iter().find_map(|&kind| self.known.get(&key(kind)).copied());
        } else if at.is_none()
            && ABOVE.contains(&seen.kind)
            && let Some(scan) = self.known.remove(&key(Kind::Scan))
        {
            self.known.insert(key(seen.kind), scan);
            if let Some(claim) = self.claims.get_mut(scan) {
                claim.kind = seen.kind;
            }
            at = Some(scan);
        }
        self.claims.get_mut(at?)
    }

    /// Whether anybody is accused.
    pub(crate) fn accuses(&self) -> bool {
        self.claims.iter().any(|claim| claim.role == Role::Offender)
    }

    /// The claims, in the order their hosts were first seen.
    pub(crate) fn draft(self) -> Draft {
        let mut draft = Draft { claims: self.claims, ..Draft::default() };
        if self.full {
            draft.doubt("more hosts than are kept apart; the last are left out");
        }
        draft
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(kind: Kind) -> Seen {
        Seen { address: IpAddr::from([192, 0, 2, 1]), port: None, protocol: None, kind, span: 0..1 }
    }

    #[test]
    fn many_lines_of_one_host_are_one_claim() {
        let mut gathered = Gathered::default();
        for kind in [Kind::Scan, Kind::Scan, Kind::LoginAttack, Kind::Scan] {
            gathered.offender(seen(kind), &|| When::UNKNOWN);
        }
        let kinds: Vec<Kind> = gathered.draft().claims.iter().map(|claim| claim.kind).collect();
        assert_eq!(kinds, [Kind::LoginAttack]);
    }

    #[test]
    fn hosts_beyond_the_bound_are_doubted_and_not_kept() {
        let mut gathered = Gathered::default();
        for n in 0..600_u32 {
            let address = IpAddr::from((0xC000_0200 + n).to_be_bytes());
            gathered.offender(Seen { address, ..seen(Kind::Scan) }, &|| When::UNKNOWN);
        }
        let draft = gathered.draft();
        assert_eq!((draft.claims.len(), draft.doubts.len()), (MOST, 1));
    }
}
