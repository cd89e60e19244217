//! The list of a file, gathered while its rows go by.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{UInt16Type, UInt64Type};

use super::{LONGEST, List, Pair};
use crate::schema::{address_number, column};

/// Conversations of one address that are summed up at a time. One that scans has a million in an hour; beyond these, some
/// 60 MB, the file does without a list.
const OF_ONE_ADDRESS: usize = 1024 * 1024;

/// Sums up the conversations of rows that come in the order of our addresses, and keeps the heaviest. Memory grows with
/// the conversations of one address, not with the file.
#[derive(Debug)]
pub(crate) struct Gathering {
    home: Option<u128>,
    of_home: HashMap<Pair, u64>,
    heaviest: BinaryHeap<Reverse<(u64, Pair)>>,
    bound: u64,
    longest: usize,
    failed: bool,
}

impl Gathering {
    pub(crate) fn new() -> Gathering {
        Gathering::of_at_most(LONGEST)
    }

    pub(super) fn of_at_most(longest: usize) -> Gathering {
        let (of_home, heaviest) = (HashMap::new(), BinaryHeap::new());
        Gathering { home: None, of_home, heaviest, bound: 0, longest, failed: false }
    }

    /// Takes the next rows. A batch without the columns, or with an address that is earlier than the last one, ends in no
    /// list: what was summed up would be wrong.
    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        if self.failed || self.sum_up(batch).is_none() {
            self.failed = true;
            self.of_home.clear();
            self.heaviest.clear();
        }
    }

    fn sum_up(&mut self, batch: &RecordBatch) -> Option<()> {
        let address = |name| batch.column_by_name(name)?.as_fixed_size_binary_opt();
        let port = |name| batch.column_by_name(name)?.as_primitive_opt::<UInt16Type>();
        let bytes = |name| batch.column_by_name(name)?.as_primitive_opt::<UInt64Type>();
        let (home, peer) = (address(column::HOME)?, address(column::PEER)?);
        let inbound = batch.column_by_name("inbound")?.as_boolean_opt()?;
        let (home_port, peer_port) = (port("home_port")?, port("peer_port")?);
        let (bytes_in, bytes_out) = (bytes("bytes_in")?, bytes("bytes_out")?);
        for at in 0..home.len() {
            let of = address_number(home.value(at));
            if self.home != Some(of) {
                if self.home.is_some_and(|last| of < last) {
                    return None;
                }
                self.end_of_address();
                self.home = Some(of);
            }
            let came = inbound.value(at);
            let pair = Pair {
                home: of,
                peer: address_number(peer.value(at)),
                inbound: came,
                port: if came { home_port.value(at) } else { peer_port.value(at) },
            };
            let sent = if came { bytes_in.value(at) } else { bytes_out.value(at) };
            let sum = self.of_home.entry(pair).or_default();
            *sum = sum.saturating_add(sent);
        }
        (self.of_home.len() <= OF_ONE_ADDRESS).then_some(())
    }

    fn end_of_address(&mut self) {
        for (pair, bytes) in self.of_home.drain() {
            self.heaviest.push(Reverse((bytes, pair)));
            if self.heaviest.len() > self.longest
                && let Some(Reverse((least, _))) = self.heaviest.pop()
            {
                self.bound = self.bound.max(least);
            }
        }
    }

    /// The list, when there can be one.
    pub(crate) fn finish(mut self) -> Option<List> {
        if self.failed {
            return None;
        }
        self.end_of_address();
        let pairs = self.heaviest.into_iter().map(|Reverse((bytes, pair))| (pair, bytes)).collect();
        Some(List { pairs, bound: self.bound })
    }
}
