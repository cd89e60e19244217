//! Who came to a line unasked, and what came back: what a firewall is judged by.
//!
//! Unasked is who was not called from inside within the last hours, as far as one small set of bits for each line knows;
//! where the set errs it takes a stranger for a friend. Silence is told only beside a sign of life of the same minute, and
//! only of flows that were not sampled: a sample may have missed the answer.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use flow::{Millis, protocol, tcp};
use foldhash::fast::RandomState;

use crate::contact::Contact;

/// What came back to somebody who came in unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Back {
    /// A connection came about, or a datagram was answered.
    Answer,
    /// A reset; flow records do not show whose.
    Reset,
    /// Nothing, while the line sent other things within the same minute.
    Nothing,
}

/// Somebody came to a port of a line unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Knock {
    /// When, by the flows.
    pub at: Millis,
    /// The line's address.
    pub address: IpAddr,
    /// The IP protocol: TCP or UDP.
    pub protocol: u8,
    /// The line's port.
    pub port: u16,
    /// Who came.
    pub peer: IpAddr,
    /// What came back.
    pub back: Back,
}

/// How long a port's answer, or silence, need not be told again.
const AGAIN: i64 = 600_000;
/// A sign of life counts for so long before and after.
const ALIVE: i64 = 60_000;
/// Bits for those whom a line called; emptied by halves, each of which lasts this long.
const FRIENDS_FOR: i64 = 2 * 3_600_000;
const FRIEND_WORDS: usize = 32;
/// Ports remembered of each line as told.
const TOLD: usize = 8;
/// So many different silent ports are told of a line within [`SILENT_AGAIN`]; more would show nothing more.
const SILENT: u8 = 6;
const SILENT_AGAIN: i64 = 6 * 3_600_000;
/// Knocks that wait to be taken; who comes when there is no room comes again.
const WAITING: usize = 4096;

/// What is known of one line's door.
#[derive(Debug, Clone)]
struct Door {
    /// When the line itself last sent something of its own accord.
    alive: Millis,
    /// Whom it called: this while and the one before.
    friends: [[u64; FRIEND_WORDS]; 2],
    friends_since: Millis,
    told: [(u16, u8, Back, Millis); TOLD],
    next: usize,
    silent: (Millis, u8),
}

/// The doors of all lines, and what is new at them.
#[derive(Debug, Default)]
pub(crate) struct Knocks {
    doors: HashMap<IpAddr, Box<Door>, RandomState>,
    order: VecDeque<IpAddr>,
    waiting: Vec<Knock>,
}

impl Knocks {
    /// Looks at a connection of a line; `lines` is how many are kept.
    pub(crate) fn see(&mut self, contact: &Contact, lines: usize) {
        if contact.within {
            return;
        }
        let door = self.door(contact, lines);
        if !contact.inward {
            door.goes_out(contact);
            return;
        }
        if let Some(knock) = door.comes_in(contact)
            && self.waiting.len() < WAITING
        {
            self.waiting.push(knock);
        }
    }

    /// What is new.
    pub(crate) fn take(&mut self) -> Vec<Knock> {
        std::mem::take(&mut self.waiting)
    }

    fn door(&mut self, contact: &Contact, lines: usize) -> &mut Door {
        if !self.doors.contains_key(&contact.home) {
            while self.doors.len() >= lines.max(1)
                && let Some(oldest) = self.order.pop_front()
            {
                self.doors.remove(&oldest);
            }
            self.order.push_back(contact.home);
        }
        self.doors.entry(contact.home).or_insert_with(|| Box::new(Door::new(contact.first())))
    }
}

impl Door {
    fn new(at: Millis) -> Door {
        let long_ago = Millis(i64::MIN / 2);
        Door {
            alive: long_ago,
            friends: [[0; FRIEND_WORDS]; 2],
            friends_since: at,
            told: [(0, 0, Back::Nothing, long_ago); TOLD],
            next: 0,
            silent: (long_ago, 0),
        }
    }

    fn goes_out(&mut self, contact: &Contact) {
        if contact.sent().packets == 0 || contact.guessed {
            // Who began it is not known: let the peer be a friend, and the line not be alive by it.
            self.befriend(contact);
            return;
        }
        self.alive = Millis(self.alive.0.max(contact.last().0));
        self.befriend(contact);
    }

    fn befriend(&mut self, contact: &Contact) {
        if contact.first().since(self.friends_since) > FRIENDS_FOR {
            self.friends.swap(0, 1);
            self.friends[0] = [0; FRIEND_WORDS];
            self.friends_since = contact.first();
        }
        for (word, bit) in places(contact.mark) {
            if let Some(word) = self.friends[0].get_mut(word) {
                *word |= bit;
            }
        }
    }

    fn is_friend(&self, mark: u64) -> bool {
        let in_set = |set: &[u64; FRIEND_WORDS]| {
            places(mark).into_iter().all(|(word, bit)| set.get(word).is_some_and(|word| word & bit != 0))
        };
        self.friends.iter().any(in_set)
    }

    fn comes_in(&mut self, contact: &Contact) -> Option<Knock> {
        let spoken_of = matches!(contact.flow.protocol, protocol::TCP | protocol::UDP);
        if !spoken_of || contact.guessed || contact.service() == 0 || self.is_friend(contact.mark) {
            return None;
        }
        let back = came_back(contact)?;
        let at = contact.last();
        let lives = at.since(self.alive).abs() <= ALIVE;
        if back == Back::Nothing && (!lives || contact.flow.sampling > 1 || !self.may_tell_silence(at)) {
            return None;
        }
        let what = (contact.service(), contact.flow.protocol, back);
        let known =
            |told: &&(u16, u8, Back, Millis)| (told.0, told.1, told.2) == what && at.since(told.3) < AGAIN;
        if self.told.iter().any(|told| known(&told)) {
            return None;
        }
        if let Some(place) = self.told.get_mut(self.next) {
            *place = (what.0, what.1, what.2, at);
        }
        self.next = (self.next + 1) % TOLD;
        match back {
            Back::Nothing => self.silent.1 = self.silent.1.saturating_add(1),
            // What is open changes what silence means: it is told anew.
            Back::Answer => self.silent = (at, 0),
            Back::Reset => {}
        }
        let (port, protocol) = (contact.service(), contact.flow.protocol);
        Some(Knock { at, address: contact.home, protocol, port, peer: contact.peer, back })
    }

    fn may_tell_silence(&mut self, at: Millis) -> bool {
        if at.since(self.silent.0) > SILENT_AGAIN {
            self.silent = (at, 0);
        }
        self.silent.1 < SILENT
    }
}

/// What came back, where it is sure.
fn came_back(contact: &Contact) -> Option<Back> {
    let (sent, is_tcp) = (contact.sent(), contact.is_tcp());
    let shook = is_tcp && sent.flags & (tcp::SYN | tcp::ACK) == (tcp::SYN | tcp::ACK);
    if contact.answered || shook {
        // Said once, when it came about.
        return (!contact.was_answered).then_some(Back::Answer);
    }
    if !contact.new {
        return None;
    }
    match (sent.packets, is_tcp) {
        (0, true) => Some(Back::Nothing),
        (_, true) if sent.flags & tcp::RST != 0 => Some(Back::Reset),
        // A datagram that nobody answers may still have been taken.
        _ => None,
    }
}

/// Two places in a set of bits.
fn places(mark: u64) -> [(usize, u64); 2] {
    [mark, mark >> 24].map(|bits| (usize::try_from((bits >> 6) & 31).unwrap_or(0), 1 << (bits & 63)))
}
