//! The heaviest conversations of each file, kept beside it, so that who sent most in a day is read from lists and not from
//! every flow.
//!
//! A list has a bound: no conversation of the file that is not on it has more bytes. So what a day's lists leave open can
//! be reckoned, and the answer is exact or is not given from them ([`candidates`]). A list is a convenience: it is written
//! after its file counts, and a file without one is read whole.

mod candidates;
mod file;
mod gathering;

pub(crate) use candidates::{Candidates, candidates};
pub(crate) use file::{read, sweep, write};
pub(crate) use gathering::Gathering;

/// How many conversations a list holds. A busy hour of a provider with 60,000 lines has a million; of the heaviest
/// twenty of a day none was ever near the end of an hour's list of this length.
const LONGEST: usize = 16 * 1024;

/// Who talked with whom about what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Pair {
    /// Our address.
    pub(crate) home: u128,
    /// The other end.
    pub(crate) peer: u128,
    /// Whether the other end began it.
    pub(crate) inbound: bool,
    /// The port of whoever was called.
    pub(crate) port: u16,
}

/// The heaviest conversations of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct List {
    /// The conversations and the bytes that whoever began them sent, in no order.
    pub(crate) pairs: Vec<(Pair, u64)>,
    /// None that is not listed has more.
    pub(crate) bound: u64,
}
