//! What was seen of one line, bounded, and what follows from it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use case::Transport;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ladder::Ladder;
use crate::{Came, PortMeaning, Profile, Sight, State, Verdict, meaning};

/// Ports kept that answered, and ports kept that did not.
const KEPT: usize = 32;
/// What is older says nothing of today.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);
/// What did not answer says so for a day: a firewall is switched off in a moment.
const SHUT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// From so many different ports on that stay silent while the line lives, the firewall is in force: a single one may be
/// filtered on its way.
const SILENT_PORTS: usize = 5;
/// From so many different odd ports on that answer, no program's openings explain it: a machine inside seldom has more than
/// one such program, and one asks for a port or two.
const ODD_PORTS: usize = 6;

/// A port that answered strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Door {
    address: IpAddr,
    protocol: Transport,
    port: u16,
    first: Timestamp,
    last: Timestamp,
}

/// A port at which a stranger met nothing, or a firewall that said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Shut {
    protocol: Transport,
    port: u16,
    at: Timestamp,
    /// Whether the router said that it is a firewall.
    said: bool,
}

/// What was seen of one line's firewall. At most 64 ports, whatever comes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    doors: Vec<Door>,
    shut: Vec<Shut>,
    /// Refusals that might be either's.
    refusals: u32,
    pub(crate) ladder: Ladder,
}

impl Record {
    /// Takes in what was seen. `filtered` are TCP ports that our own edge closes on the way, at which silence says nothing.
    /// Sights may come in any order.
    pub fn see(&mut self, sight: &Sight, profile: &Profile, filtered: &[u16]) {
        let opened = profile.lets_in(sight.protocol, sight.port);
        match sight.came {
            _ if opened || !profile.is_provided() => {}
            Came::Answer => self.answered(sight),
            // It went through to a machine inside: over IPv6 that is what the firewall is there to prevent.
            Came::Refusal { behind: Some(true) } => self.answered(sight),
            Came::Refusal { .. } => self.refusals = self.refusals.saturating_add(1),
            Came::Nothing { alive: false } => {}
            Came::Nothing { alive: true }
                if sight.protocol == Transport::Tcp && filtered.contains(&sight.port) => {}
            Came::Nothing { alive: true } => self.shut(sight, false),
            Came::Prohibited => self.shut(sight, true),
        }
        self.ladder.note(self.judge(profile, sight.at).state, sight.at);
    }

    fn answered(&mut self, sight: &Sight) {
        let Sight { address, protocol, port, at, .. } = *sight;
        let same = |door: &&mut Door| (door.address, door.protocol, door.port) == (address, protocol, port);
        if let Some(door) = self.doors.iter_mut().find(same) {
            door.first = door.first.min(at);
            door.last = door.last.max(at);
            return;
        }
        if self.doors.len() >= KEPT
            && let Some((oldest, _)) = self.doors.iter().enumerate().min_by_key(|(_, door)| door.last)
        {
            self.doors.swap_remove(oldest);
        }
        self.doors.push(Door { address, protocol, port, first: at, last: at });
    }

    fn shut(&mut self, sight: &Sight, said: bool) {
        let Sight { protocol, port, at, .. } = *sight;
        if let Some(known) = self.shut.iter_mut().find(|one| (one.protocol, one.port) == (protocol, port)) {
            known.at = known.at.max(at);
            known.said |= said;
            return;
        }
        if self.shut.len() >= KEPT
            && let Some((oldest, _)) = self.shut.iter().enumerate().min_by_key(|(_, one)| one.at)
        {
            self.shut.swap_remove(oldest);
        }
        self.shut.push(Shut { protocol, port, at, said });
    }

    /// What there is to say of the firewall at `now`.
    #[must_use]
    pub fn judge(&self, profile: &Profile, now: Timestamp) -> Verdict {
        if !profile.is_provided() {
            let why = format!("lines of the profile {} have a firewall of their own", profile.name);
            return Verdict { state: State::NotApplicable, ports: Vec::new(), since: None, why };
        }
        let open: Vec<Door> = self.open(profile, now);
        if open.is_empty() { self.judge_closed(now) } else { self.judge_open(&open) }
    }

    /// The ports that answered of late, and did not stay silent since.
    fn open(&self, profile: &Profile, now: Timestamp) -> Vec<Door> {
        let closed_since = |door: &Door| {
            let same = |one: &&Shut| (one.protocol, one.port) == (door.protocol, door.port);
            self.shut.iter().filter(same).any(|one| one.at > door.last)
        };
        let counts = |door: &&Door| {
            let fresh = now.duration_since(door.last) <= REMEMBERED;
            fresh && !profile.lets_in(door.protocol, door.port) && !closed_since(door)
        };
        self.doors.iter().filter(counts).copied().collect()
    }

    fn judge_open(&self, open: &[Door]) -> Verdict {
        let inside = |door: &&Door| matches!(meaning(door.protocol, door.port), PortMeaning::Inside(_));
        let odd = |door: &&Door| {
            let is_odd = meaning(door.protocol, door.port) == PortMeaning::Odd;
            // A datagram that is answered looks the same from a game that opened the way from its own side.
            is_odd && door.protocol == Transport::Tcp
        };
        let mut against: Vec<&Door> = open.iter().filter(inside).collect();
        let odd: Vec<&Door> = open.iter().filter(odd).collect();
        if odd.iter().map(|door| door.port).collect::<BTreeSet<_>>().len() >= ODD_PORTS {
            against.extend(odd);
        }
        let since = open.iter().map(|door| door.first).min();
        let first_against = against.iter().map(|door| door.first).min();
        // While that door stood open others stayed shut: something filters.
        let others_shut = first_against.is_some_and(|first| self.shut_since(first) >= SILENT_PORTS);
        let hole = |why: String| Verdict { state: State::Hole, ports: ports(open.iter()), since, why };
        match first_against {
            None => hole(format!(
                "{} answer strangers, which a person or a program inside may have opened; nothing speaks against the rest",
                listed(open.iter())
            )),
            Some(_) if others_shut => hole(format!(
                "{} answer strangers, while other closed ports stay silent: opened by hand, or let through",
                listed(open.iter())
            )),
            Some(since) => Verdict {
                state: State::NotInForce,
                ports: ports(against.iter().copied()),
                since: Some(since),
                why: format!(
                    "{} answer strangers, which the profile closes and nobody opens on purpose",
                    listed(against.iter().copied())
                ),
            },
        }
    }

    fn judge_closed(&self, now: Timestamp) -> Verdict {
        let day = now.saturating_sub(SHUT_FOR).unwrap_or(Timestamp::MIN);
        let fresh = || self.shut.iter().filter(|one| one.at >= day && one.at <= now);
        let silent = fresh().count();
        let since = fresh().map(|one| one.at).min();
        let verdict = |state, why: String| Verdict { state, ports: Vec::new(), since, why };
        if fresh().any(|one| one.said) {
            return verdict(State::InForce, "the router answers that what came is prohibited".to_owned());
        }
        if silent >= SILENT_PORTS {
            let why = format!("{silent} closed ports stayed silent within a day while the line was alive");
            return verdict(State::InForce, why);
        }
        let why = match (silent, self.refusals) {
            (0, 0) => "nobody came unasked of late while the line was seen alive".to_owned(),
            (0, _) => "refusals alone came back, which a firewall and an idle machine send alike".to_owned(),
            _ => format!("only {silent} closed ports were tried within a day; {SILENT_PORTS} are needed"),
        };
        verdict(State::Unknown, why)
    }

    /// How many different ports stayed shut at or after a moment.
    fn shut_since(&self, moment: Timestamp) -> usize {
        self.shut.iter().filter(|one| one.at >= moment).count()
    }
}

fn ports<'a>(doors: impl Iterator<Item = &'a Door>) -> Vec<(Transport, u16)> {
    doors.map(|door| (door.protocol, door.port)).collect::<BTreeSet<_>>().into_iter().collect()
}

/// `tcp/445 (microsoft-ds), tcp/139 (netbios-ssn) and 3 more`.
fn listed<'a>(doors: impl Iterator<Item = &'a Door>) -> String {
    let all = ports(doors);
    let named = |(protocol, port): &(Transport, u16)| match meaning(*protocol, *port) {
        PortMeaning::Inside(name) | PortMeaning::Named(name) => format!("{protocol}/{port} ({name})"),
        PortMeaning::Odd => format!("{protocol}/{port}"),
    };
    let first: Vec<String> = all.iter().take(4).map(named).collect();
    match all.len().saturating_sub(4) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
