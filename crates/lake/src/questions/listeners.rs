//! Ports of our side that answered somebody.

use std::collections::{BTreeMap, HashSet};

use flow::Millis;
use serde::Serialize;

use crate::questions::conversation::{Began, Conversations, Ends, Reply};

/// Peers of one port that are told apart; beyond them it is "at least so many".
const PEERS: usize = 1000;

/// A port that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listener {
    /// The port.
    pub port: u16,
    /// The IP protocol number.
    pub protocol: u8,
    /// When it first answered, of the time looked at.
    pub first: Millis,
    /// When it last did.
    pub last: Millis,
    /// How many others it answered; 1,000 means that or more.
    pub peers: usize,
    /// How many records tell of it.
    pub flows: u64,
    /// Bytes that came to it.
    pub bytes_in: u64,
    /// Bytes that it sent.
    pub bytes_out: u64,
}

/// A port of one address.
type Place = (u128, u16, u8);

/// The ports that answered somebody who came, by address, port and protocol. `from` is the least answer that counts.
pub(crate) fn listeners(seen: &Conversations, from: Reply) -> BTreeMap<Place, Listener> {
    let mut found: BTreeMap<Place, (Listener, HashSet<u128>)> = BTreeMap::new();
    for (ends, one) in &seen.all {
        if one.began(ends) != Began::Peer || one.reply(ends) < from {
            continue;
        }
        let (listener, peers) = found.entry(place(ends)).or_insert_with(|| {
            let fresh = Listener {
                port: ends.home_port,
                protocol: ends.protocol,
                first: Millis(i64::MAX),
                last: Millis(i64::MIN),
                peers: 0,
                flows: 0,
                bytes_in: 0,
                bytes_out: 0,
            };
            (fresh, HashSet::new())
        });
        listener.first = listener.first.min(Millis(one.first()));
        listener.last = listener.last.max(Millis(one.last()));
        listener.flows = listener.flows.saturating_add(one.rows());
        listener.bytes_in = listener.bytes_in.saturating_add(one.inward().bytes);
        listener.bytes_out = listener.bytes_out.saturating_add(one.outward().bytes);
        if peers.len() < PEERS {
            peers.insert(ends.peer);
        }
    }
    let counted = |(mut listener, peers): (Listener, HashSet<u128>)| {
        listener.peers = peers.len();
        listener
    };
    found.into_iter().map(|(place, found)| (place, counted(found))).collect()
}

fn place(ends: &Ends) -> Place {
    (ends.home, ends.home_port, ends.protocol)
}
